target_link_libraries(tidemark_io PRIVATE prometheus-cpp::core)
target_sources(tidemark_io PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/json_log.cpp
  ${CMAKE_CURRENT_LIST_DIR}/node_metrics.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scraper.cpp
)
