// Owns how browser tests run: one Chromium, a fresh context for each case, some at once, results as JSON lines on stdout.
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
/** How long a step may take. Only a failing case waits so long: a loaded machine is slow. */
export const STEP_TIMEOUT_MS = 60_000;
const CASE_TIMEOUT_MS = 240_000;
const CONTEXT = { viewport: { width: 1200, height: 760 }, locale: "en-US", reducedMotion: "reduce" };

/** The name of a file for this try: a case that is tried again finds nothing of its first try in it. */
export const fresh = (name) => (process.env.COLLAB_TEST_CASES ? `again-${name}` : name);

export const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
export const DARK = { colorScheme: "dark" };

/** No violation of axe-core's rules; the policy of the page forbids foreign scripts, so it comes by the debugger. */
export async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((item) => `${item.id}: ${item.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(found, []);
}

/** A window of its own; `problems` gets errors of its pages and what their policy refused. */
export async function newWindow(browser, options = {}, problems = []) {
  const context = await browser.newContext({ ...CONTEXT, ...options });
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  context.on("weberror", (error) => problems.push(error.error().stack ?? String(error.error())));
  // In the frame of an output refusing is what the policy is there for.
  const framed = (message) => message.location().url.includes("/output-frame");
  context.on("console", (message) => /Content Security Policy/.test(message.text()) && !framed(message) && problems.push(message.text()));
  return context;
}

/**
 * Run every case of `cases` (name -> {server?, options?, path?, alone?, run}); argv has the servers by name and the
 * browser. So many cases as `atOnce` run beside each other, first those that must be alone. A page error or a refused
 * resource fails the case too. COLLAB_TEST_CASE runs only the cases whose name has that text, COLLAB_TEST_CASES those
 * of a JSON list, one after the other.
 */
export async function runCases(cases, { atOnce = 1, more = [] } = {}) {
  const [servers, executablePath] = [JSON.parse(process.argv[2]), process.argv[3]];
  const named = process.env.COLLAB_TEST_CASES ? JSON.parse(process.env.COLLAB_TEST_CASES) : null;
  const wanted = (name) => (named ? named.includes(name) : name.includes(process.env.COLLAB_TEST_CASE ?? ""));
  const chosen = Object.entries(cases).filter(([name]) => wanted(name));
  const browser = await chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
  const report = async ([name, item]) => {
    const began = performance.now();
    const problem = await problemOf(browser, servers, name, item);
    console.log(JSON.stringify({ name, problem, took_s: Math.round(performance.now() - began) / 1000 }));
  };
  try {
    for (const one of chosen.filter(([, item]) => item.alone)) await report(one);
    const left = chosen.filter(([, item]) => !item.alone);
    const work = async () => {
      for (let one = left.shift(); one; one = left.shift()) await report(one);
    };
    await Promise.all(Array.from({ length: named ? 1 : atOnce }, work));
  } finally {
    await browser.close();
  }
}

async function problemOf(browser, servers, name, { options = {}, path = "/", server = "sample", run }) {
  const problems = [];
  const context = await newWindow(browser, options, problems);
  try {
    const page = await context.newPage();
    await inTime(async () => {
      if (path !== "about:blank") await page.goto(new URL(path, servers[server]).href);
      await run(page, name);
    });
    return problems.length ? problems.join("\n") : null;
  } catch (error) {
    return [error.stack, ...problems, ...(await shownIn(context))].join("\n");
  } finally {
    await context.close();
  }
}

/** What the windows of a failed case show: their frames' texts, cut. */
async function shownIn(context) {
  const frames = context.pages().flatMap((page) => page.frames());
  return Promise.all(frames.map(async (frame) => {
    const looking = frame.evaluate(() => document.body?.innerText ?? "");
    const text = await Promise.race([looking, new Promise((resolve) => setTimeout(resolve, 2_000, "(no answer)"))]).catch(String);
    return `shown in ${frame.url().slice(0, 80)}: ${text.replace(/\s+/g, " ").slice(0, 600)}`;
  }));
}

/** Some things in a page have no time limit of their own. */
async function inTime(work) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the case did not end in ${CASE_TIMEOUT_MS / 1000} s`)), CASE_TIMEOUT_MS);
  });
  await Promise.race([work(), late]).finally(() => clearTimeout(timer));
}
