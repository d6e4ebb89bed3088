// Owns how a test sees that something of a stranger's ran: calls of `pwned`, dialogs, refusals of the policy, requests
// to a listener, elements and attributes that could run, headers of what the server sent.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { newWindow } from "../browser/driver.mjs";

const VIEW = { width: 1400, height: 900 };
/** So high that lists and texts which draw what is seen draw everything. */
export const TALL = { width: 1400, height: 7_600 };

/** A listener on loopback: it must never be asked for anything. */
export async function startListener() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(204, { "Access-Control-Allow-Origin": "*" }).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, asked, close: () => (server.close(), server.closeAllConnections()) };
}

/**
 * Do `work(page, watch)` in a window of its own in which everything is written down. The page's policy only reports there:
 * what it would have refused is seen, and runs, so that nothing but our own care stands between a payload and its execution.
 * `watch.look()` looks for elements that could run, `watch.quiet()` does so too and judges everything seen until then.
 */
export async function watched(browser, { listener, viewport = VIEW, enforced = false }, work) {
  const context = await newWindow(browser, { viewport });
  // A page that came by `fulfill` counts as public for Chromium, which then refuses its WebSocket to loopback.
  await context.grantPermissions(["local-network-access"]).catch(() => undefined);
  const seen = { ran: [], dialogs: [], violations: [], errors: [], unguarded: [], dangerous: [], windows: 0 };
  const askedBefore = listener.asked.length;
  await context.exposeBinding("pwned", (_source, number) => void seen.ran.push(number));
  await context.exposeBinding("violated", (_source, violation) => void seen.violations.push(violation));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) => globalThis.violated(`${effectiveDirective} ${blockedURI} ${sample}`));
  });
  context.on("dialog", (dialog) => (seen.dialogs.push(dialog.message()), dialog.dismiss()));
  context.on("weberror", (error) => seen.errors.push(error.error().stack ?? String(error.error())));
  context.on("page", () => (seen.windows += 1));
  context.on("response", (response) => enforced && seen.unguarded.push(...unguarded(response)));
  if (!enforced) await context.route((url) => !/^\/(api|static)\//.test(url.pathname), (route) => reportOnly(route, seen.unguarded));
  try {
    const page = await context.newPage();
    const heard = () => listener.asked.slice(askedBefore);
    const look = async () => void seen.dangerous.push(...(await page.evaluate(dangerous)));
    await work(page, { seen, heard, look, quiet: (but = {}) => assertQuiet(page, { ...seen, ...but }, heard) });
  } finally {
    await context.close();
  }
}

async function reportOnly(route, problems) {
  if (route.request().resourceType() !== "document") return route.continue();
  const response = await route.fetch();
  problems.push(...unguarded(response));
  const { "content-security-policy": policy, ...headers } = response.headers();
  return route.fulfill({ response, headers: { ...headers, "content-security-policy-report-only": policy } });
}

/** Nothing ran, nothing tried to, nothing in the page could, and every answer was guarded; `but` replaces what was seen. */
async function assertQuiet(page, seen, heard) {
  await page.waitForLoadState("networkidle");
  const found = { ...seen, windows: seen.windows - 1, heard: heard(), dangerous: [...seen.dangerous, ...(await page.evaluate(dangerous))] };
  assert.deepEqual(found, { ran: [], dialogs: [], violations: [], errors: [], unguarded: [], windows: 0, heard: [], dangerous: [] });
}

/** What is wrong with the headers of something that a browser could show as a page. */
function unguarded(response) {
  const headers = response.headers();
  if (!/html|xml|svg/.test(headers["content-type"] ?? "")) return [];
  return guardProblems(response.url(), headers);
}

/** The rules for headers of HTML and of a person's own files. */
export function guardProblems(url, headers) {
  const policy = headers["content-security-policy"] ?? "";
  const problems = [];
  const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? /default-src ([^;]*)/.exec(policy)?.[1] ?? "none given";
  if (!["'self'", "'none'"].includes(scripts.trim())) problems.push(`${url}: scripts from ${scripts}`);
  if (headers["x-content-type-options"] !== "nosniff") problems.push(`${url}: no nosniff`);
  return problems;
}

/** Runs in the page: elements and attributes that a stranger's text must never become. */
export function dangerous(root = document) {
  const TAGS = /^(script|iframe|frame|frameset|object|embed|base|portal|applet|marquee|audio|video|source|style|template|foreignobject|animate|animatetransform|set|use|image|xmp|plaintext|area)$/i;
  const ADDRESSES = /^(href|src|xlink:href|action|formaction|data|poster|ping|background|srcset|srcdoc|cite)$/i;
  const PICTURE = /^data:image\/(png|jpeg|gif|webp);/i;
  const own = (element) => /^(SCRIPT|LINK)$/.test(element.tagName) && (element.src || element.href || "").startsWith(`${location.origin}/static/`);
  const problemOf = (element, { name, value }) => {
    if (/^on/i.test(name)) return `${name}=${value}`;
    if (name === "style" && /url\(|expression|import/i.test(value)) return `style=${value}`;
    if (/^(srcdoc|ping|formaction|action|background)$/i.test(name)) return `${name}=${value}`;
    if (!ADDRESSES.test(name) || own(element) || (element.tagName === "IMG" && PICTURE.test(value))) return null;
    const { protocol, origin } = new URL(value, document.baseURI);
    if (!/^(https?|mailto|tel|blob):$/.test(protocol)) return `${name}=${value}`;
    return element.tagName !== "A" && origin !== location.origin ? `${name}=${value} (loads from outside)` : null;
  };
  // Past names in the document that hide the element's own.
  const attributesOf = (element) => [...Object.getOwnPropertyDescriptor(Element.prototype, "attributes").get.call(element)];
  return [...root.querySelectorAll("*")].flatMap((element) => {
    const label = `<${element.localName}> in ${element.parentElement?.className || element.parentElement?.localName}`;
    const isMeta = element.localName === "meta" && element.httpEquiv;
    const tag = (TAGS.test(element.localName) || isMeta) && !own(element) ? [`${label}: ${element.outerHTML.slice(0, 120)}`] : [];
    return [...tag, ...attributesOf(element).flatMap((attribute) => problemOf(element, attribute) ?? []).map((problem) => `${label}: ${problem}`)];
  });
}
