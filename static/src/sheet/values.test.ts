import assert from "node:assert/strict";
import { test } from "node:test";
import { htmlOf, readTsv, tokenOf, tsvOf } from "./clipboard";
import { cellColors } from "./colors";
import { serialOf } from "./dates";
import { entryText, readEntry } from "./entry";
import { Lane } from "./geometry";
import { localeOf } from "./locale";
import { formatValue } from "./number-format";
import { fillTarget } from "./pointer";
import { continued } from "./series";
import { addressOf, columnIndex, columnName, readRange } from "./types";

const EN = localeOf("en-US");
const DE = localeOf("de-DE");

// -- numbers, dates, entries --

test("number formats: numbers as the office programs show them", () => {
  const shown = (value: number, format: string): string => formatValue(value, format, EN).text;
  const cases: [number, string, string][] = [
    [1234.567, "#,##0.00", "1,234.57"], [-1234.5, "#,##0.00;[Red](#,##0.00)", "(1,234.50)"], [0, "0.00;-0.00;\"zero\"", "zero"], [0.256, "0.0%", "25.6%"], [5, "000", "005"], [1234567, "#,##0,", "1,235"],
    [12345, "0.00E+00", "1.23E+04"], [2.5, "# ?/?", "2 1/2"], [1.005, "0.00", "1.01"], [-0.001, "0.00", "0.00"], [1234.5, '#,##0.00 "€"', "1,234.50 €"], [1234.5, "[$€-407] #,##0", "€ 1,235"], [7, "General", "7"], [0.5, ".00", ".50"], [3, "0.##", "3"], [12, "[<10]\"few\";\"many\"", "many"],
  ];
  for (const [number, format, text] of cases) assert.equal(shown(number, format), text, format);
});

test("number formats: days and times, elapsed hours, names of months", () => {
  const day = serialOf(2024, 3, 5)!;
  const shown = (value: number, format: string, locale = EN): string => formatValue(value, format, locale).text;

  assert.equal(shown(day + 0.75, "yyyy-mm-dd hh:mm"), "2024-03-05 18:00");
  assert.equal(shown(day, "d mmm yyyy"), "5 Mar 2024");
  assert.equal(shown(day, "dddd", DE), "Dienstag");
  assert.equal(shown(1.5, "[h]:mm:ss"), "36:00:00");
  assert.equal(shown(0.5, "h:mm AM/PM"), "12:00 PM");
  assert.equal(shown(0.000011574, "ss.000"), "01.000");
  assert.equal(shown(-1, "yyyy-mm-dd"), "1899-12-29");
});

test("number formats: general numbers are short, in the language's signs", () => {
  assert.deepEqual([0.1 + 0.2, 1e21, 123456789012, 1 / 3].map((value) => formatValue(value, undefined, EN).text), ["0.3", "1E+21", "1.23457E+11", "0.3333333333"]);
  assert.equal(formatValue(1234.5, "#,##0.00", DE).text, "1.234,50");
});

test("entries: numbers, percents, currencies and dates by the language", () => {
  const read = (text: string, locale = EN): unknown => readEntry(text, locale);
  assert.deepEqual(read("1,234.5"), { kind: "value", value: 1234.5, format: "#,##0.00" });
  assert.deepEqual(read("1.234,5", DE), { kind: "value", value: 1234.5, format: "#,##0.00" });
  assert.deepEqual(read("1,5", DE), { kind: "value", value: 1.5 });
  assert.deepEqual(read("12.5%"), { kind: "value", value: 0.125, format: "0.00%" });
  assert.deepEqual(read("$3"), { kind: "value", value: 3, format: '"$"#,##0' });
  assert.deepEqual(read("3/5/2024"), { kind: "value", value: serialOf(2024, 3, 5), format: "mm/dd/yyyy" });
  assert.deepEqual(read("5.3.2024", DE), { kind: "value", value: serialOf(2024, 3, 5), format: "dd.mm.yyyy" });
  assert.deepEqual(read("2024-03-05"), { kind: "value", value: serialOf(2024, 3, 5), format: "yyyy-mm-dd" });
  assert.deepEqual(read("18:30"), { kind: "value", value: 18.5 / 24, format: "hh:mm" });
  assert.deepEqual(read("true"), { kind: "value", value: true });
});

