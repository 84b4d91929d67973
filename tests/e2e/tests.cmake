tidemark_test(NAME e2e_tests LABEL e2e
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/bounded_test.cpp ${CMAKE_CURRENT_LIST_DIR}/command.cpp ${CMAKE_CURRENT_LIST_DIR}/demo_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/duel_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/exit_codes_test.cpp ${CMAKE_CURRENT_LIST_DIR}/fault_test.cpp ${CMAKE_CURRENT_LIST_DIR}/guard_test.cpp ${CMAKE_CURRENT_LIST_DIR}/limits_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/live_test.cpp ${CMAKE_CURRENT_LIST_DIR}/rebinding_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/repeat_test.cpp ${CMAKE_CURRENT_LIST_DIR}/search_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shadow_test.cpp ${CMAKE_CURRENT_LIST_DIR}/shape_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stopping_test.cpp ${CMAKE_CURRENT_LIST_DIR}/targets_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/tag_key_test.cpp ${CMAKE_CURRENT_LIST_DIR}/test_network.cpp
          ${CMAKE_CURRENT_LIST_DIR}/trace_test.cpp ${CMAKE_CURRENT_LIST_DIR}/twin_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/validate_test.cpp
  LINK tidemark_shop tidemark_io tidemark_models util)
add_dependencies(e2e_tests tidemark)
target_compile_definitions(e2e_tests PRIVATE TIDEMARK_STUB_SERVER="$<TARGET_FILE:stub_server>")

# The short form of `scripts/prove validity`. Its exit code 4: no root, or no cgroup to set a quota in.
add_test(NAME validity.HeldGeneratorIsFoundOutAndAWaitingServerIsNot
  COMMAND ${PROJECT_SOURCE_DIR}/scripts/evidence/validity --runs 2 --build ${PROJECT_BINARY_DIR})
set_tests_properties(validity.HeldGeneratorIsFoundOutAndAWaitingServerIsNot PROPERTIES
  LABELS e2e SKIP_RETURN_CODE 4 TIMEOUT 300 RUN_SERIAL ON)
add_dependencies(e2e_tests stub_server waiting_server)
