// Outputs: each form as it is meant, and nothing of them can do anything to the page.
import assert from "node:assert/strict";
import { cell, code, markdown, notebook, open } from "./page.mjs";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const data = (bundle) => ({ output_type: "display_data", metadata: {}, data: bundle });
const HIT = "try { top.hit = 1 } catch { globalThis.tried = 1 }";
const SVG = `<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><script>${HIT}</script><rect width='20' height='20'/></svg>`;
const ATTACKS = [
  `<script>${HIT}</script>`, `<img src=x onerror='${HIT}'>`, `<svg onload='${HIT}'></svg>`, `<a href='javascript:${HIT}'>a</a>`,
  `<iframe srcdoc='<script>${HIT}</script>'></iframe>`, `<table onclick='${HIT}'><tr><td>x</td></tr></table>`, "<form action='/'><button>x</button></form>",
];

export const cases = {
  "text, colours, tables, pictures, formulas and errors are drawn; what is unknown is named": {
    async run(page) {
      const target = notebook([code("a", "show()", [
        { output_type: "stream", name: "stdout", text: "step 1\rstep 2\n\u001b[31mred\u001b[0m" },
        data({ "text/html": '<style>.dataframe td {}</style><table class="dataframe"><tr style="text-align: right;"><td>cell one</td></tr></table>' }),
        data({ "image/png": PIXEL }),
        data({ "image/svg+xml": SVG }),
        data({ "text/latex": "$x^2$" }),
        data({ "text/markdown": "**strong words**" }),
        data({ "application/vnd.jupyter.widget-view+json": { model_id: "w" } }),
        { output_type: "error", ename: "E", evalue: "v", traceback: ["\u001b[0;31mNameError\u001b[0m: no such name"] },
      ])]);
      await open(page, target);
      const outputs = cell(page, 0).locator(".nb-outputs");
      await outputs.locator(".ansi-red", { hasText: "red" }).waitFor();
      assert.match(await outputs.locator(".nb-stdout").innerText(), /^step 2\nred$/);
      await outputs.getByRole("cell", { name: "cell one" }).waitFor();
      await outputs.locator(".katex").waitFor();
      await outputs.locator("strong", { hasText: "strong words" }).waitFor();
      await outputs.getByText("Output that cannot be shown here: application/vnd.jupyter.widget-view+json").waitFor();
      await outputs.getByText("no such name").waitFor();
      await page.waitForFunction(() => [...document.querySelectorAll(".nb-picture img")].filter((image) => image.naturalWidth > 0).length === 2);
      assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    },
  },
  "nothing in an output or an attachment runs in the page": {
    async run(page) {
      const bundle = { "x.svg": { "image/svg+xml": SVG }, "y.png": { "image/png": 'x" onerror="hit=1' } };
      const target = notebook([
        { ...markdown("m", "![p](attachment:x.svg) ![q](attachment:y.png) ![r](attachment:z) shown"), attachments: bundle },
        code("a", "attack()", [...ATTACKS.map((markup) => data({ "text/html": markup })), data({ "application/javascript": HIT })]),
      ]);
      await open(page, target);
      await cell(page, 0).getByText("shown").waitFor();
      const buttons = page.getByRole("button", { name: "Run it in its frame" });
      await buttons.first().waitFor();
      for (let left = await buttons.count(); left > 0; left -= 1) await buttons.first().click();
      await buttons.first().waitFor({ state: "detached" });
      for (const frame of await page.locator(".nb-frame iframe").all()) assert.equal(await frame.getAttribute("sandbox"), "allow-scripts");
      await page.waitForLoadState("networkidle");
      assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    },
    ignore: /Content Security Policy/,
  },
  "a script runs in its frame only, and only when somebody wants it": {
    async run(page) {
      const target = notebook([code("a", "draw()", [data({ "text/html": "<p id=p>before</p><script>document.getElementById('p').textContent = 'it ran, ' + origin</script>" })])]);
      await open(page, target);
      const frame = page.frameLocator(".nb-frame iframe");
      await frame.getByText("before").waitFor();
      await page.getByRole("button", { name: "Run it in its frame" }).click();
      await frame.getByText("it ran, null").waitFor();
    },
  },
};
