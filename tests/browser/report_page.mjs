// The reports of the load test in a real browser, from files. Run by test_report_page.py.
import assert from "node:assert/strict";
import { assertAccessible, DARK, PHONE, runCases } from "./driver.mjs";

const PAGES = ["run", "invalid", "bound", "unseen", "hostile", "compare"];

async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, globalThis.innerWidth]);
  assert.ok(content <= window, `${content} px of content in ${window}`);
}

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

async function everyPage(page, check) {
  for (const name of PAGES) {
    await page.goto(new URL(`${name}.html`, page.url()).href);
    await check(page);
  }
}

await runCases({
  "every report is accessible, and nothing is wider than the window": {
    path: "run.html",
    run: (page) => everyPage(page, async () => (await fits(page), assertAccessible(page))),
  },
  "the same in the dark": {
    path: "run.html",
    options: DARK,
    run: (page) => everyPage(page, assertAccessible),
  },
  "the same on a phone": {
    path: "run.html",
    options: PHONE,
    run: (page) => everyPage(page, async () => (await fits(page), assertAccessible(page))),
  },
  "a report loads nothing": {
    path: "run.html",
    async run(page) {
      const requests = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.reload();
      assert.deepEqual(requests, [page.url()]);
    },
  },
  "colours follow the system and can be set": {
    path: "run.html",
    async run(page) {
      const light = await ground(page);
      await page.getByText("Dark", { exact: true }).click();
      const dark = await ground(page);
      assert.notEqual(dark, light);
      await page.emulateMedia({ colorScheme: "dark" });
      await page.getByText("Light", { exact: true }).click();
      assert.equal(await ground(page), light);
      await page.getByText("System", { exact: true }).click();
      assert.equal(await ground(page), dark);
    },
  },
  "pointing at a plot says what was measured there": {
    path: "run.html",
    async run(page) {
      const plot = page.getByRole("img", { name: /^Latency over time\./ });
      const box = await plot.boundingBox();
      await plot.hover({ position: { x: box.width / 2, y: box.height / 2 } });
      const shown = await plot.locator(".reading ul").evaluateAll((all) => all.filter((item) => getComputedStyle(item).opacity === "1").map((item) => item.textContent));
      assert.equal(shown.length, 1);
      assert.match(shown[0], /p50 .* ms/);
    },
  },
  "print has the figures and no controls, on white": {
    path: "run.html",
    options: DARK,
    async run(page) {
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      assert.equal(await page.locator(".themes").isVisible(), false);
      assert.equal(await ground(page), "rgb(255, 255, 255)");
    },
  },
});
