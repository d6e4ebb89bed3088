// Owns what cases of the editor page share: files to edit, a second person, servers of their own, what the text shows.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { newWindow } from "../driver.mjs";

const { sample, folder, python, scratch } = JSON.parse(process.argv[2]);
const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
export const LONG = Array.from({ length: 400 }, (_, index) => `Line ${index + 1}`).join("\n");
let files = 0;

/** A new file in the shared folder; answers the path of its editor. */
export function file(content, extension = "md") {
  const name = `case-${(files += 1)}.${extension}`;
  writeFileSync(join(folder, name), content);
  return { name, path: `/edit/${name}`, disk: join(folder, name) };
}

export const content = (page) => page.locator(".cm-content");

/** The text as its lines show it, without the others' flags in it. */
function readText() {
  const lines = [...document.querySelectorAll(".cm-line")].map((line) => line.cloneNode(true));
  for (const line of lines) for (const caret of line.querySelectorAll(".peer-caret, .cm-placeholder")) caret.remove();
  return lines.map((line) => line.textContent).join("\n");
}

export const text = (page) => page.evaluate(readText);

/** Wait until the text has this part. */
export function shows(page, wanted) {
  return page.waitForFunction((part) => {
    const content = document.querySelector(".cm-content")?.cloneNode(true);
    for (const caret of content?.querySelectorAll(".peer-caret") ?? []) caret.remove();
    return content?.textContent?.includes(part);
  }, wanted);
}

export async function ready(page) {
  await page.locator('.cm-content[aria-readonly="false"]').waitFor();
}

export async function open(page, { path }, base = sample) {
  await page.goto(base + path);
  await ready(page);
}

/** A second person in a window of their own; closed with the first one's page. */
export async function joinAs(page, target, name, base = sample) {
  const context = await newWindow(page.context().browser());
  await context.addInitScript((value) => localStorage.setItem("collab.name", value), name);
  page.once("close", () => void context.close());
  const other = await context.newPage();
  await open(other, target, base);
  return other;
}

export const stateLine = (page, key) => page.locator(`.state-line[data-key="${key}"]`).waitFor();

export const stored = (page) => stateLine(page, "state.stored_at");

/** Write at the end of the text. */
export async function write(page, what) {
  await content(page).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(what);
}

export async function paste(page, what) {
  await content(page).click();
  await page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    document.querySelector(".cm-content").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, what);
}

/** Let a case have a server of its own over a new folder with this file; `work` may kill it and start it again. */
export async function withOwnServer({ name, content: text, settings = {} }, work) {
  const top = mkdtempSync(join(scratch, "own-"));
  mkdirSync(join(top, "docs"));
  writeFileSync(join(top, "docs", name), text);
  const server = new OwnServer(join(top, "docs"), join(top, "data"), settings);
  try {
    const base = await server.start();
    await work({ base, path: `/edit/${name}`, disk: join(top, "docs", name), kill: () => server.kill(), start: () => server.start() });
  } finally {
    await server.end();
  }
}

class OwnServer {
  constructor(own, data, settings) {
    this.child = spawn(python, ["-m", "tests.browser.own_server", own, data, JSON.stringify(settings)], { cwd: PROJECT, stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  start = () => this.do("start");
  kill = () => this.do("kill");

  async do(command) {
    this.child.stdin.write(`${command}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`the server of this case did not ${command}`);
    return value;
  }

  async end() {
    this.child.stdin.end();
    await this.ended;
  }
}
