// The page's scripts and style, bundled by reports/web/build.mjs and compiled in, with the hashes that the page's
// Content-Security-Policy names ("sha256-..."). Thread-safe.
#pragma once

#include <string>

namespace tidemark::report {

struct PageAsset {
  std::string content, hash;
};
struct PageAssets {
  PageAsset boot;    // runs in <head>
  PageAsset script;  // runs at the end of <body>
  PageAsset style;
};
const PageAssets& page_assets();

}  // namespace tidemark::report
