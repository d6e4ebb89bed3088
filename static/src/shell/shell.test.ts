import assert from "node:assert/strict";
import { test } from "node:test";
import { keyText, matchesKey } from "./commands";
import { cleanName, generateName } from "./identity";
import { rank } from "./palette";
import { initials } from "./people";
import { tokenIn } from "./sign-in";

function press(key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {}): KeyboardEvent {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held } as KeyboardEvent;
}

test("Mod is Ctrl, and Cmd on a Mac", () => {
  assert.ok(matchesKey(press("k", { ctrlKey: true }), "Mod+K", false));
  assert.ok(matchesKey(press("k", { metaKey: true }), "Mod+K", true));
  assert.ok(!matchesKey(press("k", { ctrlKey: true }), "Mod+K", true));
});

test("a held Shift makes another key of a letter", () => {
  assert.ok(!matchesKey(press("K", { ctrlKey: true, shiftKey: true }), "Mod+K", false));
});

test("a sign is found where the layout needs Shift for it", () => {
  assert.ok(matchesKey(press("/", { ctrlKey: true, shiftKey: true }), "Mod+/", false));
});

test("keys are written as the machine's keyboard has them", () => {
  assert.deepEqual([keyText("Mod+Shift+K", false), keyText("Mod+Shift+K", true), keyText("Delete", false)], ["Ctrl+Shift+K", "⌘⇧K", "Del"]);
});

test("initials are the first letters of the first and the last word, of any script", () => {
  assert.deepEqual(["Anna Weber", "kim", "  ", "Анна Петровна Ли", "𝒜da"].map(initials), ["AW", "K", "?", "АЛ", "𝒜"]);
});

test("a name cannot turn the writing direction or hide characters", () => {
  assert.equal(cleanName("  Eve\u202e\u0000\u200b  Smith\n"), "Eve Smith");
});

test("a name is bounded", () => {
  assert.equal([...cleanName("😀".repeat(500))].length, 60);
});

test("a generated name is made of two words", () => {
  assert.equal(generateName(() => 0), "Amber Badger");
});

test("the palette lists beginnings of words before the middle, and the middle before scattered letters", () => {
  assert.deepEqual(rank(["unrenamed", "Rename", "regular name", "other"], "rename", (item) => item), ["Rename", "unrenamed", "regular name"]);
});

test("a pasted link, fragment or token all give the token", () => {
  const pasted = ["http://127.0.0.1:8000/#token=a.b-c_d", "#token=a.b-c_d", " a.b-c_d\n", "http://x/?token=a.b-c_d&x=1"];
  assert.deepEqual(pasted.map(tokenIn), Array(4).fill("a.b-c_d"));
});
