target_sources(tidemark_reports PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/downsample.cpp
  ${CMAKE_CURRENT_LIST_DIR}/html.cpp
  ${CMAKE_CURRENT_LIST_DIR}/numbers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/answer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/call_graph.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/capacity.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/figure.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/levels.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/load.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/nodes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/plan.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/run_card.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/steps.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/topology.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/trust.cpp
  ${CMAKE_CURRENT_LIST_DIR}/page/verdict.cpp
  ${CMAKE_CURRENT_LIST_DIR}/report.cpp)

# Everything the bundle is made from, relative to web/.
set(REPORT_WEB_SOURCES
  .npmrc build.mjs package-lock.json package.json tsconfig.json
  src/boot.ts src/figure.ts src/format.ts src/main.ts src/options.ts src/page.ts src/readout.ts src/report.css src/theme.ts
  src/theme_choice.ts)
