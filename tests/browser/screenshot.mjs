// One picture of a page, at twice the density. usage: node screenshot.mjs PAGE.html OUT.png WIDTH HEIGHT light|dark
import { launch, open } from "./browser.mjs";

const [file, out, width, height, colorScheme] = process.argv.slice(2);
const browser = await launch();
const { page, noise } = await open(browser, file, { viewport: { width: Number(width), height: Number(height) }, deviceScaleFactor: 2, colorScheme });
await page.screenshot({ path: out });
await browser.close();
const loud = Object.values(noise).flat();
if (loud.length > 0) {
  console.error(loud.join("\n"));
  process.exit(1);
}
console.log(out);
