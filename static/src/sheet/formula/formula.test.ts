import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { initSync } from "@ironcalc/wasm";
import { Computing } from "./computing";
import { Engine, TOO_LONG, type EngineState, type WorkerLike } from "./engine";
import { functionsLike } from "./functions";
import { callAt, ranges, tokens, wordAt } from "./tokens";
import { fromA1, isFormula, toA1, unreadText, UNREAD, type Ids, type Part } from "./translate";
import type { Answer, ChangedValue, Content, Order, Workbook } from "./workbook";

declare const SOURCE_FOLDER: string;

/** Sheets of a few rows and columns; ids are `r1`, `c1`, … */
function idsOf(sheets: Record<string, string>, rows: readonly string[] = Array.from({ length: 50 }, (_, at) => `r${at + 1}`)): Ids {
  const columns = Array.from({ length: 10 }, (_, at) => `c${at + 1}`);
  const index = (list: readonly string[], id: string | number): number | null => (typeof id === "number" ? id : list.includes(id) ? list.indexOf(id) : null);
  return {
    rowId: (_, at) => rows[at] ?? at,
    colId: (_, at) => columns[at] ?? at,
    rowIndex: (_, id) => index(rows, id),
    colIndex: (_, id) => index(columns, id),
    sheetId: (name) => Object.entries(sheets).find(([, one]) => one.toLowerCase() === name.toLowerCase())?.[0] ?? null,
    sheetName: (id) => sheets[id] ?? null,
  };
}

const IDS = idsOf({ s1: "Sheet1", s2: "My Data", s3: "O'Neill", s4: "A1" });

// -- text and references --

const SAME: readonly (readonly [string, Part[]])[] = [
  ["SUM(A1:B2)*2", ["SUM(", ["r1", "c1", 0], ":", ["r2", "c2", 0], ")*2"]],
  ["$A1+A$1+$A$1", [["r1", "c1", 2], "+", ["r1", "c1", 1], "+", ["r1", "c1", 3]]],
  ["A:A+2:$3", [[null, "c1", 0], ":", [null, "c1", 0], "+", ["r2", null, 0], ":", ["r3", null, 1]]],
  ["'My Data'!A1:B2", [["r1", "c1", 0, "s2"], ":", ["r2", "c2", 0, "s2"]]],
  ["'O''Neill'!A1 & \"A1\"", [["r1", "c1", 0, "s3"], ' & "A1"']],
  ["'A1'!B2", [["r2", "c2", 0, "s4"]]],
  ["A200+XFD1", [[199, "c1", 0], "+", ["r1", 16383, 0]]],
  ["LOG10(1E5)+TRUE+name1x", ["LOG10(1E5)+TRUE+name1x"]],
  ["XFE1+A1048577+#N/A", ["XFE1+A1048577+#N/A"]],
];

test("formulas are read as references and written the same", () => {
  for (const [text, parts] of SAME) {
    assert.deepEqual(fromA1(text, IDS, "s1"), parts, text);
    assert.equal(toA1(parts, IDS, "s1"), text);
    assert.ok(isFormula(parts));
  }
});

test("what cannot be read is not guessed", () => {
  for (const text of ["[1]Sheet1!A1", "Table1[Col]", "Sheet1:Sheet3!A1", "Nowhere!A1", "Sheet1!name", "'[x.xlsx]S'!A1", '"open']) assert.equal(fromA1(text, IDS, "s1"), null, text);
});

test("references follow their rows; what is gone says so", () => {
  const parts = fromA1("SUM(A1:A3)+A2+'My Data'!B2", IDS, "s1")!;
  const moved = idsOf({ s1: "Sheet1", s2: "New name" }, ["r1", "x-1", "r3"]);
  assert.equal(toA1(parts, moved, "s1"), "SUM(A1:A3)+#REF!+#REF!");
  assert.equal(toA1(fromA1("'My Data'!A3", IDS, "s1")!, moved, "s1"), "'New name'!A3");
  assert.equal(toA1(parts, idsOf({ s1: "Sheet1" }, ["r1", "r2"]), "s1"), "SUM(A1:A2)+A2+#REF!");
});

test("a formula that nobody reads is shown as its own text", () => {
  const parts = [`${UNREAD}of:='label'`];
  assert.equal(unreadText(parts), "of:='label'");
  assert.equal(toA1(parts, IDS, "s1"), "of:='label'");
  assert.ok(!isFormula([["r1", "c1"]]) && !isFormula("A1") && !isFormula([[null, null, 0]]));
});

