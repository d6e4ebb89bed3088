// The text and its file: what is said about it, what others do to it outside.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { assertAccessible } from "../driver.mjs";
import { file, open, paste, shows, stored, text, withOwnServer, write } from "./page.mjs";

const sample = JSON.parse(process.argv[2]).sample;
/** What was typed is stored late; the storage is looked at after a quarter of that. */
const LATE_SAVES = { COLLAB_SAVE_DEBOUNCE_S: "12", COLLAB_SAVE_MAX_WAIT_S: "120" };

async function post(base, path, body) {
  const response = await fetch(`${base}/api/v1/documents/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  assert.ok(response.ok, await response.clone().text());
  return response.json();
}

export const cases = {
  "the state says stored only when the file has the last edit": {
    async run(page) {
      const target = file("start\n");
      await open(page, target);
      await write(page, "the last edit");
      await stored(page);
      assert.match(readFileSync(target.disk, "utf8"), /the last edit/);
    },
  },
  "a change outside is merged, told and shown": {
    async run(page) {
      const target = file("one\n\ntwo\n\nthree\n");
      await open(page, target);
      writeFileSync(target.disk, "one\n\ntwo\n\nthree from outside\n");
      await shows(page, "three from outside");
      await page.getByText("Changed on disk in 1 place just now").first().waitFor();
      await page.getByRole("button", { name: "Show" }).click();
      await page.locator(".changed-line", { hasText: "three" }).waitFor();
      await page.getByRole("button", { name: "Close" }).click();
      await page.locator(".changed-line").waitFor({ state: "detached" });
    },
  },
  "the same line changed on both sides keeps both until one chooses": {
    run: (page) =>
      withOwnServer({ name: "both.md", content: "first\n\nsecond\n\nthird\n", settings: LATE_SAVES }, async (own) => {
        await open(page, own, own.base);
        await page.locator(".cm-line").nth(2).click();
        await page.keyboard.press("End");
        await page.keyboard.type(" by me");
        writeFileSync(own.disk, "first\n\nsecond by another\n\nthird\n");
        await page.getByText("Two versions of 1 passage").waitFor();
        await page.getByRole("button", { name: "Compare versions" }).click();
        await assertAccessible(page);
        await page.getByRole("button", { name: "Keep the version here" }).click();
        await page.getByText("Two versions of 1 passage").waitFor({ state: "detached" });
        assert.equal((await text(page)).trimEnd(), "first\n\nsecond by me\n\nthird");
        const { document_id } = await post(own.base, "open", { path: "both.md" });
        await post(own.base, `${document_id}/save`, {});
        await stored(page);
        assert.equal(readFileSync(own.disk, "utf8"), "first\n\nsecond by me\n\nthird\n");
      }),
  },
  "the document is downloaded in another format, with what was typed last": {
    run: (page) =>
      withOwnServer({ name: "export.md", content: "# Title\n", settings: { COLLAB_EXPORT_OFFICE: "none" } }, async (own) => {
        await open(page, own, own.base);
        await page.locator(".cm-line").first().click();
        await page.keyboard.press("End");
        await page.keyboard.type(" typed last");
        await page.getByRole("button", { name: "Document menu" }).click();
        await page.getByRole("menuitem", { name: "Download as …" }).click();
        const pdf = page.getByRole("menuitem", { name: "PDF (.pdf) – not on this server" });
        await pdf.waitFor();
        assert.ok(await pdf.isDisabled());
        assert.match(await pdf.getAttribute("title"), /LibreOffice/);
        await assertAccessible(page);
        const waiting = page.waitForEvent("download");
        await page.getByRole("menuitem", { name: "HTML (.html)" }).click();
        const download = await waiting;
        assert.equal(download.suggestedFilename(), "export.html");
        assert.match(readFileSync(await download.path(), "utf8"), /<h1>Title typed last<\/h1>/);
        await page.getByText("HTML: the download has begun.").first().waitFor();
      }),
  },
  "a very large paste arrives whole": {
    async run(page) {
      const target = file("", "txt");
      await open(page, target);
      await paste(page, `${"0123456789abcdef".repeat(100_000)}END`);
      await stored(page);
      assert.equal(readFileSync(target.disk, "utf8").length, 1_600_003);
    },
  },
  "a file that the storage does not let change is read-only with its reason": {
    async run(page) {
      await page.goto(`${sample}/edit/locked.md`);
      await page.getByText("Read-only").waitFor();
      await page.locator('.cm-content[aria-readonly="true"]').waitFor();
    },
  },
};
