// Owns how browser tests run: one Chromium, a fresh context for each case, results as JSON lines on stdout.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../static/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const CASE_TIMEOUT_MS = 10_000;

export const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
export const DARK = { colorScheme: "dark" };

/** No violation of axe-core's rules; the policy of the page forbids foreign scripts, so it comes by the debugger. */
export async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((item) => `${item.id}: ${item.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(found, []);
}

/**
 * Run every case of `cases` (name -> {server?, options?, path?, run}); argv has the servers by name and the browser.
 * A page error or a refused resource fails the case too. COLLAB_TEST_CASE runs only the cases whose name has that text.
 */
export async function runCases(cases) {
  const [servers, executablePath] = [JSON.parse(process.argv[2]), process.argv[3]];
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  try {
    for (const [name, item] of Object.entries(cases).filter(([name]) => name.includes(process.env.COLLAB_TEST_CASE ?? ""))) {
      console.log(JSON.stringify({ name, problem: await problemOf(browser, servers, item) }));
    }
  } finally {
    await browser.close();
  }
}

async function problemOf(browser, servers, { options = {}, path = "/", server = "sample", run }) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 760 }, locale: "en-US", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(CASE_TIMEOUT_MS);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => /Content Security Policy/.test(message.text()) && problems.push(message.text()));
  try {
    await page.goto(new URL(path, servers[server]).href);
    await run(page);
    return problems.length ? problems.join("\n") : null;
  } catch (error) {
    return [error.stack, ...problems].join("\n");
  } finally {
    await context.close();
  }
}
