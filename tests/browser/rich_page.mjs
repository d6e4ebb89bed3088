// The editor of documents in real browsers against a real server. Run by test_rich_page.py.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assertAccessible, fresh, PHONE, runCases } from "./driver.mjs";
import { newPerson, PATIENCE_MS } from "./editor_steps.mjs";

const { folder, sample } = JSON.parse(process.argv[2]);
const address = (name) => `/edit/${fresh(name)}`;
const body = (page) => page.locator(".rich-body");
const shows = (page, words) => body(page).getByText(words).first().waitFor();
const stored = (page) => page.locator('.state-line[data-key="state.stored_at"]').waitFor();

async function open(page, name) {
  page.context().setDefaultTimeout(PATIENCE_MS);
  await page.goto(sample + address(name));
  await page.locator('.rich-body[contenteditable="true"] > *').first().waitFor();
}

async function joinAs(page, name, person) {
  const other = await newPerson(page, person);
  await open(other, name);
  return other;
}

async function write(page, words) {
  await body(page).locator("p").first().click();
  await page.keyboard.press("End");
  await page.keyboard.insertText(words);
}

const cases = {
  "what one person types another one sees, with a cursor that has a flag": {
    async run(page) {
      await open(page, "together.odt");
      const other = await joinAs(page, "together.odt", "Ben Berg");
      await write(page, " typed by one");
      await shows(other, "typed by one");
      await write(other, ", then by two");
      await shows(page, "typed by one, then by two");
      await page.locator(".peer-flag", { hasText: "Ben Berg" }).waitFor({ state: "attached" });
    },
  },
  "undo takes back one's own edits only": {
    async run(page) {
      await open(page, "undo.odt");
      const other = await joinAs(page, "undo.odt", "Ben Berg");
      await write(page, " mine");
      await shows(other, "mine");
      await write(other, " theirs");
      await shows(page, "theirs");
      await body(page).click();
      await page.keyboard.press("Control+z");
      await page.waitForFunction(() => !document.querySelector(".rich-body")?.textContent?.includes("mine"));
      await shows(page, "theirs");
    },
  },
  "a bold word is written into the file, and opening alone writes nothing": {
    async run(page) {
      const before = readFileSync(join(folder, fresh("bold.docx")));
      await open(page, "bold.docx");
      await stored(page);
      assert.ok(before.equals(readFileSync(join(folder, fresh("bold.docx")))));
      await body(page).locator("p").first().click();
      await page.keyboard.press("Home");
      await page.keyboard.press("Shift+End");
      await page.getByRole("button", { name: "Bold", exact: true }).click();
      await body(page).locator("strong").waitFor();
      await page.waitForFunction(() => document.querySelector(".state-line")?.dataset.key !== "state.stored_at");
      await stored(page);
      assert.ok(!before.equals(readFileSync(join(folder, fresh("bold.docx")))));
    },
  },
  "a heading, a list and a table by keys and toolbar": {
    async run(page) {
      await open(page, "make.odt");
      await write(page, " words");
      await page.keyboard.press("Control+Alt+1");
      await body(page).locator("h1").waitFor();
      await page.keyboard.press("Enter");
      await page.keyboard.type("- item");
      await body(page).locator("ul li").waitFor();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Insert a table" }).click();
      await body(page).locator("td").nth(8).waitFor();
      await stored(page);
    },
  },
  "find and replace all": {
    async run(page) {
      await open(page, "find.odt");
      await write(page, " one two one");
      await page.keyboard.press("Control+f");
      await page.getByRole("searchbox", { name: "Find" }).fill("one");
      await page.getByText("2 matches").waitFor();
      await page.getByRole("textbox", { name: "Replace with" }).fill("three");
      await page.getByRole("button", { name: "Replace all" }).click();
      await shows(page, "three two three");
    },
  },
  "the outline names the headings": {
    async run(page) {
      await open(page, "outline.odt");
      await write(page, "# not yet");
      await page.keyboard.press("Control+Alt+2");
      await body(page).locator("h2").waitFor();
      await page.getByRole("button", { name: "Outline", exact: true }).click();
      await page.locator("nav, aside").getByText("not yet").first().waitFor();
    },
  },
  "two versions of a paragraph are told until somebody has seen them": {
    async run(page) {
      await open(page, "both.odt");
      const told = page.getByText("Two versions of 1 passage");
      for (const version of [1, 2, 3, 4]) {
        // A save that is faster than the outside change makes it no conflict: then once more.
        await write(page, ` mine ${version}`);
        copyFileSync(join(folder, "..", `outside${version}.odt`), join(folder, fresh("both.odt")));
        await shows(page, `outside ${version}`);
        if (await told.waitFor({ timeout: 5000 }).then(() => true, () => false)) break;
      }
      await told.waitFor();
      await page.getByRole("button", { name: "Compare versions" }).click();
      await page.locator(".conflict pre", { hasText: "mine" }).waitFor();
      await page.locator(".conflict pre", { hasText: "outside" }).waitFor();
      await assertAccessible(page);
      await page.getByRole("button", { name: "Seen" }).click();
      await told.waitFor({ state: "detached" });
      await shows(page, "mine");
      await shows(page, "outside");
    },
  },
  "the page is accessible, also on a phone": {
    async run(page) {
      await open(page, "phone.odt");
      await assertAccessible(page);
      const other = await newPerson(page, "Ben Berg", PHONE);
      await open(other, "phone.odt");
      await assertAccessible(other);
      const { wide, view } = await other.evaluate(() => ({ wide: document.documentElement.scrollWidth, view: innerWidth }));
      assert.ok(wide <= view, `${wide} > ${view}`);
    },
  },
};

await runCases(cases, { atOnce: 3 });
