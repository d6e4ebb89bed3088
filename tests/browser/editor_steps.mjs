// Owns the steps that cases of the editor share: files, people in windows of their own, waiting for what is shown.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Generous: the machine may be busy with other things. */
export const PATIENCE_MS = 30_000;
const VIEW = { viewport: { width: 1200, height: 760 }, locale: "en-US", reducedMotion: "reduce" };
let files = 0;

/** A new file in the folder; answers its name, the path of its editor and where it is on the disk. */
export function makeFile(folder, content, extension = "md") {
  const name = `case-${(files += 1)}.${extension}`;
  const disk = join(folder, name);
  writeFileSync(disk, content);
  return { name, path: `/edit/${name}`, disk };
}

export const content = (page) => page.locator(".cm-content");
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const banner = (page, id) => page.locator(`.state-banner[data-id="${id}"]`);
/** The state line when it says the sentence of this key. */
export const stateIs = (page, key) => page.locator(`.state-line[data-key="${key}"]`).waitFor();

/** Wait until a note says this: on the screen, or to a screen reader, where it stays longer. */
export const told = (page, words) => page.getByText(words).first().waitFor();

/** Wait until the text is exactly this. */
export function textIs(page, wanted) {
  return page.waitForFunction((expected) => {
    const lines = [...document.querySelectorAll(".cm-line")].map((line) => line.cloneNode(true));
    for (const line of lines) for (const extra of line.querySelectorAll(".peer-caret, .cm-placeholder")) extra.remove();
    return lines.map((line) => line.textContent).join("\n") === expected;
  }, wanted);
}

/** Wait until the text may be changed, or with `readOnly` until it is there to be read. */
export async function ready(page, readOnly = false) {
  await page.locator(`.cm-content[aria-readonly="${readOnly}"]`).waitFor();
}

export async function open(page, address, readOnly = false) {
  page.context().setDefaultTimeout(PATIENCE_MS);
  await page.goto(address);
  await ready(page, readOnly);
}

/** A window of another person, without anything of the first one; closed with the first one's page. */
export async function newPerson(page, name, options = {}) {
  const context = await page.context().browser().newContext({ ...VIEW, ...options });
  await context.addInitScript((value) => localStorage.setItem("collab.name", value), name);
  context.setDefaultTimeout(PATIENCE_MS);
  page.once("close", () => void context.close());
  return context.newPage();
}

/** Another person in the same document. */
export async function joinAs(page, address, name) {
  const other = await newPerson(page, name);
  await open(other, address);
  return other;
}

/** Put the cursor at the end and write. */
export async function typeAtEnd(page, words) {
  await content(page).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(words);
}
