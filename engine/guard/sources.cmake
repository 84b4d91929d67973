target_sources(tidemark_core PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/adaptive_window_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/aimd_rule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/concurrency_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/dagor_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/envoy_gradient_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gradient2_rule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/gradient_rule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/leaky_queue_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/limiter_settings.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sentinel_system_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/tide_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/token_bucket.cpp
  ${CMAKE_CURRENT_LIST_DIR}/vegas_rule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/warm_up_limiter.cpp
  ${CMAKE_CURRENT_LIST_DIR}/windowed_rule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/worker_pool.cpp
)
