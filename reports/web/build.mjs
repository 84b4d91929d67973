// Bundles the page's scripts and style and writes them as one C++ source, with the hashes that its Content-Security-Policy names.
// usage: node build.mjs OUT_DIR      (writes report.js, report.css, boot.js, web_assets.cpp)
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";

const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs OUT_DIR");
mkdirSync(out, { recursive: true });

const bundles = { boot: "src/boot.ts", report: "src/main.ts", style: "src/report.css" };
const texts = {};
for (const [name, entry] of Object.entries(bundles)) {
  const file = join(out, name === "style" ? "report.css" : `${name}.js`);
  buildSync({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2020"],
    charset: "ascii",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"', __DEV__: "false" },
    logLevel: "warning",
  });
  // Inside <script> and <style> these would end the element or change how the rest is read.
  texts[name] = readFileSync(file, "utf8").trim().replaceAll("</", name === "style" ? "<\\/" : "<\\/").replaceAll("<!--", "<\\!--");
}

// String literals above 64 KiB are beyond what compilers must accept: pieces, joined at start.
function pieces(text) {
  const list = [];
  for (let at = 0; at < text.length; at += 8000) {
    const piece = text.slice(at, at + 8000);
    list.push(`    "${piece.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t").replace(/(?<=\?)\?/g, "\\?")}"`);
  }
  return list.join(",\n");
}

const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
let source = "// Written by reports/web/build.mjs.\n#include \"reports/page/assets.h\"\n\nnamespace tidemark::report {\nnamespace {\n";
for (const [name, text] of Object.entries(texts)) {
  if (/[^\x09\x0a\x20-\x7e]/.test(text)) throw new Error(`${name}: a byte that is not printable ASCII`);
  source += `const char* const k_${name}[] = {\n${pieces(text)}};\n`;
}
source += `template <std::size_t N>
std::string joined(const char* const (&pieces)[N]) {
  std::string text;
  for (const char* piece : pieces) text += piece;
  return text;
}
}  // namespace

const PageAssets& page_assets() {
  static const PageAssets assets{
      .boot = {joined(k_boot), "${hash(texts.boot)}"},
      .script = {joined(k_report), "${hash(texts.report)}"},
      .style = {joined(k_style), "${hash(texts.style)}"}};
  return assets;
}
}  // namespace tidemark::report
`;
writeFileSync(join(out, "web_assets.cpp"), source);
