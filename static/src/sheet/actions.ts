/** Owns what can be done with the selection besides writing: looks, rows and columns, merge, freeze, filter, sort. */
import { promptDialog } from "../shell/dialog";
import { t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import { bounded, type Contents } from "./contents";
import { attempt, type Core } from "./core";
import { Refused } from "./edits";
import { general } from "./number-format";
import { hasHead, regionAround } from "./sorting";
import { columnName, sizeOf, type Look, type LookChange, type Range, type Way } from "./types";

type Switch = "bold" | "italic" | "underline" | "strike" | "wrap";

export class Actions {
  constructor(private readonly core: Core, private readonly contents: Contents) {}

  /** The look of the active cell: what buttons show. */
  get look(): Look {
    const { view } = this.core;
    const { top, left } = view.selection.activeRange();
    return view.sheet.lookAt(top, left);
  }

  /** The selection as far as there is anything: whole rows and columns end at the last used one. */
  get worked(): Range {
    const { sheet, selection, range } = this.core.view;
    const bottom = selection.kind === "cols" || selection.kind === "all" ? Math.max(sheet.rows.length - 1, range.top) : range.bottom;
    const right = selection.kind === "rows" || selection.kind === "all" ? Math.max(sheet.cols.length - 1, range.left) : range.right;
    return { ...range, bottom, right };
  }

  dress(change: LookChange): void {
    attempt(this.core, () => {
      bounded(this.worked);
      this.core.edits.dress(this.core.view.sheet, this.worked, change);
    });
  }

  toggle(name: Switch): void {
    this.dress({ [name]: this.look[name] ? null : true });
  }

  align(side: "left" | "center" | "right"): void {
    this.dress({ align: this.look.align === side ? null : side });
  }

  clearLooks(): void {
    const keys = ["bold", "italic", "underline", "strike", "color", "fill", "align", "valign", "wrap", "size", "font", "format"] as const;
    this.dress(Object.fromEntries(keys.map((key) => [key, null])));
  }

  /** One decimal more or less. */
  decimals(by: 1 | -1): void {
    const { view, display } = this.core;
    const { top, left } = view.selection.activeRange();
    const format = this.look.format;
    const value = display.value(view.sheet, top, left);
    const shown = typeof value === "number" && (!format || /^general$/i.test(format)) ? (general(value, { ...display.locale, decimal: "." }).split(".")[1]?.length ?? 0) : null;
    this.dress({ format: shown === null ? changedDecimals(format ?? "0", by) : changedDecimals(shown > 0 ? `0.${"0".repeat(shown)}` : "0", by) });
  }

  // -- rows and columns --

  /** Insert as many as are selected, before or behind them. */
  insert(way: Way, behind = false): void {
    const { edits, view } = this.core;
    const { first, last, count } = this.lines(way);
    attempt(this.core, () => {
      const at = behind ? last + 1 : first;
      edits.insert(view.sheet, way, at, Math.min(count, 1000));
      const other = way === "rows" ? { row: at, col: view.selection.anchor.col } : { row: view.selection.anchor.row, col: at };
      const end = way === "rows" ? { row: at + count - 1, col: other.col } : { row: other.row, col: at + count - 1 };
      view.select(other, end, view.selection.kind === way ? way : "cells");
      announce(t(way === "rows" ? "sheet.rows_inserted" : "sheet.columns_inserted", { count }));
    });
  }

  remove(way: Way): void {
    const { edits, view } = this.core;
    const { first, last, count } = this.lines(way);
    attempt(this.core, () => {
      edits.remove(view.sheet, way, first, last);
      const anchor = way === "rows" ? { row: first, col: view.selection.anchor.col } : { row: view.selection.anchor.row, col: first };
      view.select(anchor);
      announce(t(way === "rows" ? "sheet.rows_deleted" : "sheet.columns_deleted", { count }));
    });
  }

  /** Move the selected rows or columns by one place. */
  move(way: Way, by: 1 | -1): void {
    const { first, last } = this.lines(way);
    if (first + by >= 0) this.moveTo(way, by > 0 ? last + 2 : first - 1);
  }

  /** Move the selected rows or columns before another one. */
  moveTo(way: Way, before: number): void {
    const { edits, view } = this.core;
    const { first, last, count } = this.lines(way);
    if (before >= first && before <= last + 1) return;
    const { anchor, kind } = view.selection;
    attempt(this.core, () => {
      edits.move(view.sheet, way, first, last, before);
      const start = before > last ? before - count : before;
      const at = (index: number): { row: number; col: number } => (way === "rows" ? { row: index, col: anchor.col } : { row: anchor.row, col: index });
      view.select(at(start), at(start + count - 1), kind === "cells" ? "cells" : way);
    });
  }

  hide(way: Way, hidden: boolean): void {
    const { edits, view } = this.core;
    const { first, last } = this.lines(way);
    const [from, to] = hidden ? [first, last] : [Math.max(first - 1, 0), last + 1];
    const indexes = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    attempt(this.core, () => edits.hide(view.sheet, way, hidden ? indexes : indexes.filter((index) => view.sheet.hides(way).has(index)), hidden));
  }

  resize(way: Way, index: number, size: number): void {
    const { edits, view } = this.core;
    const { first, last } = this.lines(way);
    const all = view.selection.kind === way && index >= first && index <= last && last - first < 5000;
    const indexes = all ? Array.from({ length: last - first + 1 }, (_, at) => first + at) : [index];
    attempt(this.core, () => edits.resize(view.sheet, way, indexes, size));
  }

  /** As wide as the longest text that is shown, as high as the usual. */
  fit(way: Way, index: number): void {
    const { edits, view, display } = this.core;
    if (way === "rows") return void attempt(this.core, () => edits.resize(view.sheet, way, [index], null));
    const seen = view.grid.window();
    let longest = 3;
    for (let row = Math.max(seen.top - 500, 0); row <= seen.bottom + 500; row += 1) longest = Math.max(longest, ...display.text(view.sheet, row, index).split("\n").map((line) => line.length));
    attempt(this.core, () => edits.resize(view.sheet, way, [index], Math.min(longest * 7.4 + 18, 600)));
  }

  askSize(way: Way): void {
    const { view } = this.core;
    const { first } = this.lines(way);
    promptDialog({
      title: t(way === "rows" ? "sheet.row_height" : "sheet.column_width"),
      label: t("sheet.pixels"),
      value: String(view.layout[way].size(first)),
      action: t("sheet.apply"),
      submit: (text) => {
        const size = Number(text);
        if (size > 0 && size <= 2000) this.resize(way, first, size);
        return Promise.resolve();
      },
    });
  }

  private lines(way: Way): { first: number; last: number; count: number } {
    const { range } = this.core.view;
    const [first, last] = way === "rows" ? [range.top, range.bottom] : [range.left, range.right];
    return { first, last, count: last - first + 1 };
  }

  // -- over cells --

  get isMerged(): boolean {
    const { sheet, range } = this.core.view;
    return sheet.merges().some((merged) => merged.top <= range.bottom && merged.bottom >= range.top && merged.left <= range.right && merged.right >= range.left);
  }

  merge(): void {
    const { edits, view } = this.core;
    attempt(this.core, () => {
      if (this.isMerged) return edits.unmerge(view.sheet, this.worked);
      if (sizeOf(view.range) > 1) edits.merge(view.sheet, this.worked);
    });
  }

  get isFrozen(): boolean {
    const { sheet } = this.core.view;
    return sheet.frozen("rows") + sheet.frozen("cols") > 0;
  }

  /** Freeze what is above and at the left of the active cell; again to end it. */
  freeze(): void {
    const { edits, view } = this.core;
    const { row, col } = view.selection.anchor;
    const [rows, cols] = this.isFrozen ? [0, 0] : view.selection.kind === "rows" ? [row, 0] : view.selection.kind === "cols" ? [0, col] : [row, col];
    attempt(this.core, () => edits.freeze(view.sheet, rows === 0 && cols === 0 && !this.isFrozen ? 1 : Math.min(rows, 50), Math.min(cols, 20)));
  }

  /** The table to sort or filter: what is selected, else what is around the active cell. */
  private table(): { range: Range; head: boolean } {
    const { sheet, selection, range } = this.core.view;
    const filter = sheet.filter();
    const { anchor } = selection;
    if (filter && anchor.row >= filter.range.top && anchor.row <= filter.range.bottom) return { range: filter.range, head: true };
    const chosen = selection.kind === "cells" && range.bottom > range.top ? this.worked : regionAround(sheet, anchor);
    return { range: chosen, head: hasHead(sheet, chosen) };
  }

  sort(down: boolean): void {
    const { view } = this.core;
    const { range, head } = this.table();
    const { col } = view.selection.anchor;
    if (col < range.left || col > range.right) return;
    this.contents.sort(view.sheet, { ...range, top: range.top + (head ? 1 : 0) }, col, down);
  }

  get isFiltered(): boolean {
    return this.core.view.sheet.filter() !== null;
  }

  filter(): void {
    const { edits, view } = this.core;
    attempt(this.core, () => {
      if (this.isFiltered) return edits.setFilter(view.sheet, null);
      const { range } = this.table();
      if (range.bottom === range.top) throw new Refused("last");
      edits.setFilter(view.sheet, range);
    });
  }

  /** Fill the first row or column of the selection into the rest. */
  fillOn(way: "down" | "right"): void {
    const { view } = this.core;
    const { worked } = this;
    const source = way === "down" ? { ...worked, bottom: worked.top } : { ...worked, right: worked.left };
    if (sizeOf(source) < sizeOf(worked)) return this.contents.fill(view.sheet, source, worked, true);
    const before = way === "down" ? { ...worked, top: worked.top - 1, bottom: worked.top - 1 } : { ...worked, left: worked.left - 1, right: worked.left - 1 };
    if (before.top >= 0 && before.left >= 0) this.contents.fill(view.sheet, before, { ...worked, top: before.top, left: before.left }, true);
  }

  /** `=SUM(…)` of the numbers above or at the left of the active cell. */
  sumText(): string {
    const { sheet, selection } = this.core.view;
    const { row, col } = selection.anchor;
    const isNumber = (r: number, c: number): boolean => r >= 0 && c >= 0 && typeof this.core.display.value(sheet, r, c) === "number";
    const run = (dr: number, dc: number): number => {
      let count = 0;
      while (isNumber(row - dr * (count + 1), col - dc * (count + 1))) count += 1;
      return count;
    };
    const above = run(1, 0);
    const left = above > 0 ? 0 : run(0, 1);
    if (above === 0 && left === 0) return "=SUM(";
    const name = (r: number, c: number): string => `${columnName(c)}${r + 1}`;
    return above > 0 ? `=SUM(${name(row - above, col)}:${name(row - 1, col)})` : `=SUM(${name(row, col - left)}:${name(row, col - 1)})`;
  }
}

function changedDecimals(format: string, by: 1 | -1): string {
  if (by > 0) return /0\.0/.test(format) ? format.replace(/0\.(0+)/g, "0.$10") : format.replace(/0(?![\d.#0])/, "0.0");
  return format.replace(/\.(0+)/g, (_all, zeros: string) => (zeros.length > 1 ? `.${zeros.slice(1)}` : ""));
}
