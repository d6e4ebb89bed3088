// The editor page in real browsers against a real server: what people see and do together. Run by test_editor_page.py.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertAccessible, DARK, PHONE, runCases } from "./driver.mjs";

const { sample, folder, python } = JSON.parse(process.argv[2]);
const LONG = Array.from({ length: 400 }, (_, index) => `Line ${index + 1}`).join("\n");
let files = 0;

/** A new file in the shared folder; answers the path of its editor. */
function file(content, extension = "md") {
  const name = `case-${(files += 1)}.${extension}`;
  writeFileSync(join(folder, name), content);
  return { name, path: `/edit/${name}`, disk: join(folder, name) };
}

const content = (page) => page.locator(".cm-content");

/** The text as its lines show it, without the others' flags in it. */
function readText() {
  const lines = [...document.querySelectorAll(".cm-line")].map((line) => line.cloneNode(true));
  for (const line of lines) for (const caret of line.querySelectorAll(".peer-caret, .cm-placeholder")) caret.remove();
  return lines.map((line) => line.textContent).join("\n");
}

const text = (page) => page.evaluate(readText);

/** Wait until the text has this part. */
function shows(page, wanted) {
  return page.waitForFunction((part) => {
    const content = document.querySelector(".cm-content")?.cloneNode(true);
    for (const caret of content?.querySelectorAll(".peer-caret") ?? []) caret.remove();
    return content?.textContent?.includes(part);
  }, wanted);
}

async function ready(page) {
  await page.locator('.cm-content[aria-readonly="false"]').waitFor();
}

async function open(page, { path }, base = sample) {
  await page.goto(base + path);
  await ready(page);
}

/** A second person in a window of their own; closed with the first one's page. */
async function joinAs(page, target, name, base = sample) {
  const context = await page.context().browser().newContext({ viewport: { width: 1200, height: 760 }, reducedMotion: "reduce" });
  await context.addInitScript((value) => localStorage.setItem("collab.name", value), name);
  context.setDefaultTimeout(10_000);
  page.once("close", () => void context.close());
  const other = await context.newPage();
  await open(other, target, base);
  return other;
}

