// Live documents in a page of another origin, by the SDK: frame, element, document only. Run by test_embed_page.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCases } from "./driver.mjs";
import { content, makeFile, PATIENCE_MS, ready, typeAtEnd } from "./editor_steps.mjs";

const { site, foreign, editor, folder, token } = JSON.parse(process.argv[2]);

const address = (name, mode, at = site) => `${at}/embed.html?server=${editor}&path=${name}&mode=${mode}#token=${token}`;
const state = (page, wanted) => page.waitForFunction((text) => document.getElementById("state").textContent === text, wanted);

async function onDisk(name, wanted) {
  const ends = Date.now() + PATIENCE_MS;
  while (readFileSync(join(folder, name), "utf8") !== wanted) {
    if (Date.now() > ends) assert.fail(readFileSync(join(folder, name), "utf8"));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function launched(page, name, mode, at) {
  page.context().setDefaultTimeout(PATIENCE_MS);
  await page.goto(address(name, mode, at));
}

const CASES = {
  "a frame has the whole editor, and tells what is stored and who is here": {
    path: "about:blank",
    async run(page) {
      const { name } = makeFile(folder, "one\n");
      await launched(page, name, "frame");
      const frame = await (await page.waitForSelector("iframe")).contentFrame();
      const inside = Object.assign(frame, { keyboard: page.keyboard });
      await ready(inside);
      await typeAtEnd(inside, "two");
      await onDisk(name, "one\ntwo");
      await state(page, "stored");
      await page.waitForFunction(() => document.getElementById("people").textContent.includes("Ada"));
      const accent = await frame.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--host-accent"));
      assert.equal(accent, "#7a1fa2");
      await page.evaluate(() => globalThis.embedded.close());
      await state(page, "closed ");
    },
  },
  "an element of the page becomes an editor": {
    path: "about:blank",
    async run(page) {
      const { name } = makeFile(folder, "one\n");
      await launched(page, name, "editor");
      await ready(page);
      await typeAtEnd(page, "two");
      await onDisk(name, "one\ntwo");
      await state(page, "stored");
      assert.equal(await content(page).count(), 1);
    },
  },
  "the document alone is live for an editor of one's own": {
    path: "about:blank",
    async run(page) {
      const { name } = makeFile(folder, "one\n");
      await launched(page, name, "document");
      await page.waitForFunction(() => document.getElementById("editor").textContent === "one\n");
      await page.evaluate(() => globalThis.embedded.text.insert(0, "zero "));
      await page.evaluate(() => globalThis.embedded.save());
      await onDisk(name, "zero one\n");
    },
  },
  "a page of an origin that is not allowed gets nothing": {
    path: "about:blank",
    async run(page) {
      const { name } = makeFile(folder, "one\n");
      await page.goto(`${foreign}/empty`);
      const outcome = await page.evaluate(async ([server, path, secret]) => {
        const { openDocument } = await import(`${server}/static/collab-embed.js`);
        return openDocument({ server, path, token: secret }).then(() => "opened", () => "refused");
      }, [editor, name, token]);
      assert.equal(outcome, "refused");
    },
  },
};

runCases(CASES, { atOnce: 2 });
