target_sources(tidemark_models PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/crossing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/search.cpp
  ${CMAKE_CURRENT_LIST_DIR}/search_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/slo_watch.cpp
  ${CMAKE_CURRENT_LIST_DIR}/slow_share.cpp
)
