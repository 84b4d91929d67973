// The page as a browser sees it: opened from disk with the network off. usage: node --test report.test.mjs, with REPORT_DIR naming the
// folder that report_fixture wrote; screenshots go to it.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";

const dir = process.env.REPORT_DIR;
if (!dir) throw new Error("REPORT_DIR must name the folder that report_fixture wrote");
const file = (name) => join(dir, `${name}.html`);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sections = ["run", "validity", "thresholds", "books", "load", "clocks", "steps", "errors", "topology", "watermarks", "nodes", "curves", "demand", "plan",
  "verification", "audit", "quality", "method"];

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const quiet = { console: [], errors: [], dialogs: [], requests: [] };
const ids = (page, selector) => page.$$eval(selector, (found) => found.map((element) => element.id));

for (const name of ["rehearsal", "killed", "bare", "long", "hostile"]) {
  test(`${name}: no console error, no request, no dialog; every plot drawn, within the page's width`, async () => {
    const { context, page, noise } = await open(browser, file(name));
    const plots = await page.$$eval(".plot", (found) => found.map((plot) => ({ id: plot.id, paths: plot.querySelectorAll("svg path").length, tables: plot.closest("figure").querySelectorAll("details table tbody tr").length })));
    assert.ok(plots.length > 0);
    for (const plot of plots) assert.ok(plot.paths > 0 && plot.tables > 0, JSON.stringify(plot));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280);
    assert.deepEqual(noise, quiet);
    await context.close();
  });
}

test("a rehearsal has every section, a bare run only those it has data for", async () => {
  const whole = await open(browser, file("rehearsal"));
  assert.deepEqual(await ids(whole.page, "section.card"), sections);
  assert.match(await whole.page.textContent("#verdict .headline"), /^Yes: the plan holds 612 flows\/s$/);
  assert.equal(await whole.page.$(".banner"), null);
  await whole.context.close();
  const bare = await open(browser, file("bare"));
  assert.deepEqual(await ids(bare.page, "section.card"), ["run", "validity", "thresholds", "books", "load", "clocks", "steps", "quality", "method"]);
  assert.match(await bare.page.textContent("#verdict .headline"), /^No: 1 of 2 limits were broken$/);
  await bare.context.close();
});

test("a killed run says PARTIAL and what was wrong", async () => {
  const { context, page } = await open(browser, file("killed"));
  assert.match(await page.innerText(".banner"), /PARTIAL RECORD[\s\S]*41 bytes from offset 12,204/);
  await context.close();
});

test("hostile names stay text: nothing runs, nothing is asked for, every string is shown unchanged", async () => {
  const { context, page, noise } = await open(browser, file("hostile"));
  const strings = JSON.parse(readFileSync(join(dir, "hostile.json"), "utf8"));
  assert.equal(strings.length, 60);
  const shown = new Set(await page.$$eval("#errors tbody th bdi", (found) => found.map((element) => element.textContent)));
  for (const text of strings) assert.ok(shown.has(text), `not shown unchanged: ${JSON.stringify(text)}`);
  // The only elements that could act are the page's own.
  const active = await page.$$eval("script, style, img, iframe, object, embed, video, audio, form, input, base, link, meta, a, template, noscript",
    (found) => found.map((element) => element.outerHTML.slice(0, 60)).filter((html) => !/^<(script|style|script type="application\/json"[^>]*)>/.test(html) && !/^<a (class="skip" )?href="#[a-z]+"/.test(html) &&
      !/^<meta (http-equiv="Content-Security-Policy"|charset="utf-8"|name="(viewport|referrer)")/.test(html) && !/^<link rel="icon" href="data:,"/.test(html)));
  assert.deepEqual(active, []);
  assert.equal(await page.$$eval("script", (found) => found.length), 3);
  assert.equal(await page.$$eval("*", (all) => all.filter((element) => [...element.attributes].some((a) => a.name.startsWith("on"))).length), 0);
  // Wake what only acts when it is touched.
  await page.$$eval("details", (found) => found.forEach((element) => { element.open = true; }));
  for (const plot of await page.$$(".plot")) {
    await plot.focus();
    await page.keyboard.press("End");
  }
  assert.deepEqual(noise, quiet);
  await context.close();
});

test("without scripts every table and number is there to read", async () => {
  const { context, page } = await open(browser, file("rehearsal"), { javaScriptEnabled: false });
  const hidden = await page.$$eval("details.data", (found) => found.filter((element) => !element.open).length);
  assert.equal(hidden, 0);
  const text = await page.innerText("body");
  for (const words of ["612", "69.0", "71.2", "68.9 to 74.0", "Predicted response times", "pool-limited", "status 503 at buy", "98 %"]) assert.ok(text.includes(words), words);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(sideways);
  await page.screenshot({ path: join(dir, "no-scripts.png"), fullPage: true });
  await context.close();
});