test("no text breaks the reader", () => {
  const alphabet = "A1B$:!'\"()[]{},;#REF! SUMä".split("");
  let seed = 7;
  const next = (): number => (seed = (seed * 48271) % 2147483647);
  for (let run = 0; run < 3000; run += 1) {
    const text = Array.from({ length: next() % 30 }, () => alphabet[next() % alphabet.length]!).join("");
    assert.equal(tokens(text).map((token) => token.text).join(""), text);
    const parts = fromA1(text, IDS, "s1");
    if (parts) assert.deepEqual(fromA1(toA1(parts, IDS, "s1"), IDS, "s1"), parts, text);
  }
});

// -- the formula bar --

test("ranges are found as one piece each, with their sheet", () => {
  assert.deepEqual(
    ranges("SUM(A1:B2,'My Data'!C3:D4)+E5+\"F6\"").map((range) => range.text),
    ["A1:B2", "'My Data'!C3:D4", "E5"],
  );
});

test("the word and the call at a place", () => {
  assert.equal(wordAt("SUM(AVE", 7)?.text, "AVE");
  assert.equal(wordAt("SUM(1,", 6), null);
  assert.equal(wordAt('"SU"', 3), null);
  assert.deepEqual(callAt("IF(A1>1,SUM(B1,", 15), { name: "SUM", argument: 1 });
  assert.deepEqual(callAt("IF(A1>1,SUM(B1),", 16), { name: "IF", argument: 2 });
  assert.equal(callAt("A1+1", 4), null);
  assert.deepEqual(functionsLike("averag").slice(0, 2), ["AVERAGE", "AVERAGEA"]);
});

// -- computing --

before(() => {
  initSync({ module: readFileSync(join(SOURCE_FOLDER, "../node_modules/@ironcalc/wasm/wasm_bg.wasm")) });
});

function book(cells: Record<string, Content>, edited: readonly string[] = [], name = "Sheet1"): Workbook {
  const place = (key: string): [number, number] => [Number(key.slice(1)) - 1, key.charCodeAt(0) - 65];
  return { sheets: [{ id: "s1", name, cells: Object.entries(cells).map(([key, content]) => [...place(key), content] as const), edited: edited.map(place) }] };
}

function shown(changed: readonly ChangedValue[]): Record<string, unknown> {
  return Object.fromEntries(changed.map(({ row, col, value }) => [`${String.fromCharCode(65 + col)}${row + 1}`, value && "value" in value ? value.value : value]));
}

const number = (value: number): Content => ({ value });
const formula = (text: string, cached?: number): Content => (cached === undefined ? { formula: text } : { formula: text, cached: { kind: "number", value: cached } });

test("only dependents of an edit get new values, and what nobody changed counts as the file has it", () => {
  const computing = new Computing(book({ A1: number(2), A2: formula("A1*10", 10), A3: formula("A2+1", 11), A4: formula('CUBE("x")', 5), A5: formula("A4+A1", 0), B1: formula("B2", 9) }, ["A1"]));
  assert.deepEqual(shown(computing.start()), { A2: 20, A3: 21, A5: 7 });
  assert.deepEqual(shown(computing.set([{ sheet: "s1", row: 0, col: 0, content: number(3) }])), { A2: 30, A3: 31, A5: 8 });
  assert.deepEqual(shown(computing.set([{ sheet: "s1", row: 7, col: 0, content: formula("SUM(A1:A3)/7") }])), { A8: 9.14285714285714 });
  assert.deepEqual(shown(computing.set([{ sheet: "s1", row: 0, col: 0, content: { value: null } }])), { A2: 0, A3: 1, A5: 5, A8: 0.142857142857143 });
});

test("numbers come with all digits that a cell shows, texts stay texts, errors are named", () => {
  const cells = { A1: formula("1/3"), A2: formula("DATE(2020,1,1)"), A3: { value: "=1+1" }, A4: formula('A3&"!"'), A5: formula("1/0"), A6: formula("A7"), A7: formula("A6"), B1: formula("1=1"), B2: formula("-1E-30/7"), B3: formula("NOSUCH(1)"), B4: formula("IFERROR(B3,1)"), B5: formula("nobody"), C1: formula("SEQUENCE(3)") };
  const values = shown(new Computing(book(cells, Object.keys(cells))).start());
  assert.equal(values["A1"], 0.3333333333333333);
  assert.ok(Math.abs((values["B2"] as number) * 7e30 + 1) < 1e-12);
  assert.deepEqual({ ...values, A1: 0, B2: 0 }, { A1: 0, A2: 43831, A4: "=1+1!", A5: "#DIV/0!", A6: "#CIRC!", A7: "#CIRC!", B1: true, B2: 0, B3: null, B4: null, B5: null, C1: null });
});

