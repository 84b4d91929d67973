target_sources(tidemark_core PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/random.cpp
)
