tidemark_fuzz(NAME scenario SOURCE ${CMAKE_CURRENT_LIST_DIR}/scenario_fuzz.cpp LINK tidemark::core)
tidemark_fuzz(NAME access_log SOURCE ${CMAKE_CURRENT_LIST_DIR}/access_log_fuzz.cpp LINK tidemark::core)
