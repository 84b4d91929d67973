target_sources(tidemark_io PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/asio_impl.cpp
  ${CMAKE_CURRENT_LIST_DIR}/fault_gate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gate_rules.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gate_service.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_client.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_format.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_server.cpp
  ${CMAKE_CURRENT_LIST_DIR}/http_url.cpp
  ${CMAKE_CURRENT_LIST_DIR}/message.cpp
  ${CMAKE_CURRENT_LIST_DIR}/task_group.cpp
)
