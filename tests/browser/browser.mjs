// Opens pages in the installed Chromium with the network off and notes whatever a quiet page would not do.
import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";

const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-default-apps", "--no-first-run", "--disable-dev-shm-usage", "--font-render-hinting=none",
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags, headless: true });
}

// A page of its own context, already at `file`. `noise` fills with console errors and warnings, uncaught exceptions, dialogs and
// requests other than for the file itself.
export async function open(browser, file, options = {}) {
  const { viewport = { width: 1280, height: 900 }, ...rest } = options;
  const context = await browser.newContext({ viewport, offline: true, reducedMotion: "reduce", ...rest });
  const page = await context.newPage();
  const noise = { console: [], errors: [], dialogs: [], requests: [] };
  const url = pathToFileURL(file).href;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) noise.console.push(message.text());
  });
  page.on("pageerror", (error) => noise.errors.push(String(error)));
  page.on("dialog", async (dialog) => {
    noise.dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== url) noise.requests.push(request.url());
  });
  await page.goto(url, { waitUntil: "load" });
  if (rest.javaScriptEnabled !== false) await page.waitForSelector("html.ready", { state: "attached", timeout: 20_000 });
  return { context, page, noise };
}
