
tidemark_test(NAME run_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/run_faults_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/nginx_server.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_failures_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_fixture.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_flows_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_language_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_load_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_steering_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_web_test.cpp
  LINK tidemark::io ZLIB::ZLIB)
target_compile_definitions(run_integration_tests PRIVATE TIDEMARK_STUB_SERVER="$<TARGET_FILE:stub_server>")
add_dependencies(run_integration_tests stub_server)

# Real stores. Not in the thread sanitizer's build, which librdkafka does not survive.
if(NOT TIDEMARK_SANITIZE MATCHES "thread")
  tidemark_test(NAME store_integration_tests LABEL integration
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/fake_broker.cpp
            ${CMAKE_CURRENT_LIST_DIR}/h2_peer.cpp
            ${CMAKE_CURRENT_LIST_DIR}/run_fixture.cpp
            ${CMAKE_CURRENT_LIST_DIR}/six_protocols_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/store_kafka_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/store_mysql_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/store_redis_test.cpp
            ${CMAKE_CURRENT_LIST_DIR}/store_runs.cpp
            ${CMAKE_CURRENT_LIST_DIR}/store_servers.cpp
            ${CMAKE_CURRENT_LIST_DIR}/wire_fixture.cpp
    LINK tidemark::io PkgConfig::hiredis PkgConfig::mariadb PkgConfig::rdkafka)
  target_compile_definitions(store_integration_tests PRIVATE TIDEMARK_STUB_SERVER="$<TARGET_FILE:stub_server>")
  add_dependencies(store_integration_tests stub_server)
endif()

tidemark_test(NAME models_integration_tests LABEL integration OPTIMISED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fit_blind_test.cpp ${CMAKE_CURRENT_LIST_DIR}/../unit/models/chain_simulator.cpp
  LINK tidemark::models)
tidemark_test(NAME http_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_faults_test.cpp ${CMAKE_CURRENT_LIST_DIR}/http_limits_test.cpp
  LINK tidemark::io)

# Nodes of the stack as real processes. More sources: target_sources(stack_integration_tests PRIVATE ...).
tidemark_test(NAME stack_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/audit_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stores_cache_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stores_events_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stores_fixture.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stores_probe.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stores_rows_test.cpp
  LINK tidemark::shop PkgConfig::hiredis PkgConfig::sqlite3)
target_sources(stack_integration_tests PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/stack_fixture.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_faults_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_guards_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_lifecycle_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_shop_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_tag_test.cpp)
add_dependencies(stack_integration_tests tidemark)

# TLS, HTTP/2 and gRPC against real servers and a peer that misbehaves.
tidemark_test(NAME wire_integration_tests LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/grpc_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/h2_peer.cpp
          ${CMAKE_CURRENT_LIST_DIR}/http2_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/run_fixture.cpp
          ${CMAKE_CURRENT_LIST_DIR}/tls_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/wire_fixture.cpp
  LINK tidemark::io)
target_compile_definitions(wire_integration_tests PRIVATE TIDEMARK_STUB_SERVER="$<TARGET_FILE:stub_server>")
add_dependencies(wire_integration_tests stub_server)
