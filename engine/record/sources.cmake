target_sources(tidemark_core PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/append_file.cpp
  ${CMAKE_CURRENT_LIST_DIR}/checksum_line.cpp
  ${CMAKE_CURRENT_LIST_DIR}/crc32c.cpp
  ${CMAKE_CURRENT_LIST_DIR}/manifest.cpp
  ${CMAKE_CURRENT_LIST_DIR}/node_summary.cpp
  ${CMAKE_CURRENT_LIST_DIR}/rebuilt_summary.cpp
  ${CMAKE_CURRENT_LIST_DIR}/record_lines.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_files.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_reader.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_writer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sealed_files.cpp
)
