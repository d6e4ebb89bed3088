import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { TYPED_HERE } from "../text/binding";
import { overwritten, piecesOf } from "./ansi";
import { CellChanges } from "./changes";
import { readAddress } from "./jupyter-server";
import { outputOf, readMessage, writeMessage } from "./kernel-messages";
import { matchesOf, replacementOf } from "./matches";
import { formulaOf, hasScript, shownOf, simpleMarkup } from "./mime";
import { notebookFile } from "./notebook-file";
import { NotebookUndo } from "./notebook-undo";
import { appendStream, OutputWriter } from "./output-writer";
import { cellAround, cellsOf, cellType, isCell, isHidden, languageName, makeCell, metaOf, sourceOf, sourceText, type YCell } from "./schema";

function book(...sources: string[]): { doc: Y.Doc; changes: CellChanges; cells: () => YCell[]; shown: () => string[] } {
  const doc = new Y.Doc();
  cellsOf(doc).push(sources.map((source, index) => makeCell({ type: "code", source, id: `c${index}` })));
  const cells = (): YCell[] => cellsOf(doc).toArray().filter(isCell);
  return { doc, changes: new CellChanges(doc), cells, shown: () => cells().map((cell) => `${cellType(cell)} ${sourceOf(cell)}`) };
}

// -- cells --

test("cells: inserted, moved, retyped and removed in the document's order", () => {
  const { changes, cells, shown } = book("a", "b", "c");
  changes.insert(1, [{ type: "markdown", source: "new" }]);
  changes.move([cells()[1]!], 1);
  changes.changeType([cells()[0]!], "raw");
  changes.remove([cells()[3]!]);

  assert.deepEqual(shown(), ["raw a", "code b", "markdown new"]);
});

test("cells: a move leaves the cells that move alone, so that nobody's cursor in them is lost", () => {
  const { changes, cells } = book("a", "b", "c", "d");
  const [, second, third] = cells();
  changes.move([second!, third!], -1);

  assert.deepEqual(cells().map(sourceOf), ["b", "c", "a", "d"]);
  assert.ok(cells()[0] === second && cells()[1] === third);
});

test("cells: at the edge nothing moves", () => {
  const { changes, cells, shown } = book("a", "b");
  changes.move([cells()[0]!], -1);
  changes.move([cells()[1]!], 1);

  assert.deepEqual(shown(), ["code a", "code b"]);
});

test("cells: the last one leaves an empty one behind", () => {
  const { changes, cells, shown } = book("a");
  changes.remove(cells());

  assert.deepEqual(shown(), ["code "]);
});

test("cells: split and merged again", () => {
  const { changes, cells, shown } = book("one\ntwo");
  changes.split(cells()[0]!, 4);
  assert.deepEqual(shown(), ["code one", "code two"]);
  changes.merge(cells());

  assert.deepEqual(shown(), ["code one\n\ntwo"]);
});

test("cells: what is no cell is left where it is", () => {
  const { doc, changes, cells, shown } = book("a", "b");
  cellsOf(doc).insert(1, ["no cell", 7]);
  changes.insert(1, [{ type: "code", source: "new" }]);
  changes.remove([cells()[0]!]);

  assert.deepEqual(shown(), ["code new", "code b"]);
  assert.equal(cellsOf(doc).length, 4);
});

test("cells: folding is noted as JupyterLab notes it, and taken away without a trace", () => {
  const { changes, cells } = book("a");
  const [cell] = cells();
  changes.setHidden(cell!, "outputs", true);
  assert.ok(isHidden(cell!, "outputs"));
  changes.setHidden(cell!, "outputs", false);

  assert.deepEqual((cell!.get("metadata") as Y.Map<unknown>).toJSON(), {});
});

