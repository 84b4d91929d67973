tidemark_fuzz(NAME scenario SOURCE ${CMAKE_CURRENT_LIST_DIR}/scenario_fuzz.cpp LINK tidemark::core)
tidemark_fuzz(NAME access_log SOURCE ${CMAKE_CURRENT_LIST_DIR}/access_log_fuzz.cpp LINK tidemark::core)

tidemark_fuzz(NAME response_framing SOURCE ${CMAKE_CURRENT_LIST_DIR}/response_framing_fuzz.cpp LINK tidemark::io)

tidemark_fuzz(NAME model SOURCE ${CMAKE_CURRENT_LIST_DIR}/model_fuzz.cpp LINK tidemark::models)
tidemark_fuzz(NAME http_request SOURCE ${CMAKE_CURRENT_LIST_DIR}/http_request_fuzz.cpp LINK tidemark::io)
tidemark_fuzz(NAME http_response SOURCE ${CMAKE_CURRENT_LIST_DIR}/http_response_fuzz.cpp LINK tidemark::io)
tidemark_fuzz(NAME target SOURCE ${CMAKE_CURRENT_LIST_DIR}/target_fuzz.cpp LINK tidemark::io)
tidemark_fuzz(NAME histogram SOURCE ${CMAKE_CURRENT_LIST_DIR}/histogram_fuzz.cpp LINK tidemark::core)
tidemark_fuzz(NAME run_reader SOURCE ${CMAKE_CURRENT_LIST_DIR}/run_reader_fuzz.cpp LINK tidemark::core)
tidemark_fuzz(NAME resp SOURCE ${CMAKE_CURRENT_LIST_DIR}/resp_fuzz.cpp LINK tidemark::shop)
tidemark_fuzz(NAME threshold SOURCE ${CMAKE_CURRENT_LIST_DIR}/threshold_fuzz.cpp LINK tidemark::core)
