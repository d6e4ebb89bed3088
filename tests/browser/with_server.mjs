// The start page and sharing against the real server. Run by test_with_server.py.
import assert from "node:assert/strict";
import { assertAccessible, runCases } from "./driver.mjs";

const row = (page, name) => page.getByRole("row", { name });

async function make(page, kind, name) {
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("menuitem", { name: kind }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create" }).click();
}

async function shareLink(page, file) {
  await row(page, file).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Share" }).click();
  await page.getByRole("button", { name: "Create link" }).click();
  return page.getByRole("textbox", { name: "Link to share" }).inputValue();
}

await runCases({
  "a folder and a file in it are made": {
    async run(page) {
      await make(page, "Folder", "plans");
      await row(page, /plans/).click();
      await page.getByRole("heading", { name: "This folder is empty" }).waitFor();
      await make(page, "Markdown", "first");
      await page.waitForURL("**/edit/plans/first.md*");
    },
  },
  "a file that is there already is not made again": {
    async run(page) {
      await make(page, "Markdown", "notes.md");
      await page.getByText("There is already something called “notes.md” here.").waitFor();
    },
  },
  "an uploaded file is there with its size": {
    async run(page) {
      await row(page, /notes\.md/).waitFor();
      await page.locator("input[type=file]").setInputFiles({ name: "up.txt", mimeType: "text/plain", buffer: Buffer.alloc(2000, "x") });
      await row(page, /up\.txt/).waitFor();
      assert.match(await row(page, /up\.txt/).textContent(), /2 kB/);
    },
  },
  "an upload over a file replaces it only when told so": {
    async run(page) {
      await row(page, /table\.csv/).waitFor();
      await page.locator("input[type=file]").setInputFiles({ name: "table.csv", mimeType: "text/csv", buffer: Buffer.alloc(3000, "y") });
      await page.getByRole("button", { name: "Replace" }).click();
      await page.waitForFunction(() => [...document.querySelectorAll(".row")].some((item) => /table\.csv.*3 kB/s.test(item.textContent ?? "")));
    },
  },
  "a file is renamed and deleted": {
    async run(page) {
      await row(page, /old\.txt/).focus();
      await page.keyboard.press("F2");
      await page.keyboard.type("new");
      await page.keyboard.press("Enter");
      await row(page, /new\.txt/).waitFor();
      await row(page, /new\.txt/).focus();
      await page.keyboard.press("Delete");
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await row(page, /new\.txt/).waitFor({ state: "detached" });
    },
  },
  "a picture is shown and can be downloaded": {
    async run(page) {
      await row(page, /picture\.png/).click();
      const image = page.getByRole("img", { name: "picture.png" });
      await image.waitFor();
      assert.equal(await image.evaluate((item) => item.naturalWidth), 1);
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
      assert.equal(download.suggestedFilename(), "picture.png");
    },
  },
  "search finds a file below": {
    async run(page) {
      await page.getByRole("searchbox").fill("deep");
      await row(page, /deep\.md/).waitFor();
      assert.match(await row(page, /deep\.md/).textContent(), /below\/further/);
    },
  },
  "who opens a document is shown to the others": {
    async run(page) {
      await row(page, /notes\.md/).waitFor();
      const other = await page.context().newPage();
      await other.goto(page.url());
      await row(other, /notes\.md/).click();
      await page.getByRole("navigation", { name: "Open now" }).getByRole("link", { name: /notes\.md/ }).waitFor();
      await other.close();
    },
  },
  "a share link opens the document and is listed until it is revoked": {
    async run(page) {
      const url = await shareLink(page, /notes\.md/);
      const other = await page.context().newPage();
      await other.goto(url);
      await other.waitForURL("**/edit/notes.md*");
      assert.equal(other.url().includes("#"), false);
      await other.close();
      const dialog = page.getByRole("dialog", { name: /Share/ });
      await dialog.getByRole("button", { name: "Revoke" }).last().click();
      await page.getByRole("dialog", { name: "Revoke this link?" }).getByRole("button", { name: "Revoke" }).click();
      await dialog.getByRole("button", { name: "Revoke" }).waitFor({ state: "detached" });
      const late = await page.context().newPage();
      await late.goto(url);
      await late.getByRole("heading", { name: "This page could not be opened" }).waitFor();
    },
  },
  "axe finds nothing on the real start page": {
    async run(page) {
      await row(page, /notes\.md/).waitFor();
      await assertAccessible(page);
    },
  },
});