test("other sheets are found by any name, and runaway formulas are not given to the engine", () => {
  const workbook: Workbook = {
    sheets: [
      { id: "s1", name: "It's 100%", cells: [[0, 0, number(4)]], edited: [[0, 0]] },
      { id: "k-1", name: "Two", cells: [[0, 0, formula("SUM('It''s 100%'!A:A)")], [1, 0, formula(`${"(".repeat(4000)}A1${")".repeat(4000)}`)], [2, 0, formula("COUNTBLANK('it''s 100%'!A:XFD)")]], edited: [] },
    ],
  };
  assert.deepEqual(shown(new Computing(workbook).start()), { A1: 4, A2: null, A3: null });
});

test("a long chain is computed", () => {
  const cells: Record<string, Content> = { A1: number(1) };
  for (let row = 2; row <= 3000; row += 1) cells[`A${row}`] = formula(`A${row - 1}+1`, 0);
  const values = shown(new Computing(book(cells, ["A1"])).start());
  assert.equal(values["A3000"], 3000);
  assert.equal(Object.keys(values).length, 2999);
});

// -- the worker's owner --

class FakeWorker implements WorkerLike {
  onmessage: ((event: { data: Answer }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly orders: Order[] = [];
  ended = false;
  postMessage(order: Order): void {
    this.orders.push(order);
  }
  terminate(): void {
    this.ended = true;
  }
  answer(changed: readonly ChangedValue[] = []): void {
    this.onmessage?.({ data: { turn: this.orders.at(-1)!.turn, changed } });
  }
}

function engine(limitMs = 10_000): { engine: Engine; workers: FakeWorker[]; values: ChangedValue[]; states: EngineState[] } {
  const [workers, values, states]: [FakeWorker[], ChangedValue[], EngineState[]] = [[], [], []];
  const startWorker = (): FakeWorker => {
    workers.push(new FakeWorker());
    return workers.at(-1)!;
  };
  return { engine: new Engine({ onValues: (changed) => values.push(...changed), onState: (state) => states.push(state) }, { startWorker, limitMs }), workers, values, states };
}

test("no worker is started before there is a formula and an edit", () => {
  const { engine: owner, workers } = engine();
  owner.load(book({ A1: number(1) }, ["A1"]));
  owner.set([{ sheet: "s1", row: 1, col: 0, content: number(2) }]);
  assert.equal(workers.length, 0);
  owner.load(book({ A1: formula("1+1", 2) }));
  assert.equal(workers.length, 0);
  owner.set([{ sheet: "s1", row: 1, col: 0, content: number(2) }]);
  assert.equal(workers.length, 1);
  const [order] = workers[0]!.orders;
  assert.ok(order?.kind === "load");
  assert.deepEqual(order.workbook.sheets[0]?.edited, [[1, 0]]);
  owner.close();
  assert.ok(workers[0]!.ended);
});

test("a formula that runs too long shows an error, and the next worker does not get it", async () => {
  const { engine: owner, workers, values } = engine(20);
  owner.load(book({ A1: formula("1", 1), B1: number(1) }, ["B1"]));
  workers[0]!.answer();
  owner.set([{ sheet: "s1", row: 4, col: 0, content: formula("FOREVER()") }]);
  for (let waited = 0; !workers[0]!.ended && waited < 3000; waited += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(workers[0]!.ended);
  assert.deepEqual(values, [{ sheet: "s1", row: 4, col: 0, value: { kind: "error", value: TOO_LONG } }]);
  const [order] = workers[1]!.orders;
  assert.ok(order?.kind === "load");
  assert.deepEqual(order.workbook.sheets[0]?.cells.at(-1), [4, 0, { value: null }]);
  owner.close();
});

test("a browser without the engine says so once and asks no more", () => {
  const { engine: owner, workers, states } = engine();
  owner.load(book({ A1: formula("1", 1), B1: number(1) }, ["B1"]));
  workers[0]!.onerror?.({});
  owner.set([{ sheet: "s1", row: 1, col: 1, content: formula("2") }]);
  assert.deepEqual(states, ["failed"]);
  assert.equal(workers.length, 1);
});
