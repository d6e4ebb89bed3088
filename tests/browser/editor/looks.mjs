// The page for everybody: axe-core's rules in light, dark and on a phone.
import assert from "node:assert/strict";
import { assertAccessible, DARK, PHONE } from "../driver.mjs";
import { file, open } from "./page.mjs";

const sample = JSON.parse(process.argv[2]).sample;

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
  "a kind of document without an editor gets a page that says so and offers the file": {
    async run(page) {
      await page.route("**/api/v1/documents/open", async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), kind: "hologram" } });
      });
      const target = file("# Title\n");
      await page.goto(sample + target.path);
      await page.getByText("no editor for this kind of document (hologram)").waitFor();
      const address = await page.getByRole("link", { name: "Download" }).getAttribute("href");
      assert.equal(await (await fetch(new URL(address, sample))).text(), "# Title\n");
      await assertAccessible(page);
    },
  },
};
