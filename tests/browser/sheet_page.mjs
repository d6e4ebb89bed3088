// The editor of spreadsheets in real browsers against a real server. Run by test_sheet_page.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assertAccessible, DARK, fresh, PHONE, runCases } from "./driver.mjs";
import { newPerson, PATIENCE_MS } from "./editor_steps.mjs";

const { folder, sample, olga, ben, rita } = JSON.parse(process.argv[2]);
const FOCUS = "sheet-scroller";

async function open(page, name, token = olga, readOnly = false) {
  page.context().setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${sample}/edit/${fresh(name)}.ods#token=${token}`);
  await page.locator(`.sheet-scroller[aria-readonly="${readOnly}"]`).waitFor();
  await page.getByRole("tab", { name: "Sheet1" }).waitFor();
}

async function joinAs(page, name, token = ben, readOnly = false, options = {}) {
  const other = await newPerson(page, "somebody", options);
  await open(other, name, token, readOnly);
  return other;
}

/** The cell of an address: by its row and column as a screen reader counts them. */
function cell(page, address) {
  const [, letters, row] = /^([A-Z]+)(\d+)$/.exec(address);
  const col = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return page.locator(`[role=row][aria-rowindex="${Number(row) + 1}"] [role=gridcell][aria-colindex="${col + 1}"]`);
}

/** Wait until a cell shows exactly this. */
async function shows(page, address, text) {
  const found = cell(page, address);
  await found.filter({ hasText: text === "" ? /^$/ : new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) }).waitFor({ state: "attached" });
}

async function goTo(page, address) {
  await page.getByRole("textbox", { name: "Cell address" }).fill(address);
  await page.keyboard.press("Enter");
  await page.waitForFunction((name) => document.activeElement?.classList.contains(name), FOCUS);
}

