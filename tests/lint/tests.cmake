add_test(NAME lint.arrows COMMAND ${CMAKE_CURRENT_LIST_DIR}/arrows)
set_tests_properties(lint.arrows PROPERTIES LABELS lint)
add_test(NAME lint.schemas COMMAND ${CMAKE_CURRENT_LIST_DIR}/schemas)
set_tests_properties(lint.schemas PROPERTIES LABELS lint)
# Once, in the release tree: the answer does not depend on sanitizers.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME lint.headers COMMAND ${CMAKE_CURRENT_LIST_DIR}/headers ${CMAKE_CXX_COMPILER} -I/usr/include/eigen3
    -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_ASIO_NO_DEPRECATED)
  set_tests_properties(lint.headers PROPERTIES LABELS lint TIMEOUT 900)
endif()
