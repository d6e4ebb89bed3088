// A lecture: three hundred people in one document, in a real browser against a real server. Run by test_crowd.py.
import assert from "node:assert/strict";
import { runCases } from "./driver.mjs";

const PEOPLE = 300;
const PATIENCE_MS = 60_000;

/** Runs in a page of its own: people who come by the protocol, with names of theirs, and move about. */
async function crowd(count) {
  const varint = (number) => (number < 128 ? [number] : [(number % 128) + 128, ...varint(Math.floor(number / 128))]);
  const bytes = (content) => [...varint(content.length), ...content];
  const presence = (client, clock) => {
    const end = { type: null, tname: "source", item: null, assoc: 0 };
    const state = [...new TextEncoder().encode(JSON.stringify({ role: "viewer", clock, cursor: { anchor: end, head: end } }))];
    return new Uint8Array([1, ...bytes([1, ...varint(client), ...varint(clock), ...bytes(state)])]);
  };
  const join = async (number) => {
    const body = JSON.stringify({ path: "talk.md", name: `Person ${String(number).padStart(3, "0")}` });
    const opened = await fetch("/api/v1/documents/open", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const socket = new WebSocket((await opened.json()).websocket_url);
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    let clock = 1;
    const move = () => socket.send(presence(number + 1, clock++));
    move();
    setInterval(move, 2_000 + number);
  };
  for (let number = 0; number < count; number += 1) await join(number);
}

async function lecture(page) {
  page.setDefaultTimeout(PATIENCE_MS);
  const audience = await page.context().newPage();
  audience.setDefaultTimeout(PATIENCE_MS);
  await audience.goto(page.url());
  await page.goto(new URL("/edit/talk.md", page.url()).href);
  await page.locator('.cm-content[aria-readonly="false"]').waitFor();
  await audience.evaluate(crowd, PEOPLE);
  await page.locator(".people-more", { hasText: `+${PEOPLE - 5}` }).waitFor();
}

await runCases({
  "three hundred people are five faces and a count, and their list scrolls to the last one": {
    async run(page) {
      await lecture(page);
      assert.equal(await page.locator(".people-chip").count(), 5);
      const label = await page.locator(".people-bar").getAttribute("aria-label");
      assert.match(label, /and 295 others/);
      assert.ok(label.length < 200, label);

      await page.locator(".people-more").click();
      const menu = page.getByRole("menu");
      assert.equal(await menu.getByRole("menuitem").count(), PEOPLE);
      const last = menu.getByRole("menuitem").last();
      await last.scrollIntoViewIfNeeded();
      const [box, view] = [await menu.boundingBox(), page.viewportSize()];
      assert.ok(box.y >= 0 && box.y + box.height <= view.height, JSON.stringify(box));
      assert.ok(await menu.evaluate((item) => item.scrollHeight > item.clientHeight && item.scrollTop > 0));
      assert.match(await last.textContent(), /Person 299/);
    },
  },
  "one can write while three hundred people move": {
    async run(page) {
      await lecture(page);
      await page.locator(".cm-content").click();
      await page.keyboard.press("Control+Home");
      await page.keyboard.type("typed while all move ");
      await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("typed while all move"));
      await page.getByText(/^(Saved|Stored)/).first().waitFor();
    },
  },
});
