// One person and the cells: JupyterLab's keys, types, splitting, finding, folding, ten thousand of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cell, cellsAre, code, editor, fileHas, markdown, notebook, open, raw, write } from "./page.mjs";

const activeIs = (page, index) => page.waitForFunction((wanted) => [...document.querySelectorAll(".nb-cell")].findIndex((item) => item.matches(".is-active:focus")) === wanted, index);

export const cases = {
  "JupyterLab's keys work in command mode and in edit mode": {
    async run(page) {
      const target = notebook([code("a", "one"), code("b", "two")]);
      await open(page, target);
      await cell(page, 0).focus();
      await page.keyboard.press("j");
      await activeIs(page, 1);
      await page.keyboard.press("k");
      await page.keyboard.press("a");
      await activeIs(page, 0);
      await page.keyboard.press("m");
      await cellsAre(page, ["markdown", "code: one", "code: two"]);
      await page.keyboard.press("Enter");
      await page.keyboard.type("# Head");
      await page.keyboard.press("Shift+Enter");
      await cell(page, 0).getByRole("heading", { name: "Head" }).waitFor();
      await activeIs(page, 1);
      await page.keyboard.press("Shift+ArrowDown");
      await page.keyboard.press("c");
      await page.keyboard.press("v");
      await cellsAre(page, ["markdown", "code: one", "code: two", "code: one", "code: two"]);
      await page.keyboard.press("x");
      await cellsAre(page, ["markdown", "code: one", "code: two", "code: one"]);
      await page.keyboard.press("Enter");
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.type("!");
      await cellsAre(page, ["markdown", "code: one", "code: two!", "code: one"]);
      await page.keyboard.press("Escape");
      await activeIs(page, 2);
      await page.keyboard.press("r");
      await cellsAre(page, ["markdown", "code: one", "raw: two!", "code: one"]);
      await fileHas(page, target, [["markdown", "# Head"], ["code", "one"], ["raw", "two!"], ["code", "one"]]);
    },
  },
  "a cell is split at the cursor, and cells are merged": {
    async run(page) {
      const target = notebook([code("a", "first\nsecond"), code("b", "third")]);
      await open(page, target);
      await editor(page, 0).click();
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Control+Shift+Minus");
      await fileHas(page, target, [["code", "first"], ["code", "second"], ["code", "third"]]);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Shift+M");
      await fileHas(page, target, [["code", "first"], ["code", "second\n\nthird"]]);
      await page.keyboard.press("z");
      await fileHas(page, target, [["code", "first"], ["code", "second"], ["code", "third"]]);
    },
  },
  "words are found and replaced in all cells": {
    async run(page) {
      const target = notebook([markdown("m", "the old title"), code("a", "old = 1"), raw("r", "nothing"), code("b", "old + old")]);
      await open(page, target);
      await page.keyboard.press("Control+f");
      await page.getByRole("textbox", { name: "Find" }).fill("old");
      await page.locator(".nb-find-count", { hasText: "1 of 4" }).waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".nb-find-count", { hasText: "2 of 4" }).waitFor();
      await page.getByRole("textbox", { name: "Replace with" }).fill("new");
      await page.getByRole("button", { name: "Replace", exact: true }).click();
      await page.locator(".nb-find-count", { hasText: "of 3" }).waitFor();
      await page.getByRole("button", { name: "Replace all" }).click();
      await page.getByText("Nothing found").waitFor();
      await page.keyboard.press("Escape");
      await fileHas(page, target, [["markdown", "the new title"], ["code", "new = 1"], ["raw", "nothing"], ["code", "new + new"]]);
    },
  },
  "outputs are folded for everybody, as JupyterLab notes it": {
    async run(page) {
      const target = notebook([code("a", "print()", [{ output_type: "stream", name: "stdout", text: "printed" }])]);
      await open(page, target);
      await page.getByText("printed").waitFor();
      await cell(page, 0).focus();
      await page.keyboard.press("o");
      await page.getByText("printed").waitFor({ state: "detached" });
      await page.waitForFunction(() => document.querySelector('.state-line[data-key="state.stored_at"], .state-line[data-key="state.stored"]'));
      await page.getByRole("button", { name: "1 output" }).click();
      await page.getByText("printed").waitFor();
    },
  },
  "the outline leads to a heading, and what one typed last is read there": {
    async run(page) {
      const target = notebook([markdown("m", "# One"), ...Array.from({ length: 50 }, (_, index) => code(`c${index}`, "x\n\n\n\n")), markdown("n", "## Two")]);
      await open(page, target);
      await page.getByRole("button", { name: "Outline" }).click();
      await page.getByRole("navigation", { name: "Outline" }).getByRole("button", { name: "Two" }).click();
      await cell(page, 51).getByRole("heading", { name: "Two" }).waitFor();
      await activeIs(page, 51);
    },
  },
  "without a Jupyter server a run says so plainly, and Markdown is shown": {
    async run(page) {
      const target = notebook([code("a", "1 + 1")]);
      await open(page, target);
      await cell(page, 0).focus();
      await page.keyboard.press("Control+Enter");
      await page.getByText("No Jupyter server is connected").first().waitFor();
      await page.getByRole("button", { name: "No kernel" }).click();
      await page.getByText("this site does not let its pages connect to a Jupyter server").waitFor();
    },
  },
  "ten thousand cells open; a cell is drawn when it comes near": {
    async run(page) {
      const cells = Array.from({ length: 10_000 }, (_, index) => (index % 4 === 0 ? markdown(`c${index}`, `## Part ${index}`) : code(`c${index}`, `x = ${index}`)));
      const target = notebook(cells);
      await open(page, target);
      assert.equal(await page.locator(".nb-cell").count(), 10_000);
      assert.ok((await page.locator(".cm-editor").count()) < 200);
      await cell(page, 0).focus();
      await page.keyboard.press("End");
      await cell(page, 9_999).locator(".cm-content").waitFor();
      await write(page, 9_999, " # the end");
      await page.waitForFunction(() => document.querySelector('.state-line[data-key="state.stored_at"], .state-line[data-key="state.stored"]'));
      assert.match(readFileSync(target.disk, "utf8"), /x = 9999 # the end/);
      assert.ok((await page.locator(".cm-editor").count()) < 400);
    },
  },
};
