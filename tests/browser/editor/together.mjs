// Two people in one text: what one does the other sees, and what it must not do to the other.
import assert from "node:assert/strict";
import { content, file, joinAs, LONG, open, paste, shows, text, write } from "./page.mjs";

/** The line at the top of the window and how far it is from the edge, once it stays there for some frames. */
function placeAtTop(page) {
  return page.evaluate(async () => {
    const place = () => {
      const top = document.querySelector(".cm-scroller").getBoundingClientRect().top;
      const line = [...document.querySelectorAll(".cm-line")].find((item) => item.getBoundingClientRect().top >= top);
      return line ? `${line.textContent} ${Math.round(line.getBoundingClientRect().top - top)}` : null;
    };
    let last = null;
    for (let same = 0; same < 10; ) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = place();
      same = now !== null && now === last ? same + 1 : 0;
      last = now;
    }
    return last;
  });
}

const activityOf = (page, name) => page.waitForFunction((part) => document.querySelector(".status-activity")?.textContent?.includes(part), name);

export const cases = {
  "what one person types another one sees": {
    async run(page) {
      const target = file("# Title\n");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await write(page, "typed by one");
      await shows(other, "typed by one");
      await write(other, ", then by two");
      await shows(page, "typed by one, then by two");
    },
  },
  "undo takes back one's own edits only": {
    async run(page) {
      const target = file("");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await content(page).click();
      await page.keyboard.insertText("mine "); // at once: what is typed with pauses is taken back in parts
      await shows(other, "mine");
      await write(other, "theirs");
      await shows(page, "theirs");
      await page.keyboard.press("Control+z");
      await page.waitForFunction(() => !document.querySelector(".cm-content")?.textContent?.includes("mine"));
      assert.equal((await text(page)).trim(), "theirs");
      await page.keyboard.press("Control+y");
      await shows(other, "mine theirs");
    },
  },
  "a person has a cursor with a flag, an avatar, and can be followed": {
    async run(page) {
      const target = file(LONG);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await content(other).click();
      await other.keyboard.press("Control+End");
      await page.getByRole("button", { name: "Follow Ben Berg" }).click();
      await page.locator(".peer-flag", { hasText: "Ben Berg" }).waitFor({ state: "attached" });
      await shows(page, "Line 400");
      assert.equal(await page.getByRole("button", { name: "Stop following Ben Berg" }).getAttribute("aria-pressed"), "true");
      await content(page).click();
      await page.getByRole("button", { name: "Follow Ben Berg" }).waitFor();
    },
  },
  "others' edits never move what I read": {
    async run(page) {
      const target = file(LONG);
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await page.locator(".cm-scroller").evaluate((scroller) => (scroller.scrollTop = 3_000));
      const before = await placeAtTop(page);
      assert.doesNotMatch(before, /^Line 1 /);
      await content(other).click({ position: { x: 100, y: 30 } });
      await other.keyboard.press("Control+Home");
      await other.keyboard.type("new\nlines\nabove\n");
      await activityOf(page, "Ben Berg");
      assert.equal(await placeAtTop(page), before);
      await page.locator(".cm-scroller").evaluate((scroller) => (scroller.scrollTop = 0));
      await shows(page, "above");
    },
  },
  "a remote edit never takes the focus": {
    async run(page) {
      const target = file("text\n");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await page.getByRole("button", { name: "Document menu" }).focus();
      await content(other).click();
      await other.keyboard.type("remote");
      await shows(page, "remote");
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Document menu");
    },
  },
  "a lone carriage return does not shift what others see": {
    async run(page) {
      const target = file("a\n", "txt");
      await open(page, target);
      const other = await joinAs(page, target, "Ben Berg");
      await paste(page, "x\r\ny\rz\n");
      await shows(other, "z");
      assert.equal(await text(other), await text(page));
    },
  },
  "a name that is markup is text everywhere": {
    async run(page) {
      const target = file("text\n");
      await open(page, target);
      const name = "<img src=x onerror=hit=1>";
      const other = await joinAs(page, target, name);
      await content(other).click();
      await other.keyboard.type("x");
      await page.locator(".peer-flag", { hasText: name }).waitFor({ state: "attached" });
      await activityOf(page, name);
      assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    },
  },
};
