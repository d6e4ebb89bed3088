// The start page in a real browser: what a person sees and does. Run by test_start_page.py.
import assert from "node:assert/strict";
import { assertAccessible, DARK, PHONE, runCases } from "./driver.mjs";

const row = (page, name) => page.getByRole("row", { name });
const focusedRow = (page) => page.evaluate(() => document.activeElement?.closest("[role=row]")?.querySelector(".row-name")?.textContent);

async function ready(page) {
  await row(page, /notes\.md/).waitFor();
}

async function search(page, text) {
  await page.getByRole("searchbox").fill(text);
}

await runCases({
  "the list shows name, people, date and size of each entry": {
    async run(page) {
      await ready(page);
      assert.match(await row(page, /archive\.zip/).textContent(), /48 MB/);
      assert.equal(await row(page, /notes\.md/).getByRole("img", { name: "Anna Weber and Mikael Berg" }).count(), 1);
    },
  },
  "the now strip leads to a document that is open": {
    async run(page) {
      await page.getByRole("navigation", { name: "Open now" }).getByRole("link", { name: /chapter-2/ }).click();
      await page.waitForURL("**/edit/thesis/chapter-2.tex?root=files");
    },
  },
  "the keyboard goes into a folder and back to where it was": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      assert.equal(await focusedRow(page), "thesis");
      await page.keyboard.press("Enter");
      await row(page, /chapter-1/).waitFor();
      await page.keyboard.press("Backspace");
      await ready(page);
      await page.waitForFunction(() => document.activeElement?.textContent?.includes("thesis"));
    },
  },
  "back and forward follow the folders": {
    async run(page) {
      await ready(page);
      await row(page, /thesis/).click();
      await row(page, /chapter-1/).waitFor();
      assert.match(page.url(), /path=thesis/);
      await page.goBack();
      await ready(page);
      await page.goForward();
      await row(page, /chapter-1/).waitFor();
    },
  },
  "a click on a document opens the editor": {
    async run(page) {
      await row(page, /paper\.tex/).click();
      await page.waitForURL("**/edit/paper.tex*");
    },
  },
  "a file that is not text opens a page with size and download": {
    async run(page) {
      await row(page, /archive\.zip/).click();
      await page.getByRole("heading", { name: "archive.zip" }).last().waitFor();
      assert.match(await page.getByRole("main").textContent(), /48 MB/);
      assert.match(await page.getByRole("link", { name: "Download" }).getAttribute("href"), /content\?root=files&path=archive\.zip/);
    },
  },
  "a text that is too large says so": {
    path: "/?file=huge.csv",
    async run(page) {
      await page.getByText("too large to be edited live").waitFor();
    },
  },
  "search finds while one types and Escape ends it": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("/");
      await page.keyboard.type("chapter");
      await row(page, /chapter-1/).waitFor();
      await page.waitForURL(/q=chapter/);
      await page.keyboard.press("Escape");
      await ready(page);
    },
  },
  "a search without a hit says what was looked for": {
    async run(page) {
      await search(page, "zebra");
      await page.getByRole("heading", { name: "Nothing is called “zebra”" }).waitFor();
    },
  },
  "an empty folder says what to do": {
    path: "/?path=empty",
    async run(page) {
      await page.getByRole("heading", { name: "This folder is empty" }).waitFor();
      await page.getByRole("button", { name: "New file or folder" }).click();
      await page.getByRole("menuitem", { name: "Markdown" }).waitFor();
    },
  },
  "a folder that is gone gives a reason and a way on": {
    path: "/?path=gone",
    async run(page) {
      await page.getByText("This folder does not exist.").waitFor();
      await page.getByRole("button", { name: "Try again" }).waitFor();
    },
  },
  "New makes a file with the extension of its kind and opens it": {
    path: "/?path=empty",
    async run(page) {
      await page.getByRole("button", { name: "New", exact: true }).click();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("textbox", { name: "Name" }).fill("draft");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/edit/empty/draft.tex*");
    },
  },
  "New makes a file from a template and opens it": {
    path: "/?path=empty",
    async run(page) {
      await page.waitForLoadState("networkidle");
      await page.getByRole("button", { name: "New", exact: true }).click();
      await page.getByRole("menuitem", { name: "Minutes.md" }).click();
      await page.getByRole("textbox", { name: "Name" }).fill("monday");
      const asked = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/api/v1/files"));
      await page.keyboard.press("Enter");
      assert.deepEqual((await asked).postDataJSON(), { root: "files", path: "empty/monday.md", template: "Minutes.md" });
      await page.waitForURL("**/edit/empty/monday.md*");
    },
  },
  "New refuses a name that is taken and keeps what was typed": {
    async run(page) {
      await page.getByRole("button", { name: "New", exact: true }).click();
      await page.getByRole("menuitem", { name: "Markdown" }).click();
      await page.getByRole("textbox", { name: "Name" }).fill("notes.md");
      await page.getByRole("button", { name: "Create" }).click();
      await page.getByText("There is already something called “notes.md” here.").waitFor();
      assert.equal(await page.getByRole("textbox", { name: "Name" }).inputValue(), "notes.md");
    },
  },
  "F2 renames with the extension left out of the selection": {
    async run(page) {
      await ready(page);
      await row(page, /todo\.txt/).focus();
      await page.keyboard.press("F2");
      await page.keyboard.type("done");
      await page.keyboard.press("Enter");
      await row(page, /done\.txt/).waitFor();
      await page.waitForFunction(() => document.activeElement?.textContent?.includes("done.txt"));
    },
  },
  "Delete asks, says that it is final, and removes": {
    async run(page) {
      await ready(page);
      await row(page, /settings\.json/).focus();
      await page.keyboard.press("Delete");
      await page.getByText("Deleting is final").waitFor();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await row(page, /settings\.json/).waitFor({ state: "detached" });
    },
  },
  "Escape in the question deletes nothing": {
    async run(page) {
      await ready(page);
      await row(page, /budget\.csv/).focus();
      await page.keyboard.press("Delete");
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.equal(await row(page, /budget\.csv/).count(), 1);
    },
  },
  "Shift selects several and the bar says how many": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("Shift+ArrowDown");
      await page.keyboard.press("Shift+ArrowDown");
      await page.getByText("3 selected").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "New", exact: true }).waitFor();
    },
  },
  "an upload arrives in the list": {
    async run(page) {
      await ready(page);
      await page.locator("input[type=file]").setInputFiles({ name: "upload-1.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
      await row(page, /upload-1\.txt/).waitFor();
    },
  },
  "an upload over a file asks, and keeps both when told so": {
    async run(page) {
      await ready(page);
      await page.locator("input[type=file]").setInputFiles({ name: "README.md", mimeType: "text/plain", buffer: Buffer.from("hello") });
      await page.getByRole("button", { name: "Keep both" }).click();
      await row(page, /README \(2\)\.md/).waitFor();
    },
  },
  "a dropped file is uploaded": {
    async run(page) {
      await ready(page);
      const transfer = await page.evaluateHandle(() => {
        const data = new DataTransfer();
        data.items.add(new File(["dropped"], "dropped.txt"));
        return data;
      });
      await page.dispatchEvent("main", "dragover", { dataTransfer: transfer });
      await page.getByText("Drop to upload").waitFor();
      await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
      await row(page, /dropped\.txt/).waitFor();
    },
  },
  "a column sorts and says so to screen readers": {
    async run(page) {
      await ready(page);
      await page.getByRole("button", { name: "Size" }).click();
      assert.equal(await page.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort"), "descending");
      const names = await page.locator(".row-file .row-name").allTextContents();
      assert.equal(names[0], "huge.csv");
    },
  },
  "the menu of an entry opens with the pointer and gives the focus back": {
    async run(page) {
      await ready(page);
      await row(page, /notes\.md/).click({ button: "right" });
      await page.getByRole("menuitem", { name: "Rename" }).waitFor();
      await page.keyboard.press("Escape");
      assert.equal(await focusedRow(page), "notes.md");
    },
  },
  "sharing makes a link that can be copied": {
    async run(page) {
      await ready(page);
      await page.getByRole("button", { name: "What to do with notes.md" }).click({ force: true });
      await page.getByRole("menuitem", { name: "Share" }).click();
      await page.getByText("Can read").last().waitFor();
      await page.getByRole("button", { name: "Create link" }).click();
      assert.equal(await page.getByRole("textbox", { name: "Link to share" }).inputValue(), "http://127.0.0.1/s#right");
    },
  },
  "the palette finds a command by a few letters": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("Control+k");
      await page.keyboard.type("dark");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    },
  },
  "the palette finds files of other folders": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("Control+p");
      await page.keyboard.type("run-1");
      await page.getByRole("option", { name: /run-1\.csv/ }).waitFor();
      await page.keyboard.press("Enter");
      await page.waitForURL("**/edit/Measurements%202026/run-1.csv*");
    },
  },
  "the help lists the keys of this page": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("Control+/");
      const help = page.getByRole("dialog", { name: "Keys" });
      await help.getByText("Rename").waitFor();
      await assertAccessible(page);
    },
  },
  "the chosen theme is there before the first paint of the next visit": {
    async run(page) {
      await page.evaluate(() => localStorage.setItem("collab.theme", "dark"));
      await page.reload({ waitUntil: "commit" });
      await page.waitForSelector("head link[rel=stylesheet]", { state: "attached" });
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    },
  },
  "a guest gets a name and may change it": {
    async run(page) {
      await page.getByRole("button", { name: /^You are \w+ \w+/ }).click();
      await page.getByRole("menuitem", { name: /change name/ }).click();
      await page.getByRole("textbox", { name: "Your name" }).fill("Eve");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: /^You are Eve/ }).waitFor();
    },
  },
  "markup in a name stays text": {
    path: "/?path=%3Cimg%20src=x%20onerror=alert(1)%3E",
    async run(page) {
      await page.getByText("This folder could not be opened").waitFor();
      assert.equal(await page.locator("header img").count(), 0);
      assert.match(await page.locator("header").textContent(), /<img src=x/);
    },
  },
  "a share link opens the document and leaves no secret in the address": {
    path: "/s#right",
    async run(page) {
      await page.waitForURL("**/edit/notes.md*");
      const kept = await page.evaluate(() => sessionStorage.getItem("collab.opened"));
      assert.equal(JSON.parse(kept).opened.document_id, "d1");
      assert.equal(await page.evaluate(() => location.hash), "");
    },
  },
  "a share link that was revoked says so": {
    path: "/s#wrong",
    async run(page) {
      await page.getByText("This link does not work any more.").waitFor();
      assert.equal(await page.evaluate(() => location.hash), "");
    },
  },
  "on a phone every target is large enough and nothing is cut off": {
    options: PHONE,
    async run(page) {
      await ready(page);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll("button, .row, .now-card")]
          .filter((item) => item.checkVisibility() && !item.closest(".grid-head") && item.getBoundingClientRect().height < 44)
          .map((item) => item.className),
      );
      assert.deepEqual(small, []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    },
  },
  "axe finds nothing in the list": { run: async (page) => (await ready(page), await assertAccessible(page)) },
  "axe finds nothing in the dark list": { options: DARK, run: async (page) => (await ready(page), await assertAccessible(page)) },
  "axe finds nothing on a phone": { options: PHONE, run: async (page) => (await ready(page), await assertAccessible(page)) },
  "axe finds nothing in an open menu and its dialog": {
    async run(page) {
      await ready(page);
      await page.getByRole("button", { name: "New", exact: true }).click();
      await assertAccessible(page);
      await page.getByRole("menuitem", { name: "Folder" }).click();
      await assertAccessible(page);
    },
  },
  "axe finds nothing in the share dialog": {
    async run(page) {
      await ready(page);
      await page.getByRole("button", { name: "What to do with notes.md" }).click({ force: true });
      await page.getByRole("menuitem", { name: "Share" }).click();
      await page.getByText("Can read").last().waitFor();
      await page.getByRole("button", { name: "Create link" }).click();
      await page.getByRole("textbox", { name: "Link to share" }).waitFor();
      await assertAccessible(page);
    },
  },
  "axe finds nothing in the palette": {
    async run(page) {
      await ready(page);
      await page.keyboard.press("Control+k");
      await page.getByRole("option").first().waitFor();
      await assertAccessible(page);
    },
  },
  "axe finds nothing on the page of a file": {
    path: "/?file=archive.zip",
    async run(page) {
      await page.getByRole("link", { name: "Download" }).waitFor();
      await assertAccessible(page);
    },
  },
  "of ten thousand files only those that are seen are in the page": {
    server: "many",
    async run(page) {
      await row(page, /measurement-00000/).waitFor();
      await page.keyboard.press("End");
      await page.waitForFunction(() => document.activeElement?.textContent?.includes("measurement-09999"));
      assert.equal(await page.getByRole("grid").getAttribute("aria-rowcount"), "10001");
      assert.ok((await page.locator(".row").count()) < 80);
    },
  },
  "wherever one scrolls among ten thousand files there are rows": {
    server: "many",
    async run(page) {
      await row(page, /measurement-00000/).waitFor();
      for (const part of [0.1, 0.5, 0.9, 0.3]) {
        const seen = await page.evaluate(async (to) => {
          const grid = document.querySelector(".grid");
          grid.scrollTop = grid.scrollHeight * to;
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          const { left, top, height } = grid.getBoundingClientRect();
          const places = [40, height / 2, height - 4].map((y) => document.elementFromPoint(left + 100, top + y));
          return places.map((item) => item?.closest(".row") !== null);
        }, part);
        assert.deepEqual(seen, [true, true, true]);
      }
    },
  },
  "the row with the focus stays when it is scrolled out of sight": {
    server: "many",
    async run(page) {
      await row(page, /measurement-00000/).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.evaluate(() => (document.querySelector(".grid").scrollTop = 200_000));
      await row(page, /measurement-050/).first().waitFor();
      assert.equal(await focusedRow(page), "measurement-00001.csv");
      await page.keyboard.press("ArrowDown");
      assert.equal(await focusedRow(page), "measurement-00002.csv");
    },
  },
  "several roots are a list of their own": {
    server: "roots",
    async run(page) {
      await row(page, /team/).waitFor();
      await row(page, /files/).click();
      await ready(page);
      assert.match(page.url(), /root=files/);
      await page.getByRole("navigation", { name: "Where you are" }).getByRole("link", { name: "Files", exact: true }).click();
      await row(page, /team/).waitFor();
    },
  },
  "a folder that may only be read offers nothing that would fail": {
    server: "reader",
    async run(page) {
      await ready(page);
      assert.equal(await page.getByRole("button", { name: "New", exact: true }).count(), 0);
      await row(page, /notes\.md/).click({ button: "right" });
      assert.deepEqual(await page.getByRole("menuitem").allTextContents(), ["Open↵", "Open in a new tab", "Share …", "Download"]);
    },
  },
  "a token in the address signs in and leaves the address": {
    server: "token",
    path: "/#token=good-token",
    async run(page) {
      await ready(page);
      assert.equal(page.url().includes("good-token"), false);
      await page.context().clearCookies();
    },
  },
  "a token that does not work is explained, and another one may be pasted": {
    server: "closed",
    path: "/#token=old-token",
    async run(page) {
      await page.getByText("This token does not work").waitFor();
      assert.equal(page.url().includes("old-token"), false);
      await assertAccessible(page);
      await page.getByLabel("Link or token").fill("http://127.0.0.1/#token=good-token");
      await page.keyboard.press("Enter");
      await ready(page);
    },
  },
});
