# One place for flags: every target links tidemark_options, and nothing sets flags per file.
set(TIDEMARK_SANITIZE "" CACHE STRING "sanitizers, as in -fsanitize=")
option(TIDEMARK_FUZZ "build libFuzzer targets instead of corpus replayers" OFF)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(tidemark_options INTERFACE)
target_compile_features(tidemark_options INTERFACE cxx_std_20)
target_include_directories(tidemark_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tidemark_options INTERFACE
  -march=x86-64-v3 -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wno-missing-field-initializers
  $<$<CONFIG:Debug>:-g1 -fno-omit-frame-pointer>
  # Tests set TIDEMARK_UNOPTIMISED (cmake/Testing.cmake).
  $<IF:$<BOOL:$<TARGET_PROPERTY:TIDEMARK_UNOPTIMISED>>,-O0,$<IF:$<CONFIG:Release>,-O2,-O1>>)
target_link_options(tidemark_options INTERFACE -fuse-ld=lld)
target_compile_definitions(tidemark_options INTERFACE
  TIDEMARK_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY
  SPDLOG_COMPILED_LIB SPDLOG_SHARED_LIB SPDLOG_FMT_EXTERNAL)
if(TIDEMARK_FUZZ)  # coverage of the libraries, or the fuzzer is blind
  target_compile_options(tidemark_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TIDEMARK_SANITIZE)
  target_compile_options(tidemark_options INTERFACE -fsanitize=${TIDEMARK_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tidemark_options INTERFACE -fsanitize=${TIDEMARK_SANITIZE})
endif()
