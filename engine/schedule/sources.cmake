target_sources(tidemark_core PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/access_log.cpp
  ${CMAKE_CURRENT_LIST_DIR}/arrivals.cpp
  ${CMAKE_CURRENT_LIST_DIR}/check_parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/flow_parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/load_parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scenario.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scenario_parser.cpp
  ${CMAKE_CURRENT_LIST_DIR}/threshold.cpp
  ${CMAKE_CURRENT_LIST_DIR}/time_series.cpp
  ${CMAKE_CURRENT_LIST_DIR}/value_reader.cpp
  ${CMAKE_CURRENT_LIST_DIR}/variables.cpp
  ${CMAKE_CURRENT_LIST_DIR}/yaml_tree.cpp
)
