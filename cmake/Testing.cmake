include(GoogleTest)

# tidemark_test(NAME name LABEL unit|io|integration|e2e SOURCES ... LINK ...): one GoogleTest program, one ctest entry a case.
function(tidemark_test)
  cmake_parse_arguments(T "" "NAME;LABEL" "SOURCES;LINK" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE tidemark_options ${T_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${T_NAME} PRIVATE
    TIDEMARK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TIDEMARK_SHARED_DATA="${PROJECT_SOURCE_DIR}/../shared/data"
    TIDEMARK_BINARY="$<IF:$<TARGET_EXISTS:tidemark>,${PROJECT_BINARY_DIR}/tidemark,>")
  gtest_discover_tests(${T_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${T_LABEL}" SKIP_REGULAR_EXPRESSION "skipped: " TIMEOUT 300)
endfunction()

# tidemark_fuzz(NAME name SOURCE file LINK ...): under TIDEMARK_FUZZ a libFuzzer program; otherwise the same entry point
# with a replayer of tests/fuzz/corpus/NAME, so that every test run replays the corpus.
add_custom_target(fuzz_targets)
function(tidemark_fuzz)
  cmake_parse_arguments(F "" "NAME;SOURCE" "LINK" ${ARGN})
  set(program fuzz_${F_NAME})
  add_executable(${program} ${F_SOURCE})
  target_link_libraries(${program} PRIVATE tidemark_options ${F_LINK})
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${F_NAME})
  if(TIDEMARK_FUZZ)
    target_compile_options(${program} PRIVATE -fsanitize=fuzzer)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz.${F_NAME} COMMAND ${program} -runs=0 -rss_limit_mb=1024 ${corpus})
  else()
    target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    add_test(NAME fuzz.${F_NAME} COMMAND ${program} ${corpus})
  endif()
  set_tests_properties(fuzz.${F_NAME} PROPERTIES LABELS fuzz TIMEOUT 120)
  add_dependencies(fuzz_targets ${program})
endfunction()
