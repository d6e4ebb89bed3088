/** Owns what a person does to the cells of a notebook: each is one transaction with our origin, so that it can be undone. */
import * as Y from "yjs";
import { cellsOf, cellType, contentOf, isCell, makeCell, metadataOf, newId, outputsOf, record, sourceOf, sourceText, type CellType, type NewCell, type YCell } from "./schema";

/** Origin of this person's changes to cells; undone like typing. */
export const CHANGED_HERE = Symbol("changed here");
/** Origin of outputs that our kernel wrote; not undone. */
export const RAN_HERE = Symbol("ran here");

export class CellChanges {
  private readonly cells: Y.Array<unknown>;

  constructor(private readonly doc: Y.Doc) {
    this.cells = cellsOf(doc);
  }

  /** Put cells in at an index; answers those that are now in the document. */
  insert(index: number, contents: readonly NewCell[]): YCell[] {
    const at = this.place(index);
    const cells = contents.map((content) => makeCell(content));
    this.change(() => this.cells.insert(at, cells));
    return cells;
  }

  /** A notebook keeps at least one cell: the last one is replaced by an empty one. */
  remove(cells: readonly YCell[]): void {
    this.change(() => {
      for (const cell of cells) this.take(cell);
      if (!this.cells.toArray().some(isCell)) this.cells.insert(0, [makeCell({ type: "code" })]);
    });
  }

  /** Move cells, which stand together, by one place; answers them as they are now. */
  move(cells: readonly YCell[], step: -1 | 1): YCell[] {
    const all = this.shown();
    const first = all.indexOf(cells[0]!);
    const last = all.indexOf(cells[cells.length - 1]!);
    const passed = step < 0 ? all[first - 1] : all[last + 1];
    if (first < 0 || last < 0 || !passed) return [...cells];
    // The one that is passed moves, not those that somebody may be writing in.
    this.change(() => {
      const content = contentOf(passed);
      this.take(passed);
      const target = step < 0 ? this.indexOf(cells[cells.length - 1]!) + 1 : this.indexOf(cells[0]!);
      this.cells.insert(target, [makeCell(content)]);
    });
    return [...cells];
  }

  /** Another type: a new cell in the same place, because everybody reads the type once only. */
  changeType(cells: readonly YCell[], type: CellType): YCell[] {
    const changed: YCell[] = [];
    this.change(() => {
      for (const cell of cells) changed.push(cellType(cell) === type ? cell : this.replace(cell, { ...contentOf(cell), type, outputs: [], executionCount: null }));
    });
    return changed;
  }

  /** Cut a cell in two at a position of its source; what stands before becomes a new cell, others' cursors stay in the second. */
  split(cell: YCell, at: number): YCell | null {
    const text = sourceText(cell);
    const index = this.indexOf(cell);
    if (!text || index < 0) return null;
    const source = text.toString();
    const head = source.slice(0, at).replace(/\n$/, "");
    const { id: _id, ...content } = contentOf(cell);
    this.change(() => {
      this.cells.insert(index, [makeCell({ ...content, source: head, outputs: [], executionCount: null, id: newId() })]);
      text.delete(0, at);
      const gap = /^\n/.exec(text.toString());
      if (gap) text.delete(0, 1);
    });
    return cell;
  }

  /** Make one cell of several: the first one gets the sources of the others. */
  merge(cells: readonly YCell[]): YCell | null {
    const [first, ...rest] = cells;
    const text = first && sourceText(first);
    if (!first || !text || rest.length === 0) return null;
    this.change(() => {
      text.insert(text.length, rest.map((cell) => `\n\n${sourceOf(cell)}`).join(""));
      for (const cell of rest) this.take(cell);
      this.empty(first);
    });
    return first;
  }

  setHidden(cell: YCell, part: "source" | "outputs", hidden: boolean): void {
    const metadata = cell.get("metadata");
    if (!(metadata instanceof Y.Map)) return;
    this.change(() => {
      const { [`${part}_hidden`]: _old, ...jupyter } = record(metadataOf(cell).jupyter);
      const next = hidden ? { ...jupyter, [`${part}_hidden`]: true } : jupyter;
      if (Object.keys(next).length > 0) metadata.set("jupyter", next);
      else metadata.delete("jupyter");
      if (part === "outputs" && metadata.has("collapsed")) metadata.delete("collapsed");
    });
  }

  clearOutputs(cells: readonly YCell[]): void {
    this.change(() => cells.forEach((cell) => this.empty(cell)));
  }

  /** Replace passages of a source, the last first. */
  replaceText(cell: YCell, ranges: readonly { from: number; to: number; insert: string }[]): void {
    const text = sourceText(cell);
    if (!text) return;
    this.change(() => {
      for (const { from, to, insert } of [...ranges].sort((left, right) => right.from - left.from)) {
        text.delete(from, to - from);
        if (insert) text.insert(from, insert);
      }
    });
  }

  /** Several changes as one. */
  change(run: () => void): void {
    this.doc.transact(run, CHANGED_HERE);
  }

  private empty(cell: YCell): void {
    const outputs = outputsOf(cell);
    if (outputs && outputs.length > 0) outputs.delete(0, outputs.length);
    if (cellType(cell) === "code" && cell.get("execution_count") !== null) cell.set("execution_count", null);
  }

  private replace(cell: YCell, content: NewCell): YCell {
    const index = this.indexOf(cell);
    const fresh = makeCell(content);
    if (index < 0) return cell;
    this.cells.delete(index, 1);
    this.cells.insert(index, [fresh]);
    return fresh;
  }

  private take(cell: YCell): void {
    const index = this.indexOf(cell);
    if (index >= 0) this.cells.delete(index, 1);
  }

  private shown(): YCell[] {
    return this.cells.toArray().filter(isCell);
  }

  private indexOf(cell: YCell): number {
    return this.cells.toArray().indexOf(cell);
  }

  /** The index in the array of the index among the cells that are shown. */
  private place(index: number): number {
    const next = this.shown()[index];
    return next ? this.indexOf(next) : this.cells.length;
  }
}
