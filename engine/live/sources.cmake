target_sources(tidemark_io PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/fd_writer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/feed.cpp
  ${CMAKE_CURRENT_LIST_DIR}/metrics_endpoint.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_metrics.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stream_lines.cpp
  ${CMAKE_CURRENT_LIST_DIR}/terminal_output.cpp
  ${CMAKE_CURRENT_LIST_DIR}/terminal_view.cpp
  ${CMAKE_CURRENT_LIST_DIR}/text_line.cpp
)
