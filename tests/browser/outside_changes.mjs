// A file that another program changes while people write: what they are told, shown and may take back.
// Run by test_outside_changes.py.
import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { runCases, assertAccessible } from "./driver.mjs";
import { banner, button, content, joinAs, makeFile, open, stateIs, textIs, told, typeAtEnd } from "./editor_steps.mjs";

const { sample, folder } = JSON.parse(process.argv[2]);
const UNDO = "Undo that outside change";

/** As another program saves. */
function saveOutside({ disk }, words) {
  writeFileSync(`${disk}.new`, words);
  renameSync(`${disk}.new`, disk);
}

const fileHas = async (disk, wanted) => {
  const deadline = Date.now() + 30_000;
  while (readFileSync(disk, "utf8") !== wanted) {
    if (Date.now() > deadline) assert.equal(readFileSync(disk, "utf8"), wanted);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

await runCases({
  "an outside change is taken back by anybody, without what others wrote since": {
    async run(page) {
      const target = makeFile(folder, "first\nsecond\nthird\nfourth\n");
      await open(page, sample + target.path);
      const ben = await joinAs(page, sample + target.path, "Ben Berg");
      saveOutside(target, "first\nsecond, changed\nfourth\nnew from outside\n");
      await banner(page, "outside").waitFor();
      await banner(ben, "outside").waitFor();
      assert.match(await banner(page, "outside").textContent(), /^Changed on disk in 2 places just now/);
      await typeAtEnd(page, "written since");
      await textIs(ben, "first\nsecond, changed\nfourth\nnew from outside\nwritten since");
      await banner(ben, "outside").getByRole("button", { name: UNDO }).click();
      for (const person of [page, ben]) {
        await textIs(person, "first\nsecond\nthird\nfourth\nwritten since");
        await banner(person, "outside").waitFor({ state: "detached" });
      }
      await told(page, "took the change from outside back");
      await told(ben, "The change from outside is taken back.");
      await fileHas(target.disk, "first\nsecond\nthird\nfourth\nwritten since");
      await page.keyboard.press("Control+z");
      await textIs(ben, "first\nsecond\nthird\nfourth\n");
    },
  },
  "only the first of two who take a change back does it": {
    async run(page) {
      const target = makeFile(folder, "one\ntwo\n");
      await open(page, sample + target.path);
      const ben = await joinAs(page, sample + target.path, "Ben Berg");
      saveOutside(target, "two\n");
      await Promise.all([page, ben].map((person) => banner(person, "outside").waitFor()));
      await Promise.all([page, ben].map((person) => banner(person, "outside").getByRole("button", { name: UNDO }).click()));
      await Promise.all([page, ben].map((person) => textIs(person, "one\ntwo\n")));
      await fileHas(target.disk, "one\ntwo\n");
    },
  },
  "several changes in a row are told together and taken back together": {
    async run(page) {
      const target = makeFile(folder, "a\nb\nc\n");
      await open(page, sample + target.path);
      saveOutside(target, "a\nb\nc\nd\n");
      await textIs(page, "a\nb\nc\nd\n");
      saveOutside(target, "A\nb\nc\nd\n");
      await textIs(page, "A\nb\nc\nd\n");
      await page.waitForFunction(() => document.querySelector('[data-id="outside"]')?.textContent?.startsWith("Changed on disk in 2 places"));
      await button(page, UNDO).click();
      await textIs(page, "a\nb\nc\n");
    },
  },
  "Show marks what came and where something went": {
    async run(page) {
      const target = makeFile(folder, "stays\ngoes away\nstays too\n");
      await open(page, sample + target.path);
      saveOutside(target, "stays\nstays too\ncame\n");
      await banner(page, "outside").getByRole("button", { name: "Show" }).click();
      await page.locator(".changed-text", { hasText: "came" }).waitFor();
      const gap = page.getByRole("img", { name: "Text was removed here" });
      await gap.waitFor();
      assert.equal(await gap.evaluate((item) => item.closest(".cm-line").textContent), "stays too");
      await assertAccessible(page);
      await banner(page, "outside").getByRole("button", { name: "Close" }).click();
      await gap.waitFor({ state: "detached" });
    },
  },
  "a deleted file is put back by Restore here": {
    async run(page) {
      const target = makeFile(folder, "still needed\n");
      await open(page, sample + target.path);
      await typeAtEnd(page, "and more");
      await stateIs(page, "state.stored_at");
      rmSync(target.disk);
      await banner(page, "deleted").waitFor();
      await banner(page, "deleted").getByRole("button", { name: "Restore here" }).click();
      await banner(page, "deleted").waitFor({ state: "detached" });
      await fileHas(target.disk, "still needed\nand more");
      await content(page).click();
      await typeAtEnd(page, ", again");
      await fileHas(target.disk, "still needed\nand more, again");
    },
  },
  "who opens a document whose file is gone is told, and may restore it": {
    async run(page) {
      const target = makeFile(folder, "kept\n");
      await open(page, sample + target.path);
      rmSync(target.disk);
      await banner(page, "deleted").waitFor();
      const ben = await joinAs(page, sample + target.path, "Ben Berg");
      await banner(ben, "deleted").getByRole("button", { name: "Restore here" }).click();
      await Promise.all([page, ben].map((person) => banner(person, "deleted").waitFor({ state: "detached" })));
      await fileHas(target.disk, "kept\n");
    },
  },
});