test("entries: text stays text where it is none of these, and with an apostrophe always", () => {
  for (const text of ["1.2.3.4", "12 apples", "2024-13-01", "31.2.2024", "-", "1-2-x", "+49 221 123", "1e999"]) assert.deepEqual(readEntry(text, DE), { kind: "value", value: text }, text);
  assert.deepEqual(readEntry("'=1+1", EN), { kind: "value", value: "=1+1" });
  assert.deepEqual(readEntry("=1+1", EN), { kind: "formula", text: "=1+1" });
  assert.deepEqual(readEntry("007", EN, "@"), { kind: "value", value: "007" });
});

test("entries: what is edited reads as what it was", () => {
  for (const locale of [EN, DE]) {
    for (const [value, format] of [[1234.5678, undefined], [serialOf(2024, 3, 5)!, "yyyy-mm-dd"], [0.125, "0%"], ["=not a formula", undefined], ["12", undefined], [true, undefined], [0.75, "hh:mm"], [45_000.5, "d.m.yy h:mm"]] as const) {
      const read = readEntry(entryText(value, format, locale), locale, format);
      assert.deepEqual(read.kind === "value" ? read.value : read, value, `${value} ${locale.tag}`);
    }
  }
});

// -- the rest --

test("geometry: positions, hidden indexes and edges", () => {
  const lane = new Lane(5, 10, new Map([[1, 30]]), new Set([2]));

  assert.deepEqual([0, 1, 2, 3, 4].map((index) => lane.start(index)), [0, 10, 40, 40, 50]);
  assert.deepEqual([0, 9, 10, 39, 40, 59, 1000, -5].map((position) => lane.at(position)), [0, 0, 1, 1, 3, 4, 4, 0]);
  assert.equal(lane.step(1, 1), 3);
  assert.deepEqual([39, 41, 30].map((position) => lane.edgeAt(position, 3)), [1, 1, -1]);
});

test("addresses: columns and ranges as people write them", () => {
  assert.deepEqual([0, 25, 26, 701, 702, 16_383].map(columnName), ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
  assert.deepEqual(["A", "xfd", "XFE", "A1"].map(columnIndex), [0, 16_383, -1, -1]);
  assert.deepEqual(readRange("c3:$B$2"), { top: 1, left: 1, bottom: 2, right: 2 });
  assert.equal(readRange("A0"), null);
  assert.equal(addressOf({ row: 0, col: 27 }), "AB1");
});

test("series: numbers count on, days too, text with a number, else the same again", () => {
  const next = (values: (string | number)[], isDate = false): unknown[] => [0, 1, -1].map(continued(values, isDate));

  assert.deepEqual(next([1, 3]), [5, 7, -1]);
  assert.deepEqual(next([5]), [5, 5, 5]);
  assert.deepEqual(next([45_000], true), [45_001, 45_002, 44_999]);
  assert.deepEqual(next(["Item 1"]), ["Item 2", "Item 3", "Item 0"]);
  assert.deepEqual(next(["a", "b"]), ["a", "b", "b"]);
});

test("fill: the target grows in the direction that is further away", () => {
  const source = { top: 1, left: 1, bottom: 2, right: 2 };
  assert.deepEqual(fillTarget(source, { row: 9, col: 4 }), { ...source, bottom: 9 });
  assert.deepEqual(fillTarget(source, { row: 2, col: 0 }), { ...source, left: 0 });
});

test("clipboard: tabs, lines and quotes there and back", () => {
  const rows = [["a", 'say "x"', "two\nlines"], ["", "tab\there", "end"]];

  assert.deepEqual(readTsv(tsvOf(rows)), rows);
  assert.deepEqual(readTsv("1\t2\r\n3\t\r\n"), [["1", "2"], ["3", ""]]);
  assert.deepEqual(readTsv('say "hi"\tx'), [['say "hi"', "x"]]);
});

test("clipboard: the table for others has no markup of the cells", () => {
  const html = htmlOf([[{ text: "<img src=x>", look: { bold: true, color: "red;x" } }]], "t-1");

  assert.ok(!html.includes("<img"));
  assert.ok(html.includes('style="font-weight:bold"'));
  assert.equal(tokenOf(html), "t-1");
});

test("colours: a fill without a colour of the text gets one that can be read, in light and dark", () => {
  assert.deepEqual(cellColors(undefined, undefined, true), { ink: "", fill: "" });
  assert.equal(cellColors(undefined, "#000000", false).ink, "rgb(230 233 240)");
  assert.notEqual(cellColors("#000000", undefined, true).ink, "rgb(0 0 0)");
});
