import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { Book } from "./book";
import { cellColors } from "./colors";
import { htmlOf, readTsv, tokenOf, tsvOf } from "./clipboard";
import { csvOf } from "./csv";
import { serialOf } from "./dates";
import { Display } from "./display";
import { Edits, Refused } from "./edits";
import { entryText, readEntry } from "./entry";
import { colored } from "./formula-field";
import { formulaText, moveFormula, readFormula } from "./formula-text";
import { Lane } from "./geometry";
import { localeOf } from "./locale";
import type { SheetModel } from "./model";
import { formatValue } from "./number-format";
import { fillTarget } from "./pointer";
import { workbookOf } from "./results";
import { continued } from "./series";
import { hasHead, regionAround, sortedOrder } from "./sorting";
import { touchedFormulas } from "./touched";
import { addressOf, columnIndex, columnName, readRange, type Content } from "./types";
import { SheetUndo } from "./undo";

const EN = localeOf("en-US");
const DE = localeOf("de-DE");
const RESULTS = { of: () => undefined };

/** A document as the server makes it: rows of base cells. */
function seeded(rows: unknown[][], options: { locked?: string } = {}): Y.Doc {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const [id, cells] of [["s1", rows], ["s2", [[["n", 7]]]]] as const) {
      const map = new Y.Map<unknown>();
      doc.getMap("sheets").set(id, map);
      map.set("name", id === "s1" ? "Sheet1" : "My data");
      if (options.locked) map.set("locked", options.locked);
      map.set("rows", Y.Array.from(cells.map((_row, index) => `r${index + 1}`)));
      map.set("cols", Y.Array.from((cells[0] ?? []).map((_cell, index) => `c${index + 1}`)));
      for (const part of ["next", "base", "cells", "looks", "sizes", "hides", "merges", "frozen", "filter", "comments", "objects"]) map.set(part, new Y.Map());
      const base = map.get("base") as Y.Map<unknown>;
      cells.forEach((row, r) => base.set(`r${r + 1}`, Object.fromEntries(row.flatMap((cell, c) => (cell === null ? [] : [[`c${c + 1}`, cell]])))));
    }
    doc.getArray("tabs").push(["s1", "s2"]);
    doc.getMap("styles").set("bold", { bold: true, format: "0.00" });
  });
  return doc;
}

function opened(doc: Y.Doc): { doc: Y.Doc; book: Book; edits: Edits; sheet: SheetModel; display: Display; shown: () => string[][] } {
  const book = new Book(doc);
  const sheet = book.sheets()[0]!;
  const display = new Display(book, RESULTS, EN);
  const shown = (): string[][] => sheet.rows.ids.map((_id, row) => sheet.cols.ids.map((_col, col) => display.text(sheet, row, col)));
  return { doc, book, edits: new Edits(book), sheet, display, shown };
}

const numbers = (...rows: number[][]): unknown[][] => rows.map((row) => row.map((value) => ["n", value]));

/** Two people with the same document; `meet` brings their edits together. */
function two(doc: Y.Doc): { mine: ReturnType<typeof opened>; theirs: ReturnType<typeof opened>; meet: () => void } {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  const [mine, theirs] = [opened(doc), opened(copy)];
  const meet = (): void => {
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(copy)));
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(copy, Y.encodeStateVector(doc)));
  };
  return { mine, theirs, meet };
}

const value = (v: number | string | boolean): Content => ({ v });

// -- model --

test("model: what people wrote stands over what the file had, and null is an emptied cell", () => {
  const { sheet, edits, shown } = opened(seeded([[["n", 1], ["s", "a"], ["z", null, "bold"]]]));
  edits.write(sheet, [{ row: 0, col: 0, content: value("new") }, { row: 0, col: 1, content: null }]);

  assert.deepEqual(shown(), [["new", "", ""]]);
  assert.equal(sheet.lookAt(0, 2).bold, true);
});

test("model: an id that is there twice stands at its first place only", () => {
  const { doc, sheet, shown } = opened(seeded(numbers([1], [2], [3])));
  (sheet.map.get("rows") as Y.Array<string>).push(["r1"]);

  assert.deepEqual(shown(), [["1"], ["2"], ["3"]]);
  assert.equal(doc.getMap("sheets").size, 2);
});

