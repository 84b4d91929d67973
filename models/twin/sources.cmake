target_sources(tidemark_models PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/autoscaler.cpp
  ${CMAKE_CURRENT_LIST_DIR}/check_system.cpp
  ${CMAKE_CURRENT_LIST_DIR}/engine.cpp
  ${CMAKE_CURRENT_LIST_DIR}/engine_calls.cpp
  ${CMAKE_CURRENT_LIST_DIR}/engine_control.cpp
  ${CMAKE_CURRENT_LIST_DIR}/engine_nodes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/event_queue.cpp
  ${CMAKE_CURRENT_LIST_DIR}/from_model.cpp
  ${CMAKE_CURRENT_LIST_DIR}/keys.cpp
  ${CMAKE_CURRENT_LIST_DIR}/operation_parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plan.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_directory.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scenario_system.cpp
  ${CMAKE_CURRENT_LIST_DIR}/service_time.cpp
  ${CMAKE_CURRENT_LIST_DIR}/simulation.cpp
  ${CMAKE_CURRENT_LIST_DIR}/system_parser.cpp
)
