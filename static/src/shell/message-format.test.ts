import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf, formatMessage, parseMessage, type Values } from "./message-format";

function format(source: string, values: Values = {}, locale = "en"): string {
  return formatMessage(parseMessage(source), values, locale);
}

test("an argument stands where its name is", () => {
  assert.equal(format("Rename “{name}”", { name: "a.md" }), "Rename “a.md”");
});

test("braces in a value are not read as a message", () => {
  assert.equal(format("{name}!", { name: "{x, plural, other {#}}" }), "{x, plural, other {#}}!");
});

test("a plural takes the category of the language", () => {
  const message = "{n, plural, one {# plik} few {# pliki} many {# plików} other {# pliku}}";
  assert.deepEqual([1, 3, 5].map((n) => format(message, { n }, "pl")), ["1 plik", "3 pliki", "5 plików"]);
});

test("an exact number goes before the category", () => {
  assert.equal(format("{n, plural, =0 {none} one {one} other {#}}", { n: 0 }), "none");
});

test("the count is written as the language writes numbers", () => {
  assert.equal(format("{n, plural, one {#} other {# files}}", { n: 12_345 }, "de"), "12.345 files");
});

test("a select falls back to other", () => {
  assert.equal(format("{role, select, owner {O} other {?}}", { role: "guest" }), "?");
});

test("a choice inside a plural keeps the outer count", () => {
  const message = "{n, plural, other {{where, select, here {# here} other {# there}}}}";
  assert.equal(format(message, { n: 2, where: "here" }), "2 here");
});

test("a missing value shows its name and nothing worse", () => {
  assert.equal(format("Hello {name}"), "Hello {name}");
});

for (const source of ["{", "{a", "}", "{a, plural, one {x}}", "{a, nothing, other {x}}", "{a, plural, other {x}", "{}"]) {
  test(`a broken message is refused: ${source}`, () => {
    assert.throws(() => parseMessage(source), SyntaxError);
  });
}

test("arguments are found inside of choices too", () => {
  assert.deepEqual([...argumentsOf(parseMessage("{a} {n, plural, one {{b}} other {#}}"))].sort(), ["a", "b", "n"]);
});