test("model: shapes that nobody should write are left out", () => {
  const { sheet, shown } = opened(seeded(numbers([1, 2])));
  const cells = sheet.map.get("cells") as Y.Map<unknown>;
  cells.set("r1:c1", { v: { deep: 1 } });
  cells.set("no key", 3);
  (sheet.map.get("merges") as Y.Map<unknown>).set("r1:c1", 7);
  (sheet.map.get("sizes") as Y.Map<unknown>).set("r:r1", "tall");

  assert.deepEqual(shown(), [["", "2"]]);
  assert.deepEqual(sheet.merges(), []);
  assert.equal(sheet.sizes("rows").size, 0);
});

test("model: looks of a person lie over the file's, and null takes one away", () => {
  const { sheet, edits } = opened(seeded([[["n", 1, "bold"]]]));
  edits.dress(sheet, { top: 0, left: 0, bottom: 0, right: 0 }, { bold: null, italic: true });

  assert.deepEqual(sheet.lookAt(0, 0), { format: "0.00", italic: true });
});

// -- edits --

test("edits: two people who write beyond the end make the same rows, and nobody's cell moves", () => {
  const { mine, theirs, meet } = two(seeded(numbers([1])));
  mine.edits.write(mine.sheet, [{ row: 3, col: 0, content: value("mine") }]);
  theirs.edits.write(theirs.sheet, [{ row: 5, col: 1, content: value("theirs") }]);
  meet();

  assert.deepEqual(mine.shown(), theirs.shown());
  assert.deepEqual(mine.shown().map((row) => row.join("|")), ["1|", "|", "|", "mine|", "|", "|theirs"]);
});

test("edits: undo of a cell beyond the end leaves the rows in which another one writes meanwhile", () => {
  const { mine, theirs, meet } = two(seeded(numbers([1])));
  const undo = new SheetUndo(mine.doc, { now: () => null, goTo: () => undefined });
  mine.edits.write(mine.sheet, [{ row: 2, col: 0, content: value("mine") }]);
  meet();
  theirs.edits.write(theirs.sheet, [{ row: 2, col: 0, content: value("theirs") }]);
  meet();
  undo.undo();
  meet();

  assert.deepEqual(theirs.shown(), [["1"], [""], ["theirs"]]);
});

test("edits: a row inserted by one never displaces what another types", () => {
  const { mine, theirs, meet } = two(seeded(numbers([1], [2], [3])));
  mine.edits.insert(mine.sheet, "rows", 1, 2);
  theirs.edits.write(theirs.sheet, [{ row: 2, col: 0, content: value("typed") }]);
  meet();

  assert.deepEqual(mine.shown(), [["1"], [""], [""], ["2"], ["typed"]]);
  assert.deepEqual(theirs.shown(), mine.shown());
});

test("edits: what is typed into a row that another one deletes comes back with it", () => {
  const { mine, theirs, meet } = two(seeded(numbers([1], [2])));
  const undo = new SheetUndo(mine.doc, { now: () => null, goTo: () => undefined });
  mine.edits.remove(mine.sheet, "rows", 1, 1);
  theirs.edits.write(theirs.sheet, [{ row: 1, col: 0, content: value("typed") }]);
  meet();
  assert.deepEqual(theirs.shown(), [["1"]]);

  undo.undo();
  meet();
  assert.deepEqual(theirs.shown(), [["1"], ["typed"]]);
});

test("edits: rows and columns move, alone and several", () => {
  const { edits, sheet, shown } = opened(seeded(numbers([1, 10], [2, 20], [3, 30])));
  edits.move(sheet, "rows", 0, 1, 3);
  edits.move(sheet, "cols", 1, 1, 0);

  assert.deepEqual(shown(), [["30", "3"], ["10", "1"], ["20", "2"]]);
});

test("edits: a sheet that is locked refuses with its reason, and cells can still be written", () => {
  const { edits, sheet, shown } = opened(seeded(numbers([1]), { locked: "charts" }));
  assert.throws(() => edits.insert(sheet, "rows", 0, 1), (error) => error instanceof Refused && error.code === "locked_charts");
  assert.throws(() => edits.remove(sheet, "cols", 0, 0), Refused);
  edits.write(sheet, [{ row: 0, col: 0, content: value(2) }]);

  assert.deepEqual(shown(), [["2"]]);
});

test("edits: undo takes back one's own steps only, a large one as a whole", () => {
  const { mine, theirs, meet } = two(seeded(numbers([1, 2], [3, 4])));
  const undo = new SheetUndo(mine.doc, { now: () => null, goTo: () => undefined });
  mine.edits.write(mine.sheet, [0, 1].flatMap((row) => [0, 1].map((col) => ({ row, col, content: value("x") }))));
  theirs.edits.write(theirs.sheet, [{ row: 1, col: 1, content: value("theirs") }]);
  meet();
  undo.undo();
  meet();

  assert.deepEqual(theirs.shown()[0], ["1", "2"]);
  assert.deepEqual(theirs.shown(), mine.shown());
});

