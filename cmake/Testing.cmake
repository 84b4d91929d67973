include(GoogleTest)

# Tests are compiled as they are read, without optimisation and with the common headers parsed once: a test file then takes 2 s
# instead of 10. What is tested is optimised as ever.
file(CONFIGURE OUTPUT tests_precompiled.cpp CONTENT "int main() {}\n")
add_executable(tests_precompiled ${CMAKE_CURRENT_BINARY_DIR}/tests_precompiled.cpp)  # a program, as the tests are: -fPIE
target_link_libraries(tests_precompiled PRIVATE tidemark_options GTest::gtest GTest::gmock fmt::fmt
                                                nlohmann_json::nlohmann_json tl::expected)
set_target_properties(tests_precompiled PROPERTIES TIDEMARK_UNOPTIMISED ON)
target_compile_options(tests_precompiled PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
target_precompile_headers(tests_precompiled PRIVATE
  <gtest/gtest.h> <algorithm> <chrono> <filesystem> <fstream> <map> <string> <vector> <fmt/format.h> <nlohmann/json.hpp>
  <tl/expected.hpp>)

# tidemark_test(NAME name LABEL unit|io|integration|e2e [OPTIMISED] SOURCES ... LINK ...): one GoogleTest program, one ctest entry a
# case. OPTIMISED: for tests that themselves simulate for seconds.
function(tidemark_test)
  cmake_parse_arguments(T "OPTIMISED" "NAME;LABEL" "SOURCES;LINK" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  if(NOT T_OPTIMISED)
    set_target_properties(${T_NAME} PROPERTIES TIDEMARK_UNOPTIMISED ON)
    target_compile_options(${T_NAME} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(${T_NAME} REUSE_FROM tests_precompiled)
  endif()
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
