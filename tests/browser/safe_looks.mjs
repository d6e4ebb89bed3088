// What is shown under the strict policy: mathematics, footnotes, colours, hidden files. Run by test_safe_looks.py.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertAccessible, DARK, PHONE, runCases } from "./driver.mjs";
import { button, joinAs, makeFile, newPerson, open, ready, textIs, typeAtEnd } from "./editor_steps.mjs";

const { sample, folder } = JSON.parse(process.argv[2]);

const FORMULAS = "$\\fcolorbox{red}{yellow}{boxed}$ and $\\pmb{x}$ and $\\colorbox{aqua}{c}$ and $$\\frac{a}{b}$$\n";
const NOTES = `# Notes\n\nA claim[^why] and an aside^[in *passing*].\n\n${"Filler.\n\n".repeat(60)}[^why]: Because **so** [link](https://example.org).\n`;

/** Runs in the page: the contrast of two colours as the browser computes them. */
function contrasts() {
  const luminance = (color) => {
    const parts = color.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const contrast = (first, second) => {
    const [darker, lighter] = [luminance(first), luminance(second)].sort((left, right) => left - right);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const ground = getComputedStyle(document.body).backgroundColor;
  const of = (selector, look) => [...document.querySelectorAll(selector)].map((element) => look(getComputedStyle(element)));
  return {
    carets: of(".peer-caret", (style) => contrast(style.borderInlineStartColor, ground)),
    flags: of(".peer-flag", (style) => contrast(style.color, style.backgroundColor)),
    avatars: of(".people-chip .avatar", (style) => contrast(style.color, style.backgroundColor)),
  };
}

async function lookAtColors(page) {
  const target = makeFile(folder, "text\n");
  await open(page, sample + target.path);
  for (const name of ["Ann", "Ben", "Cleo", "Dora"]) {
    const other = await joinAs(page, sample + target.path, name);
    await typeAtEnd(other, name);
  }
  await page.locator(".peer-caret").nth(3).waitFor();
  const seen = await page.evaluate(contrasts);
  assert.deepEqual([seen.carets.length, seen.flags.length, seen.avatars.length], [4, 4, 4]);
  for (const [what, ratios] of Object.entries(seen)) assert.ok(ratios.every((ratio) => ratio >= 4.5), `${what}: ${ratios}`);
}

await runCases({
  "nothing in the page turns text into markup but the sanitiser": {
    async run(first) {
      const page = await newPerson(first, "Ann"); // what is refused here is meant to be
      const target = makeFile(folder, "# Title\n");
      await open(page, sample + target.path);
      await page.locator(".preview-page h1").waitFor();
      const tried = await page.evaluate(() => {
        const attempt = (work) => {
          try {
            work();
            return "done";
          } catch (error) {
            return error.name;
          }
        };
        return {
          markup: attempt(() => (document.createElement("div").innerHTML = "<b>x</b>")),
          script: attempt(() => (document.createElement("script").src = "/static/x.js")),
          frame: attempt(() => (document.createElement("iframe").srcdoc = "x")),
          policy: attempt(() => trustedTypes.createPolicy("mine", { createHTML: (text) => text })),
          again: attempt(() => trustedTypes.createPolicy("dompurify", { createHTML: (text) => text })),
        };
      });
      assert.deepEqual(tried, { markup: "TypeError", script: "TypeError", frame: "TypeError", policy: "TypeError", again: "TypeError" });
    },
  },
  "boxes and colours of formulas are drawn under the policy": {
    async run(page) {
      const target = makeFile(folder, FORMULAS);
      await open(page, sample + target.path);
      await page.locator(".preview-page .katex").nth(3).waitFor();
      const box = await page.locator(".preview-page .fcolorbox").evaluate((element) => {
        const { backgroundColor, borderTopColor, borderTopStyle } = getComputedStyle(element);
        return [backgroundColor, borderTopColor, borderTopStyle];
      });
      assert.deepEqual(box, ["rgb(255, 255, 0)", "rgb(255, 0, 0)", "solid"]);
      assert.equal(await page.locator(".preview-page math [style]").count(), 0);
      assert.equal(await page.locator(".preview-page math").count(), 4);
    },
  },
  "footnotes lead there and back": {
    async run(page) {
      const target = makeFile(folder, NOTES);
      await open(page, sample + target.path);
      const note = page.locator(".footnote-item", { hasText: "Because so" });
      await note.waitFor();
      await page.locator(".footnote-ref a").first().click();
      await page.waitForFunction(() => {
        const box = document.querySelector(".footnote-item.is-target")?.getBoundingClientRect();
        return box && box.top > 0 && box.bottom < innerHeight;
      });
      assert.match(page.url(), /\.md$/);
      await note.getByRole("link", { name: "Back to the text" }).click();
      await page.waitForFunction(() => document.querySelector(".footnote-ref .is-target, .is-target.footnote-ref, a.is-target")?.getBoundingClientRect().top > 0);
      assert.equal(await page.locator(".footnote-item").count(), 2);
      await assertAccessible(page);
    },
  },
  "people's colours keep their contrast on the light ground": { run: lookAtColors },
  "people's colours keep their contrast on the dark ground": { options: DARK, run: lookAtColors },
  "hidden files are shown when asked for, and never lock files or the inside of a repository": {
    async run(page) {
      page.context().setDefaultTimeout(30_000);
      for (const name of [".profile", ".gitignore", ".~lock.x.odt#", ".x.md.swp", "seen.md"]) writeFileSync(join(folder, name), "words\n");
      mkdirSync(join(folder, ".git"), { recursive: true });
      writeFileSync(join(folder, ".git", "config"), "words\n");
      mkdirSync(join(folder, ".settings"), { recursive: true });
      await page.goto(sample);
      const names = () => page.locator(".row-name").allTextContents();
      await page.locator(".row", { hasText: "seen.md" }).waitFor();
      assert.ok((await names()).every((name) => !name.startsWith(".")));
      await page.locator(".account").click();
      await page.getByRole("menuitemcheckbox", { name: "Show hidden files" }).click();
      await page.locator(".row", { hasText: ".profile" }).waitFor();
      assert.deepEqual((await names()).filter((name) => name.startsWith(".")).sort(), [".gitignore", ".profile", ".settings"]);
      await page.reload();
      await page.locator(".row", { hasText: ".profile" }).click();
      await ready(page);
      await typeAtEnd(page, "more");
      await textIs(page, "words\nmore");
      await page.goto(`${sample}/edit/.git/config`);
      await page.getByRole("heading", { name: "This page could not be opened" }).waitFor();
    },
  },
  "the pages work under the policy on a phone": {
    options: PHONE,
    async run(page) {
      const target = makeFile(folder, NOTES);
      await page.goto(sample);
      await page.locator(".row", { hasText: target.name }).waitFor();
      await open(page, sample + target.path);
      await button(page, "Preview").click();
      await page.locator(".preview-page .footnote-ref").first().waitFor();
    },
  },
});