test("undo: own cells and own words, one after the other, not those of others", () => {
  const { doc, changes, cells, shown } = book("a");
  const undo = new NotebookUndo(doc, { now: () => null, goTo: () => undefined });
  undo.step(() => changes.insert(1, [{ type: "code" }]));
  doc.transact(() => sourceText(cells()[1]!)!.insert(0, "mine"), TYPED_HERE);
  doc.transact(() => sourceText(cells()[0]!)!.insert(1, " theirs"), "remote");
  undo.undo();
  assert.deepEqual(shown(), ["code a theirs", "code "]);
  undo.undo();
  assert.deepEqual(shown(), ["code a theirs"]);
  undo.redo();

  assert.deepEqual(shown(), ["code a theirs", "code "]);
});

test("schema: a type of a cell's inside leads to its cell", () => {
  const { doc, cells } = book("a", "b");

  assert.equal(cellAround(sourceText(cells()[1]!), cellsOf(doc)), cells()[1]);
  assert.equal(cellAround(doc.getText("other"), cellsOf(doc)), null);
});

test("schema: made-up cells are read without harm", () => {
  const doc = new Y.Doc();
  cellsOf(doc).push([new Y.Map(Object.entries({ cell_type: 7, source: { x: 1 }, metadata: "no", outputs: 3, execution_count: "x" }))]);
  metaOf(doc).set("metadata", "no");
  const [cell] = cellsOf(doc).toArray().filter(isCell);

  assert.deepEqual([cellType(cell!), sourceOf(cell!), isHidden(cell!, "source"), languageName(doc)], ["code", "", false, "python"]);
  assert.equal(JSON.parse(notebookFile(doc)).cells.length, 1);
});

test("file: the window's own copy is a notebook, without trust", () => {
  const { doc, cells } = book("x\ny");
  (cells()[0]!.get("metadata") as Y.Map<unknown>).set("trusted", true);
  const { cells: written, nbformat } = JSON.parse(notebookFile(doc));

  assert.equal(nbformat, 4);
  assert.deepEqual(written[0], { cell_type: "code", execution_count: null, id: "c0", metadata: {}, outputs: [], source: ["x\n", "y"] });
});

// -- outputs --

test("ansi: colours, styles and their end", () => {
  const pieces = piecesOf("a\u001b[1;31mb\u001b[22mc\u001b[38;5;208md\u001b[48;2;1;2;3me\u001b[0mf\u001b[2Kg");

  assert.deepEqual(pieces.map(({ text, style }) => [text, style]), [
    ["a", {}], ["b", { bold: true, ink: "red" }], ["c", { ink: "red" }], ["d", { ink: "#ff8700" }], ["e", { ink: "#ff8700", ground: "#010203" }], ["f", {}], ["g", {}],
  ]);
});

test("ansi: reversed colours change places", () => {
  assert.deepEqual(piecesOf("\u001b[7;31mx")[0]?.style, { ink: "ground", ground: "red" });
});

test("ansi: a return and a backspace write over", () => {
  assert.equal(overwritten("10%\r20%\rdone\nab\u0008c\r\nword boundaries stay"), "done\nac\nword boundaries stay");
  assert.equal(overwritten("longer\rab"), "abnger");
});

test("stream: a progress bar stays one line in the shared text", () => {
  const text = new Y.Doc().getText("t");
  for (let step = 0; step <= 100; step += 1) appendStream(text, `\r${step}%`);
  appendStream(text, "\nend\n");

  assert.equal(text.toString(), "100%\nend\n");
});

test("stream: a progress bar stays one line through messages that come together", () => {
  Object.assign(globalThis, { window: globalThis }); // its timers
  const doc = new Y.Doc();
  const cell = makeCell({ type: "code", source: "", id: "c" });
  cellsOf(doc).push([cell]);
  const writer = new OutputWriter(doc, cell, "too much");
  const hear = (text: string) => writer.take({ type: "stream", channel: "iopub", parent: "", content: { name: "stdout", text } });
  for (let step = 0; step <= 100; step += 1) {
    hear(`\r${step}%`);
    if (step % 7 === 0) writer.flush();
  }
  writer.flush();

  assert.deepEqual((cell.get("outputs") as Y.Array<unknown>).toJSON(), [{ output_type: "stream", name: "stdout", text: "100%" }]);
});