async function write(page, address, text) {
  await goTo(page, address);
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const bar = (page) => page.getByRole("textbox", { name: "Formula bar" });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const stored = (page) => page.locator('.state-line[data-key="state.stored_at"]').waitFor();

/** The column as it is shown, from its first row. */
const column = (page, letter, rows) => Promise.all(Array.from({ length: rows }, (_, row) => cell(page, `${letter}${row + 1}`).textContent()));

const cases = {
  "what one person types another one sees, with a frame that has a name": {
    async run(page) {
      await open(page, "together");
      const other = await joinAs(page, "together");
      await write(page, "A7", "typed by one");
      await shows(other, "A7", "typed by one");
      await goTo(other, "B2");
      await page.locator(".sheet-person .sheet-flag", { hasText: "ben" }).waitFor({ state: "attached" });
      await write(other, "B2", "30");
      await shows(page, "B2", "30");
    },
  },
  "a row inserted by one does not displace what another types": {
    async run(page) {
      await open(page, "insert");
      const other = await joinAs(page, "insert");
      await goTo(other, "A4");
      await other.keyboard.type("date");
      await goTo(page, "A2");
      await press(page, "Shift+Space", "Control+Alt+=");
      await shows(other, "A5", "fig");
      await other.keyboard.press("Enter");
      await shows(page, "A5", "date");
      assert.deepEqual(await column(page, "A", 6), ["Name", "", "pear", "apple", "date", "all"]);
      assert.deepEqual(await column(other, "A", 6), ["Name", "", "pear", "apple", "date", "all"]);
      await goTo(page, "B6");
      assert.equal(await bar(page).inputValue(), "=SUM(B3:B5)");
    },
  },
  "undo takes back one's own edits only": {
    async run(page) {
      await open(page, "undo");
      const other = await joinAs(page, "undo");
      await write(page, "A2", "mine");
      await shows(other, "A2", "mine");
      await write(other, "A3", "theirs");
      await shows(page, "A3", "theirs");
      await press(page, "Control+z");
      await shows(page, "A2", "pear");
      await shows(page, "A3", "theirs");
      await press(page, "Control+y");
      await shows(other, "A2", "mine");
    },
  },
  "the keys of office programs move, extend, write and empty": {
    async run(page) {
      await open(page, "keys");
      const at = () => page.getByRole("textbox", { name: "Cell address" }).inputValue();
      await goTo(page, "A1");
      await press(page, "Control+ArrowDown", "ArrowRight");
      assert.equal(await at(), "B5");
      await press(page, "Control+Home", "Shift+ArrowDown", "Shift+ArrowRight");
      assert.equal(await at(), "A1:B2");
      await press(page, "Delete");
      await shows(page, "B2", "");
      await press(page, "Control+z");
      await goTo(page, "B2");
      await page.keyboard.type("12");
      await press(page, "Tab");
      await page.keyboard.type("50%");
      await press(page, "Enter");
      await shows(page, "B2", "12");
      await shows(page, "C2", "50%");
      await goTo(page, "B2");
      await press(page, "F2", "Backspace", "Escape");
      await shows(page, "B2", "12");
      await goTo(page, "A2");
      await press(page, "Control+b");
      assert.equal(await cell(page, "A2").evaluate((element) => getComputedStyle(element).fontWeight), "700");
    },
  },
  "a formula is computed, also what depends on it, and functions are offered": {
    async run(page) {
      await open(page, "formulas");
      await shows(page, "B5", "6");
      await write(page, "B2", "10");
      await shows(page, "B5", "13");
      await goTo(page, "C1");
      await page.keyboard.type("=MEDI");
      await page.getByRole("option", { name: /^MEDIAN\(/ }).first().waitFor();
      await press(page, "Tab");
      await page.keyboard.type("B2:B4");
      await press(page, "Enter");
      await shows(page, "C1", "2");
      await stored(page);
    },
  },
  "tables and lines from other programs are pasted, cells are copied with their formulas": {
    options: { permissions: ["clipboard-read", "clipboard-write"] },
    async run(page) {
      await open(page, "paste");
      await page.evaluate(() => navigator.clipboard.writeText("x\t1\n\"two\nlines\"\t=1+2\n"));
      await goTo(page, "D1");
      await press(page, "Control+v");
      await shows(page, "D1", "x");
      await shows(page, "E2", "3");
      const html = "<table><tr><td rowspan=2>tall</td><td>1.5</td></tr><tr><td><b>below</b></td></tr></table>";
      await page.evaluate((text) => navigator.clipboard.write([new ClipboardItem({ "text/html": new Blob([text], { type: "text/html" }) })]), html);
      await goTo(page, "D4");
      await press(page, "Control+v");
      await shows(page, "E4", "1.5");
      await shows(page, "E5", "below");
      await goTo(page, "B5");
      await press(page, "Control+c");
      await goTo(page, "E6");
      await press(page, "Control+v");
      await page.waitForFunction(() => document.querySelector(".sheet-bar textarea").value === "=SUM(E3:E5)");
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "6");
    },
  },
  "a table is sorted by a column, and its total stays below": {
    async run(page) {
      await open(page, "sort");
      await goTo(page, "B2:B4");
      await button(page, "Sort A to Z").click();
      await shows(page, "B2", "1");
      await page.waitForFunction(() => document.querySelectorAll('[aria-colindex="2"][role=gridcell]').length > 4);
      await goTo(page, "B5");
      assert.equal(await bar(page).inputValue(), "=SUM(B2:B4)");
      await press(page, "Control+z");
      await shows(page, "B2", "3");
    },
  },
  "sheets are added and renamed, found words are replaced, and the file is stored": {
    async run(page) {
      const before = readFileSync(join(folder, fresh("sheets.ods")));
      await open(page, "sheets");
      await stored(page);
      assert.ok(before.equals(readFileSync(join(folder, fresh("sheets.ods")))), "opening alone changed the file");
      await press(page, "Control+f");
      await page.getByRole("searchbox", { name: "Find in this sheet" }).fill("pear");
      await page.getByText("1 cell", { exact: true }).waitFor();
      await page.getByRole("textbox", { name: "Replace with" }).fill("plum");
      await button(page, "Replace all").click();
      await shows(page, "A2", "plum");
      await press(page, "Escape");
      await button(page, "Add a sheet").click();
      await page.getByRole("tab", { name: "Sheet2", selected: true }).waitFor();
      await write(page, "B2", "second");
      await page.getByRole("tab", { name: "Sheet2" }).dblclick();
      await page.getByLabel("Name of the sheet").fill("Plan");
      await page.keyboard.press("Enter");
      await page.getByRole("tab", { name: "Plan" }).waitFor();
      await page.waitForFunction(() => document.querySelector(".state-line")?.dataset.key !== "state.stored_at");
      await stored(page);
      assert.ok(!before.equals(readFileSync(join(folder, fresh("sheets.ods")))));
    },
  },
  "who may only read cannot write, and can copy": {
    options: { permissions: ["clipboard-read", "clipboard-write"] },
    async run(page) {
      await open(page, "reader", rita, true);
      await goTo(page, "A2");
      await page.keyboard.type("mine");
      await press(page, "Enter", "Delete");
      await shows(page, "A2", "pear");
      assert.equal(await page.locator(".sheet-toolbar").isVisible(), false);
      await goTo(page, "A2:B2");
      await press(page, "Control+c");
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "pear\t3");
    },
  },
  "the page is accessible in light, in dark and while somebody writes": {
    async run(page) {
      await open(page, "looks");
      await goTo(page, "A1:B5");
      await assertAccessible(page);
      await goTo(page, "C1");
      await page.keyboard.type("=SUM(B2:B4)+A1");
      await assertAccessible(page);
      await press(page, "Escape");
      const other = await joinAs(page, "looks", ben, false, DARK);
      await goTo(other, "B2");
      await assertAccessible(other);
    },
  },
  "on a phone nothing is wider than the window, and a cell is written in the bar below": {
    options: PHONE,
    async run(page) {
      await open(page, "phone");
      await assertAccessible(page);
      const { wide, view } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, view: innerWidth }));
      assert.ok(wide <= view, `${wide} > ${view}`);
      await cell(page, "B2").tap();
      await page.waitForFunction(() => document.querySelector(".sheet-name").value === "B2");
      await bar(page).tap();
      await bar(page).fill("7");
      await button(page, "Done").tap();
      await shows(page, "B2", "7");
    },
  },
};

await runCases(cases, { atOnce: 3 });
