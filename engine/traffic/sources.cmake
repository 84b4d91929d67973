target_sources(tidemark_io PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/policy_files.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scrubber.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shadow_tag.cpp
  ${CMAKE_CURRENT_LIST_DIR}/target_guard.cpp
  ${CMAKE_CURRENT_LIST_DIR}/target_policy.cpp
)
