import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { Book } from "./book";
import { csvOf } from "./csv";
import { Display } from "./display";
import { Edits, Refused } from "./edits";
import { colored } from "./formula-field";
import { formulaText, moveFormula, readFormula } from "./formula-text";
import { localeOf } from "./locale";
import type { SheetModel } from "./model";
import { workbookOf } from "./results";
import { hasHead, regionAround, sortedOrder } from "./sorting";
import { touchedFormulas } from "./touched";
import type { Content } from "./types";
import { SheetUndo } from "./undo";

const EN = localeOf("en-US");
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
  assert.equal(formulaText(book, sheet, formula), "=SUM(A2:A3)*'My data'!$A$1");
  edits.remove(sheet, "rows", 2, 2);
  assert.equal(formulaText(book, sheet, formula), "=SUM(A2:A2)*'My data'!$A$1");
  edits.remove(sheet, "rows", 1, 1);
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

// -- tables --

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
