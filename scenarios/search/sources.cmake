target_sources(tidemark_shop PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/idle_nodes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/run_search.cpp
  ${CMAKE_CURRENT_LIST_DIR}/stack_pin.cpp
)
