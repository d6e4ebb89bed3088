// Owns what cases of the notebook editor share: files, opening, a second person, what the cells show, what the file has.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newWindow } from "../driver.mjs";

const { sample, folder } = JSON.parse(process.argv[2]);
let files = 0;

export const code = (id, source, outputs = [], more = {}) => ({ cell_type: "code", id, metadata: {}, source, outputs, execution_count: null, ...more });
export const markdown = (id, source) => ({ cell_type: "markdown", id, metadata: {}, source });
export const raw = (id, source) => ({ cell_type: "raw", id, metadata: {}, source });

/** A new notebook in the folder. */
export function notebook(cells) {
  const name = `book-${(files += 1)}.ipynb`;
  const metadata = { kernelspec: { name: "python3", display_name: "Python 3", language: "python" }, language_info: { name: "python" } };
  writeFileSync(join(folder, name), `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`);
  return { name, path: `/edit/${name}`, disk: join(folder, name) };
}

export const source = (cell) => (Array.isArray(cell.source) ? cell.source.join("") : cell.source);

/** The cells of the file as [type, source]. */
export function stored({ disk }) {
  return JSON.parse(readFileSync(disk, "utf8")).cells.map((cell) => [cell.cell_type, source(cell)]);
}

export async function ready(page, readOnly = false) {
  await page.locator(`.notebook[data-read-only="${readOnly}"] .nb-cell .nb-input > *`).first().waitFor();
}

export async function open(page, { path }, readOnly = false) {
  await page.goto(sample + path);
  await ready(page, readOnly);
}

/** A second person in a window of their own; closed with the first one's page. */
export async function joinAs(page, target, name) {
  const context = await newWindow(page.context().browser());
  await context.addInitScript((value) => localStorage.setItem("collab.name", value), name);
  page.once("close", () => void context.close());
  const other = await context.newPage();
  await open(other, target);
  return other;
}

export const cell = (page, index) => page.locator(".nb-cell").nth(index);
export const editor = (page, index) => cell(page, index).locator(".cm-content");

/** Click into the text of a cell. */
export async function write(page, index, words) {
  await editor(page, index).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(words);
}

/** Wait until the page's cells are these: `type` or `type: part of what it shows`. */
export function cellsAre(page, wanted) {
  return page.waitForFunction((expected) => {
    const cells = [...document.querySelectorAll(".nb-cell")];
    return cells.length === expected.length && cells.every((item, index) => {
      const [type, part = ""] = expected[index].split(/: (.*)/s);
      const input = item.querySelector(".nb-input")?.cloneNode(true);
      for (const caret of input?.querySelectorAll(".peer-caret") ?? []) caret.remove();
      return item.dataset.type === type && (input?.textContent ?? "").includes(part);
    });
  }, wanted);
}

/** Wait until the file has these cells, as [type, source]. */
export async function fileHas(page, target, wanted) {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      if (JSON.stringify(stored(target)) === JSON.stringify(wanted)) return;
    } catch {
      // half written
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`the file has ${JSON.stringify(stored(target))}`);
}
