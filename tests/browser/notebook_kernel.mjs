// Running a notebook's code on a real Jupyter server, as two people see it. Run by test_notebook_kernel.py.
import assert from "node:assert/strict";
import { runCases } from "./driver.mjs";
import { cell, cellsAre, code, fileHas, joinAs, markdown, notebook, open } from "./notebook/page.mjs";

const { jupyter, token } = JSON.parse(process.argv[2]);

async function connect(page, secret = token) {
  await page.getByRole("button", { name: "No kernel" }).click();
  await page.getByRole("textbox", { name: "Address" }).fill(jupyter);
  await page.getByLabel("Token").last().fill(secret);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
}

const ready = (page) => page.getByRole("button", { name: /Python 3.*: idle/ }).waitFor();

async function run(page, index) {
  await cell(page, index).focus();
  await page.keyboard.press("Control+Enter");
}

const output = (page, index) => cell(page, index).locator(".nb-outputs");

await runCases({
  "code runs in the person's kernel, and everybody and the file get the output once": {
    async run(page) {
      const target = notebook([markdown("m", "# Run"), code("a", "x = 20 + 1\nprint('printed', x)\nx * 2"), code("b", "1 / 0")]);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await connect(page);
      await ready(page);
      await run(page, 1);
      await output(other, 1).getByText("printed 21").waitFor();
      await output(other, 1).getByText("42", { exact: true }).waitFor();
      await cell(other, 1).getByText("[1]:").waitFor();
      await run(page, 2);
      await output(other, 2).getByText("ZeroDivisionError").first().waitFor();
      assert.equal(await output(other, 1).locator(".nb-output").count(), 2);
      await fileHas(page, target, [["markdown", "# Run"], ["code", "x = 20 + 1\nprint('printed', x)\nx * 2"], ["code", "1 / 0"]]);
    },
  },
  "a long run can be interrupted, a progress bar stays one line, input is asked for": {
    async run(page) {
      const bar = "import sys\nfor i in range(300):\n    sys.stdout.write(f'\\r{i} of 300')\n    sys.stdout.flush()";
      const target = notebook([code("a", bar), code("b", "import time\ntime.sleep(600)"), code("c", "print('hello', input('name? '))")]);
      await open(page, target);
      await connect(page);
      await ready(page);
      await run(page, 0);
      await output(page, 0).getByText("299 of 300").waitFor();
      assert.equal((await output(page, 0).innerText()).trim(), "299 of 300");
      await run(page, 1);
      await cell(page, 1).getByText("[*]:").waitFor();
      await page.getByRole("button", { name: "Interrupt the kernel" }).click();
      await output(page, 1).getByText("KeyboardInterrupt").first().waitFor();
      await run(page, 2);
      await page.getByRole("textbox", { name: "name?" }).fill("Anna");
      await page.getByRole("button", { name: "Send" }).click();
      await output(page, 2).getByText("hello Anna").waitFor();
    },
  },
  "after a reload the same kernel is there; a wrong token is told": {
    async run(page) {
      const target = notebook([code("a", "kept = 7"), code("b", "print(kept)")]);
      await open(page, target);
      await connect(page, "wrong");
      await page.getByText("The Jupyter server refused the token.").waitFor();
      await page.getByLabel("Token").last().fill(token);
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await ready(page);
      await run(page, 0);
      await cell(page, 0).getByText("[1]:").waitFor();
      await page.reload();
      await ready(page);
      await run(page, 1);
      await output(page, 1).getByText("7", { exact: true }).waitFor();
      await cellsAre(page, ["code: kept = 7", "code: print(kept)"]);
    },
  },
});
