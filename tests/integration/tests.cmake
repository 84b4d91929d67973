
tidemark_test(NAME run_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/run_faults_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_fixture.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_flows_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_load_test.cpp
  LINK tidemark::io)
target_compile_definitions(run_integration_tests PRIVATE TIDEMARK_STUB_SERVER="$<TARGET_FILE:stub_server>")
add_dependencies(run_integration_tests stub_server)

tidemark_test(NAME models_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fit_blind_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../unit/models/chain_simulator.cpp
  LINK tidemark::models)
tidemark_test(NAME http_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_faults_test.cpp ${CMAKE_CURRENT_LIST_DIR}/http_limits_test.cpp
  LINK tidemark::io)
