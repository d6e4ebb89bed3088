// What helps one person to write: outline, citations, pictures, keys, search.
import assert from "node:assert/strict";
import { assertAccessible } from "../driver.mjs";
import { content, file, LONG, open, shows, text, write } from "./page.mjs";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const cases = {
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
      await write(page, "\\cite{knu");
      // By the pointer: CodeMirror takes no Enter in the first 75 ms of a list (`interactionDelay`).
      await page.locator(".cm-tooltip-autocomplete li", { hasText: "knuth84" }).click();
      await shows(page, "\\cite{knuth84");
    },
  },
  "a dropped picture goes into the folder with a link": {
    async run(page) {
      const target = file("text\n");
      await open(page, target);
      const transfer = await page.evaluateHandle((pixel) => {
        const bytes = Uint8Array.from(atob(pixel), (char) => char.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], `plot ${Date.now()}.png`, { type: "image/png" }));
        return data;
      }, PIXEL);
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
      await page.locator(".cm-search").waitFor({ state: "detached" });
    },
  },
};
