# Our own parsers and formats against other people's implementations in JavaScript: the HTTP parser of Node itself, and
# hdr-histogram-js. In the release tree only, as the browser's.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT TIDEMARK_SANITIZE AND NOT TIDEMARK_FUZZ)
  find_program(NODE node REQUIRED)
  find_program(NPM npm REQUIRED)
  set(js ${CMAKE_CURRENT_BINARY_DIR}/js)
  add_executable(framing_cases ${CMAKE_CURRENT_LIST_DIR}/framing_cases.cpp)
  target_link_libraries(framing_cases PRIVATE tidemark_options tidemark::io)
  add_executable(histogram_payloads ${CMAKE_CURRENT_LIST_DIR}/histogram_payloads.cpp)
  target_link_libraries(histogram_payloads PRIVATE tidemark_options tidemark::core)

  set(js_files)
  foreach(source .npmrc package.json package-lock.json framing.test.mjs framing_exceptions.json histogram.test.mjs)
    add_custom_command(OUTPUT ${js}/${source} DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${source}
      COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_LIST_DIR}/${source} ${js}/${source})
    list(APPEND js_files ${js}/${source})
  endforeach()
  add_custom_command(OUTPUT ${js}/npm.stamp DEPENDS ${js}/package.json ${js}/package-lock.json
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${js}/npm.stamp
    WORKING_DIRECTORY ${js} COMMENT "Installing the JavaScript oracles from their lock file")
  add_custom_target(js_tests ALL DEPENDS ${js_files} ${js}/npm.stamp framing_cases histogram_payloads)

  add_test(NAME js.framing COMMAND ${NODE} --no-deprecation --test ${js}/framing.test.mjs)
  add_test(NAME js.histogram COMMAND ${NODE} --test ${js}/histogram.test.mjs)
  set_tests_properties(js.framing js.histogram PROPERTIES LABELS unit TIMEOUT 120 WORKING_DIRECTORY ${js}
    ENVIRONMENT "FRAMING_CASES=$<TARGET_FILE:framing_cases>;HISTOGRAM_PAYLOADS=$<TARGET_FILE:histogram_payloads>")
endif()
