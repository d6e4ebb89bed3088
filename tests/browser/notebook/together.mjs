// Two people in one notebook, and what the file gets of it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { cell, cellsAre, code, editor, fileHas, joinAs, markdown, notebook, open, write } from "./page.mjs";

export const cases = {
  "what one person types in a cell the other sees, and only that cell of the file changes": {
    async run(page) {
      const target = notebook([markdown("m", "# Title"), code("a", "x = 1"), code("b", "y = 2")]);
      const before = readFileSync(target.disk, "utf8");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await write(page, 1, " + 1");
      await cellsAre(other, ["markdown: Title", "code: x = 1 + 1", "code: y = 2"]);
      await write(other, 2, " + 2");
      await cellsAre(page, ["markdown: Title", "code: x = 1 + 1", "code: y = 2 + 2"]);
      await fileHas(page, target, [["markdown", "# Title"], ["code", "x = 1 + 1"], ["code", "y = 2 + 2"]]);
      assert.equal(readFileSync(target.disk, "utf8"), before.replace("x = 1", "x = 1 + 1").replace("y = 2", "y = 2 + 2"));
    },
  },
  "cells are added, moved and deleted for both": {
    async run(page) {
      const target = notebook([code("a", "one"), code("b", "two"), code("c", "three")]);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await cell(page, 0).focus();
      await page.keyboard.press("b");
      await page.keyboard.press("Enter");
      await page.keyboard.type("new");
      await cellsAre(other, ["code: one", "code: new", "code: two", "code: three"]);
      await page.keyboard.press("Control+Shift+ArrowDown");
      await cellsAre(other, ["code: one", "code: two", "code: new", "code: three"]);
      await page.keyboard.type("er");
      await cellsAre(other, ["code: one", "code: two", "code: newer", "code: three"]);
      await cell(other, 0).focus();
      await other.keyboard.press("d");
      await other.keyboard.press("d");
      await cellsAre(page, ["code: two", "code: newer", "code: three"]);
      await fileHas(page, target, [["code", "two"], ["code", "newer"], ["code", "three"]]);
    },
  },
  "undo takes back one's own changes only, cells and words": {
    async run(page) {
      const target = notebook([code("a", "one"), code("b", "two")]);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await cell(page, 0).focus();
      await page.keyboard.press("d");
      await page.keyboard.press("d");
      await cellsAre(other, ["code: two"]);
      await write(other, 0, " by Ben");
      await cellsAre(page, ["code: two by Ben"]);
      await cell(page, 0).focus();
      await page.keyboard.press("z");
      await cellsAre(other, ["code: one", "code: two by Ben"]);
      await page.keyboard.press("Shift+Z");
      await cellsAre(other, ["code: two by Ben"]);
    },
  },
  "a person is marked at the cell, has a cursor in it, and can be followed": {
    async run(page) {
      const target = notebook(Array.from({ length: 60 }, (_, index) => code(`c${index}`, `line = ${index}\n\n\n`)));
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await cell(other, 0).focus();
      await other.keyboard.press("End");
      await other.keyboard.press("Enter");
      await page.locator(".nb-cell:last-child.has-people").waitFor();
      await page.getByRole("button", { name: "Follow Ben Berg" }).click();
      await page.locator(".nb-cell").last().locator(".peer-flag", { hasText: "Ben Berg" }).waitFor({ state: "attached" });
      await page.waitForFunction(() => document.querySelector(".nb-cell:last-child").getBoundingClientRect().top < innerHeight);
      await page.locator(".nb-cell:last-child .nb-people .avatar").waitFor();
    },
  },
  "a remote edit takes neither focus nor place": {
    async run(page) {
      const target = notebook([code("a", "one"), code("b", "two")]);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await editor(page, 1).click();
      await page.keyboard.press("End");
      await cell(other, 0).focus();
      await other.keyboard.press("a");
      await cellsAre(page, ["code", "code: one", "code: two"]);
      await page.keyboard.type("!");
      await cellsAre(other, ["code", "code: one", "code: two!"]);
    },
  },
  "a change outside is merged by cell, told and shown": {
    async run(page) {
      const target = notebook([code("a", "one"), code("b", "two")]);
      await open(page, target);
      await write(page, 0, " here");
      await fileHas(page, target, [["code", "one here"], ["code", "two"]]);
      writeFileSync(target.disk, readFileSync(target.disk, "utf8").replace("two", "two outside"));
      await cellsAre(page, ["code: one here", "code: two outside"]);
      await page.getByText("Changed on disk in 1 place just now").first().waitFor();
      await page.getByRole("button", { name: "Show" }).click();
      await page.locator(".nb-cell.is-changed").waitFor();
    },
  },
};
