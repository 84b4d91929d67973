target_sources(tidemark_io PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/answer_checks.cpp
  ${CMAKE_CURRENT_LIST_DIR}/batch_history.cpp
  ${CMAKE_CURRENT_LIST_DIR}/channel_factory.cpp
  ${CMAKE_CURRENT_LIST_DIR}/connection_limit.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cut_schedule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/event_loop.cpp
  ${CMAKE_CURRENT_LIST_DIR}/flow_table.cpp
  ${CMAKE_CURRENT_LIST_DIR}/grpc_channel.cpp
  ${CMAKE_CURRENT_LIST_DIR}/grpc_frame.cpp
  ${CMAKE_CURRENT_LIST_DIR}/grpc_method.cpp
  ${CMAKE_CURRENT_LIST_DIR}/h2_session.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_channel.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_connection.cpp
  ${CMAKE_CURRENT_LIST_DIR}/interval_stats.cpp
  ${CMAKE_CURRENT_LIST_DIR}/mysql_link.cpp
  ${CMAKE_CURRENT_LIST_DIR}/recorder.cpp
  ${CMAKE_CURRENT_LIST_DIR}/redis_link.cpp
  ${CMAKE_CURRENT_LIST_DIR}/reply_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/request_plan.cpp
  ${CMAKE_CURRENT_LIST_DIR}/response_framing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/result_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_schedule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/runner.cpp
  ${CMAKE_CURRENT_LIST_DIR}/self_monitor.cpp
  ${CMAKE_CURRENT_LIST_DIR}/socket_address.cpp
  ${CMAKE_CURRENT_LIST_DIR}/store_channels.cpp
  ${CMAKE_CURRENT_LIST_DIR}/store_names.cpp
  ${CMAKE_CURRENT_LIST_DIR}/store_origin.cpp
  ${CMAKE_CURRENT_LIST_DIR}/store_pool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/thresholds_eval.cpp
  ${CMAKE_CURRENT_LIST_DIR}/tls_context.cpp
  ${CMAKE_CURRENT_LIST_DIR}/validity.cpp
  ${CMAKE_CURRENT_LIST_DIR}/wakeful_core.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_channels.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_connections.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_flows.cpp
)
# librdkafka does not survive the thread sanitizer.
if(TIDEMARK_SANITIZE MATCHES "thread")
  target_sources(tidemark_io PRIVATE ${CMAKE_CURRENT_LIST_DIR}/kafka_absent.cpp)
else()
  target_sources(tidemark_io PRIVATE ${CMAKE_CURRENT_LIST_DIR}/kafka_channel.cpp
                                     ${CMAKE_CURRENT_LIST_DIR}/kafka_client.cpp)
  target_link_libraries(tidemark_io PRIVATE PkgConfig::rdkafka)
endif()