const stored = (page) => page.locator('.state-line[data-key="state.stored_at"]').waitFor({ timeout: 20_000 });

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server of this case alone, that may be killed and started again on the same data. */
async function ownServer(own, data, port) {
  const child = spawn(python, ["-m", "collab", "serve", own, "--port", String(port), "--data", data], { stdio: "ignore" });
  const base = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries += 1) {
    if (await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const kill = () => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
  return { base, kill };
}

await runCases({
  "what one person types another one sees": {
    async run(page) {
      const target = file("# Title\n");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await content(page).click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type("typed by one");
      await shows(other, "typed by one");
      await content(other).click();
      await other.keyboard.press("Control+End");
      await other.keyboard.type(", then by two");
      await shows(page, "typed by one, then by two");
    },
  },
  "the state says stored only when the file has the last edit": {
    async run(page) {
      const target = file("start\n");
      await open(page, target);
      await content(page).click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type("the last edit");
      await stored(page);
      assert.match(readFileSync(target.disk, "utf8"), /the last edit/);
    },
  },
  "undo takes back one's own edits only": {
    async run(page) {
      const target = file("");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await content(page).click();
      await page.keyboard.type("mine ");
      await shows(other, "mine");
      await content(other).click();
      await other.keyboard.press("Control+End");
      await other.keyboard.type("theirs");
      await shows(page, "theirs");
      await page.keyboard.press("Control+z");
      await page.waitForFunction(() => !document.querySelector(".cm-content")?.textContent?.includes("mine"));
      assert.equal((await text(page)).trim(), "theirs");
      await page.keyboard.press("Control+y");
      await shows(other, "mine theirs");
    },
  },
  "a person has a cursor with a flag, an avatar, and can be followed": {
    async run(page) {
      const target = file(LONG);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await content(other).click();
      await other.keyboard.press("Control+End");
      await page.getByRole("button", { name: "Follow Ben Berg" }).click();
      await page.locator(".peer-flag", { hasText: "Ben Berg" }).waitFor({ state: "attached" });
      await shows(page, "Line 400");
      assert.equal(await page.getByRole("button", { name: "Stop following Ben Berg" }).getAttribute("aria-pressed"), "true");
      await content(page).click();
      await page.getByRole("button", { name: "Follow Ben Berg" }).waitFor();
    },
  },
  "others' edits never move what I read": {
    async run(page) {
      const target = file(LONG);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await page.locator(".cm-scroller").evaluate((scroller) => (scroller.scrollTop = 3_000));
      await page.waitForTimeout(300);
      const where = () => page.evaluate(() => {
        const top = document.querySelector(".cm-scroller").getBoundingClientRect().top;
        const line = [...document.querySelectorAll(".cm-line")].find((item) => item.getBoundingClientRect().top >= top);
        return `${line.textContent} ${Math.round(line.getBoundingClientRect().top - top)}`;
      });
      const before = await where();
      await content(other).click({ position: { x: 100, y: 30 } });
      await other.keyboard.press("Control+Home");
      await other.keyboard.type("new\nlines\nabove\n");
      await page.waitForFunction(() => document.querySelector(".status-activity")?.textContent?.includes("Ben Berg"));
      await page.waitForTimeout(200);
      assert.equal(await where(), before);
    },
  },
  "a remote edit never takes the focus": {
    async run(page) {
      const target = file("text\n");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await page.getByRole("button", { name: "Document menu" }).focus();
      await content(other).click();
      await other.keyboard.type("remote");
      await shows(page, "remote");
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Document menu");
    },
  },
  "a change outside is merged, told and shown": {
    async run(page) {
      const target = file("one\n\ntwo\n\nthree\n");
      await open(page, target);
      writeFileSync(target.disk, "one\n\ntwo\n\nthree from outside\n");
      await shows(page, "three from outside");
      await page.getByText("Changed outside in 1 place just now").waitFor();
      await page.getByRole("button", { name: "Show" }).click();
      await page.locator(".changed-line", { hasText: "three" }).waitFor();
      await page.getByRole("button", { name: "Close" }).click();
      assert.equal(await page.locator(".changed-line").count(), 0);
    },
  },
  "the same line changed on both sides keeps both until one chooses": {
    async run(page) {
      const target = file("first\n\nsecond\n\nthird\n");
      await open(page, target);
      await stored(page);
      await page.locator(".cm-line").nth(2).click();
      await page.keyboard.press("End");
      await page.keyboard.type(" by me");
      writeFileSync(target.disk, "first\n\nsecond by another\n\nthird\n");
      await page.getByText("Two versions of 1 passage").waitFor();
      await page.getByRole("button", { name: "Compare versions" }).click();
      await assertAccessible(page);
      await page.getByRole("button", { name: "Keep the version here" }).click();
      await page.getByText("Two versions of 1 passage").waitFor({ state: "detached" });
      assert.equal((await text(page)).trimEnd(), "first\n\nsecond by me\n\nthird");
      await stored(page);
      assert.equal(readFileSync(target.disk, "utf8"), "first\n\nsecond by me\n\nthird\n");
    },
  },
  "a killed server loses nothing and the page says the truth meanwhile": {
    async run(page) {
      const own = mkdtempSync(join(tmpdir(), "collab-own-"));
      const data = mkdtempSync(join(tmpdir(), "collab-data-"));
      writeFileSync(join(own, "kill.md"), "before\n");
      const port = await freePort();
      let server = await ownServer(own, data, port);
      try {
        await open(page, { path: "/edit/kill.md" }, server.base);
        await content(page).click();
        await page.keyboard.press("Control+End");
        for (let number = 0; number < 20; number += 1) await page.keyboard.type(`word${number} `);
        await server.kill();
        await page.keyboard.type("while it was away");
        await page.locator('.state-line[data-key="state.offline_kept"]').waitFor();
        assert.equal(await page.locator('.cm-content[aria-readonly="false"]').count(), 1);
        server = await ownServer(own, data, port);
        await page.locator('.state-line[data-key^="state.s"]').waitFor({ timeout: 30_000 });
        await stored(page);
        const expected = `before\n${Array.from({ length: 20 }, (_, number) => `word${number} `).join("")}while it was away`;
        assert.equal((await text(page)).trimEnd(), expected);
        assert.equal(readFileSync(join(own, "kill.md"), "utf8").trimEnd(), expected);
      } finally {
        await server.kill();
      }
    },
  },
  "a tab that was closed offline gives its edits to the next one": {
    async run(page) {
      const own = mkdtempSync(join(tmpdir(), "collab-own-"));
      const data = mkdtempSync(join(tmpdir(), "collab-data-"));
      writeFileSync(join(own, "closed.md"), "before\n");
      const port = await freePort();
      let server = await ownServer(own, data, port);
      try {
        await open(page, { path: "/edit/closed.md" }, server.base);
        await content(page).click();
        await page.keyboard.press("Control+End");
        await server.kill();
        await page.keyboard.type("typed offline");
        await page.locator('.state-line[data-key="state.offline_kept"]').waitFor();
        await page.waitForTimeout(1_500);
        server = await ownServer(own, data, port);
        await page.reload();
        await ready(page);
        await shows(page, "typed offline");
        await stored(page);
        assert.equal(readFileSync(join(own, "closed.md"), "utf8").trimEnd(), "before\ntyped offline");
        const left = await page.evaluate(() => new Promise((resolve) => {
          const request = indexedDB.open("collab-offline");
          request.onsuccess = () => (request.result.transaction("entries").objectStore("entries").count().onsuccess = (event) => resolve(event.target.result));
        }));
        assert.equal(left, 0);
      } finally {
        await server.kill();
      }
    },
  },
  "without a store in the browser the page says only in this tab": {
    options: {},
    async run(page) {
      const own = mkdtempSync(join(tmpdir(), "collab-own-"));
      const data = mkdtempSync(join(tmpdir(), "collab-data-"));
      writeFileSync(join(own, "private.md"), "before\n");
      const server = await ownServer(own, data, await freePort());
      try {
        await page.addInitScript(() => Object.defineProperty(globalThis, "indexedDB", { value: undefined }));
        await open(page, { path: "/edit/private.md" }, server.base);
        await content(page).click();
        await server.kill();
        await page.keyboard.type("fragile");
        await page.locator('.state-line[data-key="state.offline_tab"]').waitFor();
        await page.getByRole("button", { name: "Download my copy" }).waitFor();
      } finally {
        await server.kill();
      }
    },
  },
  "the preview shows mathematics, tables, tasks, and a task can be ticked": {
    async run(page) {
      const target = file("# Head\n\n$E = mc^2$\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n- [ ] task one\n");
      await open(page, target);
      const preview = page.getByRole("article", { name: "Preview" });
      await preview.locator(".katex").waitFor();
      await preview.getByRole("cell", { name: "2" }).waitFor();
      await preview.getByRole("checkbox", { name: "task one" }).click();
      await shows(page, "- [x] task one");
      await preview.getByRole("checkbox", { name: "task one", checked: true }).waitFor();
    },
  },
  "nothing in a Markdown text runs": {
    async run(page) {
      const attacks = [
        "<script>globalThis.hit = 1</script>", "<img src=x onerror=globalThis.hit=1>", "<svg onload=globalThis.hit=1>", "[a](javascript:globalThis.hit=1)",
        "![a](javascript:globalThis.hit=1)", "[a](data:text/html,<script>globalThis.hit=1</script>)", "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
        "$\\href{javascript:globalThis.hit=1}{x}$", "$\\htmlData{x=y}{z}$", "![x\" onerror=\"globalThis.hit=1](y)", "<style>*{display:none}</style>",
        "[x]: javascript:globalThis.hit=1\n[x]", "<math><mtext></form><form><mglyph><style></math><img src onerror=globalThis.hit=1>", "<a id=cookie name=getElementById>x</a>",
        "```<img src=x onerror=globalThis.hit=1>\n```", "|<img src=x onerror=globalThis.hit=1>|\n|-|", "- [ ] <img src=x onerror=globalThis.hit=1>",
      ];
      const target = file(attacks.join("\n\n"));
      await open(page, target);
      const preview = page.getByRole("article", { name: "Preview" });
      await preview.getByText("javascript:globalThis.hit=1").first().waitFor();
      for (const link of await preview.getByRole("link").all()) await link.click({ trial: true }).catch(() => undefined);
      await page.waitForTimeout(500);
      assert.equal(await page.evaluate(() => globalThis.hit), undefined);
      assert.equal(await preview.locator("script, iframe, style, svg:not(.katex svg), form, [onerror], [onload]").count(), 0);
      const targets = await preview.locator("a").evaluateAll((links) => links.map((link) => link.protocol));
      assert.ok(targets.every((protocol) => ["http:", "https:", "mailto:"].includes(protocol)), String(targets));
    },
  },
  "a name that is markup is text everywhere": {
    async run(page) {
      const target = file("text\n");
      await open(page, target);
      const name = "<img src=x onerror=hit=1>";
      const other = await joinAs(page, target, name);
      await content(other).click();
      await other.keyboard.type("x");
      await page.locator(".peer-flag", { hasText: name }).waitFor({ state: "attached" });
      await page.waitForFunction((part) => document.querySelector(".status-activity")?.textContent?.includes(part), name);
      assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    },
  },
  "the outline leads to a heading": {
    async run(page) {
      const target = file(`# One\n\n${LONG}\n\n## Two\n\nend\n`);
      await open(page, target);
      await page.getByRole("button", { name: "Outline" }).click();
      await page.getByRole("navigation", { name: "Outline" }).getByRole("button", { name: "Two" }).click();
      await page.waitForFunction(() => document.querySelector(".status-place")?.textContent?.startsWith("Ln 404"));
    },
  },
  "LaTeX offers the citation keys of the folder": {
    async run(page) {
      file("@article{knuth84, title={Literate Programming}, author={Donald Knuth}, year=1984}\n", "bib");
      const target = file("\\section{Intro}\n", "tex");
      await open(page, target);
      await content(page).click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type("\\cite{knu");
      await page.locator('.cm-tooltip-autocomplete li[aria-selected="true"]', { hasText: "knuth84" }).waitFor();
      await page.waitForTimeout(200); // CodeMirror takes no Enter in the first 75 ms of a list (`interactionDelay`)
      await page.keyboard.press("Enter");
      await shows(page, "\\cite{knuth84");
    },
  },
  "a dropped picture goes into the folder with a link": {
    async run(page) {
      const target = file("text\n");
      await open(page, target);
      const transfer = await page.evaluateHandle(() => {
        const bytes = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (char) => char.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], `plot ${Date.now()}.png`, { type: "image/png" }));
        return data;
      });
      await content(page).dispatchEvent("drop", { dataTransfer: transfer, clientX: 200, clientY: 90 });
      await page.waitForFunction(() => /!\[plot \d+\]\(plot%20\d+\.png\)/.test(document.querySelector(".cm-content")?.textContent ?? ""));
      const picture = page.getByRole("article", { name: "Preview" }).getByRole("img");
      await picture.waitFor();
      await page.waitForFunction(() => document.querySelector(".preview-page img")?.naturalWidth === 1);
    },
  },
  "Alt and arrows move lines, Ctrl F finds and replaces": {
    async run(page) {
      const target = file("one\ntwo\n", "txt");
      await open(page, target);
      await page.locator(".cm-line").first().click();
      await page.keyboard.press("Alt+ArrowDown");
      assert.match(await text(page), /^two\none/);
      await page.keyboard.press("Control+f");
      await page.getByRole("textbox", { name: "Find" }).fill("two");
      await page.getByRole("textbox", { name: "Replace with" }).fill("2");
      await assertAccessible(page);
      await page.getByRole("button", { name: "Replace all" }).click();
      await shows(page, "2");
      await page.keyboard.press("Escape");
      assert.equal(await page.locator(".cm-search").count(), 0);
    },
  },
  "a lone carriage return does not shift what others see": {
    async run(page) {
      const target = file("a\n", "txt");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await content(page).click();
      await page.evaluate(() => {
        const data = new DataTransfer();
        data.setData("text/plain", "x\r\ny\rz\n");
        document.querySelector(".cm-content").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      });
      await shows(other, "z");
      assert.equal(await text(other), await text(page));
    },
  },
  "a very large paste arrives whole": {
    async run(page) {
      const target = file("", "txt");
      await open(page, target);
      await content(page).click();
      await page.evaluate(() => {
        const data = new DataTransfer();
        data.setData("text/plain", `${"0123456789abcdef".repeat(100_000)}END`);
        document.querySelector(".cm-content").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      });
      await stored(page);
      assert.equal(readFileSync(target.disk, "utf8").length, 1_600_003);
    },
  },
  "the page has no accessibility violation": {
    async run(page) {
      await open(page, file("# Title\n\nText with $x$.\n\n| a | b |\n|-|-|\n| 1 | 2 |\n"));
      await page.locator(".katex").waitFor();
      await page.getByRole("button", { name: "Outline" }).click();
      await assertAccessible(page);
    },
  },
  "neither has it in the dark": {
    options: DARK,
    async run(page) {
      await open(page, file("# Title\n\n```python\nprint('x')  # comment\n```\n"));
      await page.getByRole("button", { name: "Document menu" }).click();
      await assertAccessible(page);
    },
  },
  "a phone has one column, and the preview comes over it": {
    options: PHONE,
    async run(page) {
      await open(page, file("# Title\n\nText\n"));
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      await page.getByRole("heading", { name: /case-/ }).waitFor();
      await assertAccessible(page);
      await page.getByRole("button", { name: "Preview" }).click();
      await page.getByRole("article", { name: "Preview" }).getByRole("heading", { name: "Title" }).waitFor();
      await assertAccessible(page);
    },
  },
  "a file that the storage does not let change is read-only with its reason": {
    async run(page) {
      await page.goto(`${sample}/edit/locked.md`);
      await page.getByText("Read-only").waitFor();
      await page.waitForTimeout(300);
      assert.equal(await content(page).getAttribute("aria-readonly"), "true");
    },
  },
});