test("under Jenkins' default policy (no script, no inline style) every table is there to read", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const blocked = [];
  page.on("request", (request) => blocked.push(request.url()));
  await page.route("http://jenkins.test/report.html", (route) => route.fulfill({ body: readFileSync(file("rehearsal")), headers: {
    "content-type": "text/html", "content-security-policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'self';" } }));
  await page.goto("http://jenkins.test/report.html");
  assert.deepEqual(blocked, ["http://jenkins.test/report.html"]);
  const tables = page.locator("table");
  for (let i = 0; i < (await tables.count()); ++i) assert.ok(await tables.nth(i).isVisible());
  assert.ok((await page.innerText("body")).includes("Yes: the plan holds 612 flows/s"));
  await context.close();
});

test("charts are read by keyboard, and charts over time share the cursor", async () => {
  const { context, page } = await open(browser, file("rehearsal"));
  await page.focus("#plot-rate");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#figure-rate .spoken"), /^at 1 s; .*flows offered 5\d\d per second/);
  assert.ok(await page.isVisible("#plot-rate .tip"));
  assert.equal(await page.$$eval(".cursor.on", (found) => found.length), 6);
  await page.keyboard.press("Escape");
  assert.equal(await page.$$eval(".cursor.on", (found) => found.length), 0);
  await context.close();
});

test("the theme button changes page and charts", async () => {
  const { context, page, noise } = await open(browser, file("rehearsal"));
  const look = () => page.evaluate(() => [getComputedStyle(document.body).backgroundColor, document.querySelector("#plot-rate svg").innerHTML.match(/stroke="[^"]+"/g)?.join(" ")]);
  const light = await look();
  await page.click("#theme");
  const dark = await look();
  assert.notEqual(light[0], dark[0]);
  assert.notEqual(light[1], dark[1]);
  assert.deepEqual(noise, quiet);
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe-core finds nothing, ${colorScheme}`, async () => {
    for (const name of ["rehearsal", "killed", "bare", "hostile"]) {
      const { context, page } = await open(browser, file(name), { colorScheme, bypassCSP: true });
      await page.evaluate(axe);
      const violations = await page.evaluate(async () => (await window.axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).slice(0, 5).join(", ")}`));
      assert.deepEqual(violations, [], name);
      await context.close();
    }
  });
}

test("the palette's contrast: text 4.5:1, lines 3:1, in both themes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { context, page } = await open(browser, file("rehearsal"), { colorScheme });
    const colours = await page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const names = ["page", "surface", "ink", "muted", "link", "pass", "pass-wash", "fail", "fail-wash", "open", "open-wash", "quiet-wash", "c0", "c1", "c2", "c3", "c4", "c5", "level-0", "level-1", "level-2", "level-3", "level-4"];
      return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    });
    const luminance = (hex) => {
      const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const check = (front, back, least) => {
      const [a, b] = [luminance(colours[front]), luminance(colours[back])].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      assert.ok(ratio >= least, `${colorScheme}: ${front} on ${back} is ${ratio.toFixed(2)}`);
    };
    for (const front of ["ink", "muted", "link", "pass", "fail", "open"]) check(front, "surface", 4.5);
    for (const front of ["ink", "muted", "link"]) check(front, "page", 4.5);
    for (const wash of ["pass", "fail", "open"]) for (const front of [wash, "ink", "muted"]) check(front, `${wash}-wash`, 4.5);
    for (const level of ["0", "1", "2", "3", "4"]) check("ink", `level-${level}`, 4.5);
    for (const tone of ["0", "1", "2", "3", "4", "5"]) check(`c${tone}`, "surface", 3);
    await context.close();
  }
});

test("screenshots: light, dark, phone, print; one hour of fifty steps within 2 MB", async () => {
  for (const [name, options] of Object.entries({ light: {}, dark: { colorScheme: "dark" }, phone: { viewport: { width: 480, height: 900 } } })) {
    const { context, page } = await open(browser, file("rehearsal"), options);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), (options.viewport ?? { width: 1280 }).width, name);
    await page.screenshot({ path: join(dir, `${name}.png`), fullPage: true });
    if (name === "dark") {
      // On paper it is light, tables are open, and nothing runs off the sheet.
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
      await page.pdf({ path: join(dir, "print.pdf"), preferCSSPageSize: true });
      assert.ok(statSync(join(dir, "print.pdf")).size > 50_000);
    }
    await context.close();
  }
  assert.ok(statSync(file("long")).size <= 2_000_000);
});