test("edits: a sort of whole rows keeps formulas with their rows and ranges at their places", () => {
  const { book, edits, sheet, display } = opened(seeded([[["n", 3], ["n", 6, "", [["r1", "c1", 0], "*2"]]], [["n", 1], null], [["n", 2], null], [["n", 6, "", ["SUM(", ["r1", "c1", 0], ":", ["r3", "c1", 0], ")"]], null]]));
  edits.reorder(sheet, 0, sortedOrder(0, 2, (row) => display.value(sheet, row, 0), false, "en"));

  assert.deepEqual([0, 1, 2].map((row) => display.text(sheet, row, 0)), ["1", "2", "3"]);
  assert.equal(formulaText(book, sheet, sheet.cellAt(2, 1).formula!), "=A3*2");
  assert.equal(formulaText(book, sheet, sheet.cellAt(3, 0).formula!), "=SUM(A1:A3)");
});

test("edits: sheets are added, renamed, moved and deleted, and undo brings them back", () => {
  const { doc, book, edits, sheet } = opened(seeded(numbers([1])));
  const undo = new SheetUndo(doc, { now: () => null, goTo: () => undefined });
  const id = edits.addSheet("New", sheet.id);
  edits.moveSheet(book.sheet(id)!, null);
  edits.removeSheet(sheet);
  assert.deepEqual(book.sheets().map(({ name }) => name), ["New", "My data"]);
  assert.throws(() => edits.rename(book.sheet(id)!, "my DATA"), (error) => error instanceof Refused && error.code === "name_taken");
  undo.undo();

  assert.deepEqual(book.sheets().map(({ name }) => name), ["New", "Sheet1", "My data"]);
});

test("edits: merging takes in merges that it touches, and a filter remembers what it leaves out", () => {
  const { edits, sheet } = opened(seeded(numbers([1, 2, 3], [4, 5, 6])));
  edits.merge(sheet, { top: 0, left: 0, bottom: 0, right: 1 });
  edits.merge(sheet, { top: 0, left: 0, bottom: 1, right: 2 });
  assert.deepEqual(sheet.merges(), [{ top: 0, left: 0, bottom: 1, right: 2 }]);
  edits.setFilter(sheet, { top: 0, left: 0, bottom: 1, right: 2 });
  edits.leaveOut(sheet, "c2", ["5"]);

  assert.deepEqual([...sheet.filter()!.hidden.get("c2")!], ["5"]);
});

test("edits: seeded random edits of three people end in equal sheets", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    let state = seed;
    const random = (most: number): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % most;
    const docs = [seeded(numbers([1, 2, 3], [4, 5, 6], [7, 8, 9]))];
    for (let one = 1; one < 3; one += 1) {
      docs.push(new Y.Doc());
      Y.applyUpdate(docs[one]!, Y.encodeStateAsUpdate(docs[0]!));
    }
    const people = docs.map(opened);
    for (let step = 0; step < 60; step += 1) {
      const { edits, sheet, display } = people[random(3)]!;
      const [rows, cols] = [sheet.rows.length, sheet.cols.length];
      const action = random(7);
      if (action < 3) edits.write(sheet, [{ row: random(rows + 3), col: random(cols + 2), content: value(random(100)) }]);
      else if (action === 3) edits.insert(sheet, "rows", random(rows), 1 + random(2));
      else if (action === 4 && rows > 2) [random(rows)].forEach((row) => edits.remove(sheet, "rows", row, row));
      else if (action === 5) edits.move(sheet, "cols", 0, 0, cols);
      else edits.reorder(sheet, 0, sortedOrder(0, rows - 1, (row) => display.value(sheet, row, 0), random(2) === 0, "en"));
      if (random(4) === 0) for (const from of docs) for (const to of docs) if (from !== to) Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
    }
    for (let round = 0; round < 2; round += 1) for (const from of docs) for (const to of docs) if (from !== to) Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));

    assert.deepEqual(people[1]!.shown(), people[0]!.shown(), `seed ${seed}`);
    assert.deepEqual(people[2]!.shown(), people[0]!.shown(), `seed ${seed}`);
  }
});

// -- formulas --

