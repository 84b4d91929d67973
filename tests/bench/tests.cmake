add_executable(bare_loop ${CMAKE_CURRENT_LIST_DIR}/bare_loop.cpp)
add_executable(histogram_memory ${CMAKE_CURRENT_LIST_DIR}/histogram_memory.cpp)
target_link_libraries(histogram_memory PRIVATE tidemark::io)
add_executable(stub_server ${CMAKE_CURRENT_LIST_DIR}/stub_server.cpp)
add_executable(timer_floor ${CMAKE_CURRENT_LIST_DIR}/timer_floor.cpp)
foreach(tool bare_loop histogram_memory stub_server timer_floor)
  target_link_libraries(${tool} PRIVATE tidemark_options)
  set_target_properties(${tool} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endforeach()
add_custom_target(bench_tools DEPENDS bare_loop histogram_memory stub_server timer_floor tidemark)

# A short look at what memory costs; `scripts/prove load` takes its time.
add_test(NAME bench.memory COMMAND ${PROJECT_SOURCE_DIR}/scripts/bench-memory --users 20000 --connections 2000 --soak 10 --strict yes)
set_tests_properties(bench.memory PROPERTIES LABELS e2e TIMEOUT 280 DISABLED $<NOT:$<CONFIG:Release>>)
