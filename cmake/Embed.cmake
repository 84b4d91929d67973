# tidemark_embed(TARGET NAMESPACE FUNCTION FILE): a source in TARGET that defines
#   std::string_view NAMESPACE::FUNCTION()   with the bytes of FILE.
# Written as an array of numbers: string literals have a length limit. For small files; the report page has its own step.
function(tidemark_embed target namespace function file)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_${function}.cpp)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  file(CONFIGURE OUTPUT ${output} CONTENT [[#include <string_view>
namespace @namespace@ {
std::string_view @function@();
std::string_view @function@() {
  static constexpr char bytes[] = {@bytes@};
  return {bytes, sizeof(bytes)};
}
}
]] @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  target_sources(${target} PRIVATE ${output})
endfunction()
