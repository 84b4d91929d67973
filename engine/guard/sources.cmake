target_sources(tidemark_core PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/token_bucket.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_pool.cpp
)
