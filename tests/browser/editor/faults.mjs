// A server that dies while people write: nothing is lost, and the page says the truth meanwhile.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { content, open, ready, shows, stateLine, stored, text, withOwnServer, write } from "./page.mjs";

/** Whether this browser keeps edits for when the server is back. Runs in the page. */
function keepsEdits() {
  return new Promise((resolve) => {
    const request = indexedDB.open("collab-offline");
    request.onsuccess = () => {
      const counting = request.result.transaction("entries").objectStore("entries").count();
      counting.onsuccess = () => (request.result.close(), resolve(counting.result > 0));
    };
  });
}

export const cases = {
  "a killed server loses nothing and the page says the truth meanwhile": {
    run: (page) =>
      withOwnServer({ name: "kill.md", content: "before\n" }, async (own) => {
        await open(page, own, own.base);
        await content(page).click();
        await page.keyboard.press("Control+End");
        for (let number = 0; number < 20; number += 1) await page.keyboard.type(`word${number} `);
        await own.kill();
        await page.keyboard.type("while it was away");
        await stateLine(page, "state.offline_kept");
        assert.equal(await page.locator('.cm-content[aria-readonly="false"]').count(), 1);
        await own.start();
        await stored(page);
        const expected = `before\n${Array.from({ length: 20 }, (_, number) => `word${number} `).join("")}while it was away`;
        assert.equal((await text(page)).trimEnd(), expected);
        assert.equal(readFileSync(own.disk, "utf8").trimEnd(), expected);
      }),
  },
  "a tab that was closed offline gives its edits to the next one": {
    run: (page) =>
      withOwnServer({ name: "closed.md", content: "before\n" }, async (own) => {
        await open(page, own, own.base);
        await content(page).click();
        await page.keyboard.press("Control+End");
        await own.kill();
        await page.keyboard.type("typed offline");
        await stateLine(page, "state.offline_kept");
        assert.ok(await page.evaluate(keepsEdits));
        await own.start();
        await page.reload();
        await ready(page);
        await shows(page, "typed offline");
        await stored(page);
        assert.equal(readFileSync(own.disk, "utf8").trimEnd(), "before\ntyped offline");
        await page.waitForFunction(`(${keepsEdits})().then((kept) => !kept)`);
      }),
  },
  "without a store in the browser the page says only in this tab": {
    run: (page) =>
      withOwnServer({ name: "private.md", content: "before\n" }, async (own) => {
        await page.addInitScript(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));
        await open(page, own, own.base);
        await content(page).click();
        await own.kill();
        await page.keyboard.type("fragile");
        await stateLine(page, "state.offline_tab");
        await page.getByRole("button", { name: "Download my copy" }).waitFor();
      }),
  },
};
