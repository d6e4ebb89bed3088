// The page for everybody: axe-core's rules in light, dark and on a phone.
import assert from "node:assert/strict";
import { assertAccessible, DARK, PHONE } from "../driver.mjs";
import { file, open } from "./page.mjs";

export const cases = {
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
};
