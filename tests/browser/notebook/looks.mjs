// The notebook for everybody: axe-core's rules in light, dark and on a phone.
import assert from "node:assert/strict";
import { assertAccessible, DARK, PHONE } from "../driver.mjs";
import { code, markdown, notebook, open, raw } from "./page.mjs";

const sample = () =>
  notebook([
    markdown("m", "# Title\n\nText with $x$.\n\n| a | b |\n|-|-|\n| 1 | 2 |"),
    code("a", "import numpy as np  # comment\nprint('x', 1)", [{ output_type: "stream", name: "stderr", text: "\u001b[31mred\u001b[32mgreen\u001b[33myellow\u001b[36mcyan\u001b[37mwhite\u001b[90mgrey" }], { execution_count: 3 }),
    code("b", "frame", [{ output_type: "display_data", metadata: {}, data: { "text/html": "<table><tr><th>h</th></tr><tr><td>1</td></tr></table>" } }]),
    raw("r", "raw"),
  ]);

export const cases = {
  "the page has no accessibility violation": {
    async run(page) {
      await open(page, sample());
      await page.locator(".katex").waitFor();
      await page.getByRole("button", { name: "Outline" }).click();
      await page.keyboard.press("Control+f");
      await assertAccessible(page);
    },
  },
  "neither has it in the dark": {
    options: DARK,
    async run(page) {
      await open(page, sample());
      await page.locator(".katex").waitFor();
      await page.locator(".cm-content").first().click();
      await assertAccessible(page);
    },
  },
  "a phone has one column": {
    options: PHONE,
    async run(page) {
      await open(page, sample());
      await page.locator(".katex").waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      await assertAccessible(page);
    },
  },
};
