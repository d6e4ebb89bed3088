// The preview of Markdown: what it shows, and that nothing in it runs.
import assert from "node:assert/strict";
import { file, open, shows } from "./page.mjs";

const ATTACKS = [
  "<script>globalThis.hit = 1</script>", "<img src=x onerror=globalThis.hit=1>", "<svg onload=globalThis.hit=1>", "[a](javascript:globalThis.hit=1)",
  "![a](javascript:globalThis.hit=1)", "[a](data:text/html,<script>globalThis.hit=1</script>)", "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
  "$\\href{javascript:globalThis.hit=1}{x}$", "$\\htmlData{x=y}{z}$", "![x\" onerror=\"globalThis.hit=1](y)", "<style>*{display:none}</style>",
  "[x]: javascript:globalThis.hit=1\n[x]", "<math><mtext></form><form><mglyph><style></math><img src onerror=globalThis.hit=1>", "<a id=cookie name=getElementById>x</a>",
  "```<img src=x onerror=globalThis.hit=1>\n```", "|<img src=x onerror=globalThis.hit=1>|\n|-|", "- [ ] <img src=x onerror=globalThis.hit=1>",
];

export const cases = {
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
      const target = file(ATTACKS.join("\n\n"));
      await open(page, target);
      const preview = page.getByRole("article", { name: "Preview" });
      await preview.getByText("javascript:globalThis.hit=1").first().waitFor();
      await preview.locator("a").evaluateAll((links) => {
        const stay = (event) => /^(https?|mailto):$/.test(event.target.closest("a")?.protocol ?? "") && event.preventDefault();
        window.addEventListener("click", stay);
        for (const link of links) link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
      });
      await page.waitForLoadState("networkidle");
      assert.equal(await page.evaluate(() => globalThis.hit), undefined);
      assert.equal(await preview.locator("script, iframe, style, svg:not(.katex svg), form, [onerror], [onload]").count(), 0);
      const targets = await preview.locator("a").evaluateAll((links) => links.map((link) => link.protocol));
      assert.ok(targets.every((protocol) => ["http:", "https:", "mailto:"].includes(protocol)), String(targets));
    },
  },
};