test("mime: the richest form that is sound is shown", () => {
  assert.equal(shownOf({ "text/plain": "x", "text/html": "<b>x</b>" }).as, "html");
  assert.equal(shownOf({ "image/png": 'x" onerror="y', "text/plain": "x" }).as, "text");
  assert.deepEqual(shownOf({ "application/x-unknown": 1 }), { as: "unknown", types: ["application/x-unknown"] });
  assert.deepEqual(shownOf({ "text/plain": ["a\n", "b"] }), { as: "text", text: "a\nb" });
});

test("mime: a data frame's table is the page's own, everything styled or scripted goes into a frame", () => {
  assert.equal(simpleMarkup('<style scoped>.dataframe td {}</style><table><tr style="text-align: right;"><td>1</td></tr></table>'), "<table><tr><td>1</td></tr></table>");
  for (const markup of ["<script>1</script>", "<svg></svg>", "<p style='color: red'>x</p>", "<b onclick=x>x</b>", "<style>p {}</style><p>x</p>", "<canvas>"]) assert.equal(simpleMarkup(markup), null, markup);
  assert.ok(hasScript("<p ONCLICK = x>") && hasScript("<SCRIPT src=x>") && !hasScript("<p>on and on</p>"));
});

test("mime: a formula without its delimiters", () => {
  assert.deepEqual(formulaOf("$$x^2$$"), { formula: "x^2", display: true });
  assert.deepEqual(formulaOf("$\\displaystyle x$"), { formula: "x", display: true });
  assert.deepEqual(formulaOf("$x$"), { formula: "x", display: false });
});

// -- find --

test("find: in all cells, with and without regular expressions", () => {
  const query = { text: "a.", matchCase: false, regexp: false };

  assert.deepEqual(matchesOf(["xa.", "A. a"], query), [{ cell: 0, from: 1, to: 3 }, { cell: 1, from: 0, to: 2 }]);
  assert.equal(matchesOf(["ab ac"], { ...query, regexp: true }).length, 2);
  assert.deepEqual(matchesOf(["a"], { text: "(", matchCase: false, regexp: true }), []);
  assert.deepEqual(matchesOf(["aaa"], { text: "x*", matchCase: false, regexp: true }), []);
  assert.equal(replacementOf("ab", { text: "(a)(b)", matchCase: true, regexp: true }, "$2$1"), "ba");
  assert.equal(replacementOf("ab", { text: "ab", matchCase: true, regexp: false }, "$1"), "$1");
});

// -- kernels --

test("kernel: a message is read and written, what is none is left out", () => {
  const written = writeMessage("shell", "execute_request", { code: "1" }, "id", "session");
  assert.equal(readMessage(written)?.type, "execute_request");
  const reply = readMessage(JSON.stringify({ channel: "iopub", header: { msg_type: "stream" }, parent_header: { msg_id: "id" }, content: { name: "stdout", text: "x" } }));

  assert.equal(reply?.parent, "id");
  assert.deepEqual(outputOf(reply!), { output_type: "stream", name: "stdout", text: "x" });
  for (const bad of ["", "{", "[]", "7", JSON.stringify({ header: 3 }), new ArrayBuffer(3)]) assert.equal(readMessage(bad), null);
});

test("kernel: an address is taken as people paste it", () => {
  assert.deepEqual(readAddress("http://localhost:8888/lab/tree/x.ipynb?token=abc", ""), { url: "http://localhost:8888", token: "abc" });
  assert.deepEqual(readAddress("https://hub.example.org/user/anna/lab", " t "), { url: "https://hub.example.org/user/anna", token: "t" });
  assert.equal(readAddress("javascript:alert(1)", ""), null);
  assert.equal(readAddress("nothing", ""), null);
});
