# The page in a real browser, network off: sample reports from report_fixture, then node's test runner on playwright-core. In the release
# tree only: what a browser sees does not depend on sanitizers.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT TIDEMARK_SANITIZE AND NOT TIDEMARK_FUZZ)
  find_program(NODE node REQUIRED)
  find_program(NPM npm REQUIRED)
  set(browser ${CMAKE_CURRENT_BINARY_DIR}/browser)
  add_executable(report_fixture ${CMAKE_CURRENT_LIST_DIR}/report_fixture.cpp ${PROJECT_SOURCE_DIR}/tests/unit/reports/sample_report.cpp)
  target_link_libraries(report_fixture PRIVATE tidemark_options tidemark_reports)

  set(browser_files)
  foreach(source .npmrc package.json package-lock.json browser.mjs report.test.mjs)
    add_custom_command(OUTPUT ${browser}/${source} DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${source}
      COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_LIST_DIR}/${source} ${browser}/${source})
    list(APPEND browser_files ${browser}/${source})
  endforeach()
  add_custom_command(OUTPUT ${browser}/npm.stamp DEPENDS ${browser}/package.json ${browser}/package-lock.json
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${browser}/npm.stamp
    WORKING_DIRECTORY ${browser} COMMENT "Installing the browser tests' tools from their lock file")
  add_custom_target(browser_tests ALL DEPENDS ${browser_files} ${browser}/npm.stamp)

  add_test(NAME browser.fixture COMMAND report_fixture ${browser}/reports)
  set_tests_properties(browser.fixture PROPERTIES LABELS browser TIMEOUT 120 FIXTURES_SETUP reports)
  add_test(NAME browser.report COMMAND ${NODE} --test --test-concurrency=1 ${browser}/report.test.mjs)
  set_tests_properties(browser.report PROPERTIES LABELS browser TIMEOUT 900 FIXTURES_REQUIRED reports
    ENVIRONMENT "REPORT_DIR=${browser}/reports" WORKING_DIRECTORY ${browser} PROCESSORS 2)
endif()
