tidemark_test(NAME e2e_tests LABEL e2e
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/command.cpp ${CMAKE_CURRENT_LIST_DIR}/demo_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/exit_codes_test.cpp ${CMAKE_CURRENT_LIST_DIR}/limits_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/live_test.cpp ${CMAKE_CURRENT_LIST_DIR}/repeat_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/search_test.cpp ${CMAKE_CURRENT_LIST_DIR}/shadow_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shape_test.cpp
  LINK tidemark_shop tidemark_io tidemark_models util)
add_dependencies(e2e_tests tidemark)
