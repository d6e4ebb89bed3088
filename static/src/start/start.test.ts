import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../shell/api";
import { BY_NAME, nextOrder, Selection, sortEntries } from "./listing";
import { ancestors, formatWhere, parseWhere } from "./location";
import { freeName, nameProblem, stemLength, withExtension } from "./names";
import { rowAfterKey, scrollToRow, visibleSpan } from "./virtual";

function entry(path: string, more: Partial<Entry> = {}): Entry {
  return { name: path, path, kind: "file", size_bytes: 0, modified_ms: 0, format: "text", editable: true, people: [], ...more };
}

const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
const namesOf = (entries: readonly Entry[]): string[] => entries.map((item) => item.name);

test("of ten thousand rows only those around the window are drawn", () => {
  assert.deepEqual(visibleSpan(200_000, 800, 40, 10_000, 10), { first: 4_990, end: 5_030 });
});

test("the span never leaves the list", () => {
  assert.deepEqual(visibleSpan(-50, 800, 40, 3), { first: 0, end: 3 });
  assert.deepEqual(visibleSpan(90_000, 800, 40, 3), { first: 3, end: 3 });
  assert.deepEqual(visibleSpan(0, 800, 40, 0), { first: 0, end: 0 });
});

test("a row that is seen does not scroll the list", () => {
  assert.equal(scrollToRow(5, 100, 400, 40), 100);
});

test("a row outside is scrolled to the nearer edge", () => {
  assert.equal(scrollToRow(1, 100, 400, 40), 40);
  assert.equal(scrollToRow(20, 100, 400, 40), 440);
});

test("keys move the row and stop at the ends", () => {
  const moves = [["ArrowDown", 9], ["ArrowUp", 0], ["PageDown", 5], ["Home", 7], ["End", 2]] as const;
  assert.deepEqual(moves.map(([key, row]) => rowAfterKey(key, row, 10, 8)), [9, 0, 9, 0, 9]);
});

test("keys that do not move, and an empty list, have no next row", () => {
  assert.equal(rowAfterKey("a", 0, 10, 8), undefined);
  assert.equal(rowAfterKey("ArrowDown", 0, 0, 8), undefined);
});

test("folders come first and numbers in names count as numbers", () => {
  const entries = [entry("a10"), entry("a2"), entry("z", { kind: "folder" })];
  assert.deepEqual(namesOf(sortEntries(entries, BY_NAME, compare)), ["z", "a2", "a10"]);
});

test("the newest is first when the order is turned, equal ones stay by name", () => {
  const entries = [entry("b", { modified_ms: 1 }), entry("a", { modified_ms: 1 }), entry("c", { modified_ms: 9 })];
  assert.deepEqual(namesOf(sortEntries(entries, { key: "modified", descending: true }, compare)), ["c", "a", "b"]);
});

test("a first click sorts newest and largest first, a second turns it", () => {
  const once = nextOrder(BY_NAME, "size");
  assert.deepEqual([once, nextOrder(once, "size")], [{ key: "size", descending: true }, { key: "size", descending: false }]);
});

test("shift selects from the last touched entry", () => {
  const entries = ["a", "b", "c", "d"].map((path) => entry(path));
  const selection = new Selection();
  selection.toggle("b");
  selection.extend(entries, 0, 3);
  assert.deepEqual(namesOf(selection.of(entries)), ["b", "c", "d"]);
  selection.extend(entries, 0, 0);
  assert.deepEqual(namesOf(selection.of(entries)), ["a", "b"]);
});

test("what is not listed any more is not selected", () => {
  const selection = new Selection();
  selection.all([entry("a"), entry("b")]);
  selection.keep([entry("b")]);
  assert.deepEqual([selection.size, selection.has("a")], [1, false]);
});

test("names that no storage takes are refused with a reason", () => {
  const names = ["", "  ", "a/b", "a\\b", ".", "..", "a\u0007", "x".repeat(256), "é".repeat(128)];
  assert.deepEqual(names.map(nameProblem), [
    "name.problem_empty", "name.problem_empty", "name.problem_slash", "name.problem_slash", "name.problem_dots", "name.problem_dots",
    "name.problem_control", "name.problem_long", "name.problem_long",
  ]);
});

test("unusual names that are fine are taken", () => {
  assert.deepEqual(["...", ".env", "a b", "日本語.md", "-rf", "a?b#c%"].map(nameProblem), Array(6).fill(null));
});

test("the stem ends before the last dot, but a hidden file is all stem", () => {
  assert.deepEqual(["notes.md", "a.tar.gz", ".env", "README"].map(stemLength), [5, 5, 4, 6]);
});

test("keeping both takes the first free number", () => {
  const taken = new Set(["a.md", "a (2).md"]);
  assert.equal(freeName("a.md", (name) => taken.has(name)), "a (3).md");
});

test("a name without an extension gets the one of its kind", () => {
  assert.deepEqual([withExtension("report", ".md"), withExtension("report.txt", ".md")], ["report.md", "report.txt"]);
});

test("an address says where one is, and back", () => {
  const where = { root: "r", path: "a/b c", query: "x&y", file: "" };
  assert.deepEqual(parseWhere(formatWhere(where).slice(1)), where);
});

test("parameters that are not ours stay in the address", () => {
  assert.equal(formatWhere({ root: "", path: "a", query: "", file: "" }, "?lang=de&q=old"), "/?lang=de&path=a");
});

test("slashes too many in an address are not folders", () => {
  assert.equal(parseWhere("?path=//a///b/").path, "a/b");
});

test("the folders above are all named with their paths", () => {
  assert.deepEqual(ancestors("a/b"), [{ name: "a", path: "a" }, { name: "b", path: "a/b" }]);
});
