// A tab of long ago comes back after its document got a fresh history. Run by test_stale_tab.py.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCases } from "./driver.mjs";

const { sample, folder } = JSON.parse(process.argv[2]);
const WAIT_MS = 30_000;
const WEB_SOCKETS = /\/ws\//;
let files = 0;

function file(content) {
  const name = `stale-${(files += 1)}.md`;
  writeFileSync(join(folder, name), content);
  return { name, path: `/edit/${name}`, disk: join(folder, name) };
}

/** A line to the server that the test can cut; requests without a socket go on. */
async function cuttable(page) {
  const line = { cut: false, sockets: [] };
  await page.context().routeWebSocket(WEB_SOCKETS, (socket) => {
    if (line.cut) return void socket.close({ code: 1012 });
    const server = socket.connectToServer();
    line.sockets.push({ socket, server });
  });
  line.drop = async () => {
    line.cut = true;
    for (const { socket, server } of line.sockets.splice(0)) await Promise.all([server.close(), socket.close({ code: 1012 })]);
  };
  return line;
}

async function open(page, target) {
  await page.goto(sample + target.path);
  await page.locator('.cm-content[aria-readonly="false"]').waitFor({ timeout: WAIT_MS });
}

/** The text as its lines show it, without the others' flags in it. */
const text = (page) =>
  page.evaluate(() => {
    const lines = [...document.querySelectorAll(".cm-line")].map((line) => line.cloneNode(true));
    for (const line of lines) for (const caret of line.querySelectorAll(".peer-caret")) caret.remove();
    return lines.map((line) => line.textContent).join("\n").trimEnd();
  });

const shows = (page, wanted) =>
  page.waitForFunction((part) => document.querySelector(".cm-content")?.textContent?.includes(part), wanted, { timeout: WAIT_MS });

async function typeAtEnd(page, words) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(words);
}

const stored = (page) => page.locator('.state-line[data-key^="state.stored"]').waitFor({ timeout: WAIT_MS });

/** Where the page says that what was typed is in this browser, and the whole document beside it. */
async function kept(page) {
  await page.locator('.state-line[data-key^="state."][data-key$="_kept"], .state-line[data-key="state.restarting"]').first().waitFor({ timeout: WAIT_MS });
  await page.waitForFunction(async () => {
    const count = (store) =>
      new Promise((resolve) => {
        const request = indexedDB.open("collab-offline");
        request.onsuccess = () => (request.result.transaction(store).objectStore(store).count().onsuccess = (event) => resolve(event.target.result));
      });
    return (await count("entries")) > 0;
  }, null, { timeout: WAIT_MS });
}

/** Have the server give the document a fresh history, once it has noticed that nobody is there. */
async function rebase(page, target) {
  const headers = { Origin: sample, "Content-Type": "application/json" };
  const opened = await (await page.request.post(`${sample}/api/v1/documents/open`, { headers, data: { path: target.name } })).json();
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await page.request.post(`${sample}/api/v1/documents/${opened.document_id}/rebase`, { headers, data: {} });
    if (answer.ok()) return opened.document_id;
    assert.equal((await answer.json()).error.code, "not_rebased");
    assert.ok(Date.now() < deadline, "the document stays in use");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function nothingKept(page) {
  return page.waitForFunction(() => new Promise((resolve) => {
    const request = indexedDB.open("collab-offline");
    request.onsuccess = () => (request.result.transaction("entries").objectStore("entries").count().onsuccess = (event) => resolve(event.target.result === 0));
  }), null, { timeout: WAIT_MS });
}

await runCases({
  "edits of a tab that was closed offline are merged into the fresh history": {
    async run(page) {
      const target = file("one\n\ntwo\n");
      const line = await cuttable(page);
      await open(page, target);
      await stored(page);
      await line.drop();
      await typeAtEnd(page, "typed long ago");
      await kept(page);
      await page.goto("about:blank");
      await rebase(page, target);
      writeFileSync(target.disk, "one by vim\n\ntwo\n");

      line.cut = false;
      await open(page, target);

      await shows(page, "typed long ago");
      await page.locator(".toast-text", { hasText: "Your offline edits are merged into the document." }).waitFor();
      assert.equal(await text(page), "one by vim\n\ntwo\ntyped long ago");
      await nothingKept(page);
      await stored(page);
      assert.equal(readFileSync(target.disk, "utf8").trimEnd(), "one by vim\n\ntwo\ntyped long ago");
      assert.equal(await page.getByText("kept aside").count(), 0);
    },
  },
  "a tab that was asleep hands over what it has and goes on with the fresh history": {
    async run(page) {
      const target = file("one\n\ntwo\n");
      const line = await cuttable(page);
      await open(page, target);
      await stored(page);
      await line.drop();
      await typeAtEnd(page, "typed asleep");
      await kept(page);
      await rebase(page, target);

      line.cut = false;

      await nothingKept(page);
      await stored(page);
      await shows(page, "typed asleep");
      assert.equal(await text(page), "one\n\ntwo\ntyped asleep");
      await typeAtEnd(page, " and awake");
      await stored(page);
      await page.waitForFunction(() => document.querySelector(".cm-content")?.textContent?.includes("asleep and awake"));
      assert.equal(await text(page), "one\n\ntwo\ntyped asleep and awake");
    },
  },
  "a tab that only reads goes on with the fresh history and doubles nothing": {
    async run(page) {
      const target = file("one\n\ntwo\n");
      const line = await cuttable(page);
      await open(page, target);
      await stored(page);
      await line.drop();
      await rebase(page, target);

      line.cut = false;

      const other = await page.context().newPage();
      await open(other, target);
      await typeAtEnd(other, "from another tab");
      await shows(page, "from another tab");
      assert.equal(await text(page), "one\n\ntwo\nfrom another tab");
    },
  },
  "what both changed is kept in both versions": {
    async run(page) {
      const target = file("one\n\ntwo\n\nthree\n");
      const line = await cuttable(page);
      await open(page, target);
      await stored(page);
      await line.drop();
      await page.locator(".cm-line").nth(2).click();
      await page.keyboard.press("End");
      await page.keyboard.type(" by me");
      await kept(page);
      await page.goto("about:blank");
      await rebase(page, target);
      writeFileSync(target.disk, "one\n\ntwo by vim\n\nthree\n");

      line.cut = false;
      await open(page, target);

      await page.getByText("Two versions of 1 passage").waitFor({ timeout: WAIT_MS });
      const now = await text(page);
      assert.ok(now.includes("two by vim") && now.includes("two by me"), now);
    },
  },
});
