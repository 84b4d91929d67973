target_sources(tidemark_models PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/contest.cpp
  ${CMAKE_CURRENT_LIST_DIR}/duel.cpp
  ${CMAKE_CURRENT_LIST_DIR}/duel_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/oracle.cpp
  ${CMAKE_CURRENT_LIST_DIR}/tuning.cpp
)