test("formulas: typed text becomes references by ids that stay right when a row is inserted", () => {
  const { book, edits, sheet } = opened(seeded(numbers([1], [2], [3])));
  const formula = readFormula(book, sheet, "=sum(A1:A3)*'My data'!$A$1")!;
  edits.insert(sheet, "rows", 1, 1);

  assert.equal(formulaText(book, sheet, formula), "=SUM(A1:A4)*'My data'!$A$1");
  edits.remove(sheet, "rows", 0, 0);
  assert.equal(formulaText(book, sheet, formula), "=SUM(#REF!)*'My data'!$A$1");
});

test("formulas: a copy takes relative references along and leaves absolute ones", () => {
  const { book, sheet } = opened(seeded(numbers([1, 2], [3, 4], [5, 6])));
  const moved = moveFormula(book, sheet, sheet, readFormula(book, sheet, "=A1+$A$1+A$2")!, { row: 1, col: 1 });

  assert.equal(formulaText(book, sheet, moved), "=B2+$A$1+B$2");
  assert.equal(formulaText(book, sheet, moveFormula(book, sheet, sheet, readFormula(book, sheet, "=A1")!, { row: -1, col: 0 })), "=#REF!");
});

test("formulas: open brackets are closed, what cannot be read is refused", () => {
  const { book, sheet } = opened(seeded(numbers([1])));

  assert.equal(formulaText(book, sheet, readFormula(book, sheet, "=SUM(A1")!), "=SUM(A1)");
  assert.equal(readFormula(book, sheet, "=A1)"), null);
  assert.equal(readFormula(book, sheet, "=Nowhere!A1"), null);
});

test("formulas: equal references share a colour", () => {
  assert.deepEqual(colored("=A1+B2*$A$1").map(({ token, color }) => [token.text, color]), [["A1", 0], ["B2", 1], ["$A$1", 0]]);
  assert.deepEqual(colored("A1"), []);
});

test("formulas: the engine is told which cells of the file people edited, or whose ranges won rows", () => {
  const { book, edits, sheet } = opened(seeded([[["n", 1]], [["n", 2]], [["n", 3, "", ["SUM(", ["r1", "c1", 0], ":", ["r2", "c1", 0], ")"]]], [["n", 2, "", [["r2", "c1", 0]]]]]));
  assert.deepEqual(touchedFormulas(sheet, book), []);
  edits.insert(sheet, "rows", 1, 1);
  edits.write(sheet, [{ row: 0, col: 0, content: value(5) }]);

  assert.deepEqual(workbookOf(book).sheets[0], {
    id: "s1",
    name: "Sheet1",
    cells: [[0, 0, { value: 5 }], [2, 0, { value: 2 }], [3, 0, { formula: "SUM(A1:A3)", cached: { kind: "number", value: 3 } }], [4, 0, { formula: "A3", cached: { kind: "number", value: 2 } }]],
    edited: [[3, 0], [0, 0]],
  });
});

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

test("sorting: numbers before text, empty cells last in both directions, ends of a table and its head", () => {
  const values = ["b", 10, null, 2, "a", true];
  const order = (down: boolean): unknown[] => sortedOrder(0, 5, (row) => values[row]!, down, "en").map((row) => values[row]);
  assert.deepEqual(order(false), [2, 10, "a", "b", true, null]);
  assert.deepEqual(order(true), [true, "b", "a", 10, 2, null]);

  const { sheet } = opened(seeded([[["s", "Name"], ["s", "Sum"], null], [["s", "x"], ["n", 1], null], [null, null, ["n", 5]]]));
  assert.deepEqual(regionAround(sheet, { row: 1, col: 0 }), { top: 0, left: 0, bottom: 1, right: 1 });
  assert.equal(hasHead(sheet, { top: 0, left: 0, bottom: 1, right: 1 }), true);
});

test("csv: what is shown, with quotes where they are needed", () => {
  const { sheet, display } = opened(seeded([[["s", "a,b"], ["n", 1.5]], [null, null], [null, ["s", 'q"']]]));
  assert.equal(csvOf(sheet, display), '"a,b",1.5\r\n,\r\n,"q"""\r\n');
});

test("colours: a fill without a colour of the text gets one that can be read, in light and dark", () => {
  assert.deepEqual(cellColors(undefined, undefined, true), { ink: "", fill: "" });
  assert.equal(cellColors(undefined, "#000000", false).ink, "rgb(230 233 240)");
  assert.notEqual(cellColors("#000000", undefined, true).ink, "rgb(0 0 0)");
});
