/** Owns cut, copy and paste: between cells of this window with formulas and looks, with other programs as text and tables. */
import { t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import { htmlOf, readTable, readTsv, tokenOf, tsvOf } from "./clipboard";
import { bounded, type Contents } from "./contents";
import { attempt, contentOf, type Core } from "./core";
import type { Write } from "./edits";
import { moveFormula } from "./formula-text";
import type { SheetModel } from "./model";
import type { At, Cell, Look, LookChange, Range } from "./types";

interface Copied {
  readonly token: string;
  readonly sheet: SheetModel;
  readonly range: Range;
  /** By rows; only visible ones. */
  readonly cells: readonly (readonly { at: At; cell: Cell; look: Look }[])[];
  readonly cut: boolean;
}

/** More text than this is not put on the clipboard. */
const MOST_COPIED = 300_000;

export class Copying {
  private copied: Copied | null = null;
  private count = 0;

  constructor(private readonly core: Core, private readonly contents: Contents) {}

  copy(event: ClipboardEvent, cut: boolean): void {
    const { view, display } = this.core;
    const { sheet, layout } = view;
    const whole = view.range;
    const range = { ...whole, bottom: Math.min(whole.bottom, Math.max(sheet.rows.length - 1, whole.top)), right: Math.min(whole.right, Math.max(sheet.cols.length - 1, whole.left)) };
    if ((range.bottom - range.top + 1) * (range.right - range.left + 1) > MOST_COPIED) return announce(t("sheet.refused_too_many"));
    const rows: Copied["cells"][number][] = [];
    for (let row = range.top; row <= range.bottom; row += 1) {
      if (layout.rows.isHidden(row)) continue;
      const cells: Copied["cells"][number][number][] = [];
      for (let col = range.left; col <= range.right; col += 1) if (!layout.cols.isHidden(col)) cells.push({ at: { row, col }, cell: sheet.cellAt(row, col), look: sheet.lookAt(row, col) });
      rows.push(cells);
    }
    const token = `${this.core.book.doc.clientID.toString(36)}-${(this.count += 1)}`;
    const texts = rows.map((cells) => cells.map(({ at, look }) => ({ text: display.text(sheet, at.row, at.col), look })));
    event.clipboardData?.setData("text/plain", tsvOf(texts.map((row) => row.map(({ text }) => text))));
    event.clipboardData?.setData("text/html", htmlOf(texts, token));
    event.preventDefault();
    this.copied = { token, sheet, range, cells: rows, cut: cut && this.core.mayWrite };
    view.copied = { sheet: sheet.id, range };
    view.drawOver();
    announce(t("sheet.copied", { count: rows.length * (rows[0]?.length ?? 0) }));
  }

  /** The moving border around what was copied goes away. */
  forget(): boolean {
    const { view } = this.core;
    if (!view.copied) return false;
    view.copied = null;
    if (this.copied?.cut) this.copied = null;
    view.drawOver();
    return true;
  }

  paste(event: ClipboardEvent, valuesOnly: boolean): void {
    const data = event.clipboardData;
    if (!data || !this.core.mayWrite) return;
    event.preventDefault();
    void this.take(data.getData("text/html"), data.getData("text/plain"), valuesOnly);
  }

  /** By the menu: the browser asks the person first. Throws when it may not. */
  async pasteFromSystem(valuesOnly: boolean): Promise<void> {
    const [item] = await navigator.clipboard.read();
    const read = async (type: string): Promise<string> => (item?.types.includes(type) ? (await item.getType(type)).text() : "");
    await this.take(await read("text/html"), await read("text/plain"), valuesOnly);
  }

  private async take(html: string, text: string, valuesOnly: boolean): Promise<void> {
    const own = this.copied && tokenOf(html) === this.copied.token ? this.copied : null;
    if (own) return this.pasteOwn(own, valuesOnly);
    const table = html.includes("<table") ? readTable((await import("../shell/sanitize")).fragmentOf(html)) : null;
    const rows = table ?? readTsv(text);
    if (rows.length > 0 && (text !== "" || table)) this.pasteTexts(rows);
  }

  private pasteTexts(rows: readonly (readonly string[])[]): void {
    const { view, edits } = this.core;
    const { sheet } = view;
    const wide = Math.max(...rows.map((row) => row.length));
    attempt(this.core, () => {
      const target = this.target(rows.length, wide);
      edits.reach(sheet, [{ row: target.bottom, col: target.right }]);
      const writes: Write[] = [];
      const looks: { at: At; look: LookChange }[] = [];
      for (let row = target.top; row <= target.bottom; row += 1) {
        for (let col = target.left; col <= target.right; col += 1) {
          const text = rows[(row - target.top) % rows.length]?.[(col - target.left) % wide] ?? "";
          const { content, look } = this.contents.meaning(sheet, { row, col }, text, true);
          writes.push({ row, col, content });
          if (look) looks.push({ at: { row, col }, look });
        }
      }
      edits.several(() => {
        edits.write(sheet, writes);
        for (const { at, look } of looks) edits.dressCell(sheet, at, look);
      });
      view.select({ row: target.top, col: target.left }, { row: target.bottom, col: target.right }, "cells", "anchor");
    });
  }

  private pasteOwn(own: Copied, valuesOnly: boolean): void {
    const { view, edits, book, display } = this.core;
    const { sheet } = view;
    const tall = own.cells.length;
    const wide = own.cells[0]?.length ?? 0;
    if (tall === 0 || wide === 0) return;
    attempt(this.core, () => {
      const target = own.cut ? this.corner(tall, wide) : this.target(tall, wide);
      edits.reach(sheet, [{ row: target.bottom, col: target.right }]);
      const values = own.cells.map((row) => row.map(({ at }) => (valuesOnly ? display.value(own.sheet, at.row, at.col) : null)));
      edits.several(() => {
        if (own.cut) edits.write(own.sheet, own.cells.flat().map(({ at }) => ({ ...at, content: null })));
        const writes: Write[] = [];
        for (let row = target.top; row <= target.bottom; row += 1) {
          for (let col = target.left; col <= target.right; col += 1) {
            const [r, c] = [(row - target.top) % tall, (col - target.left) % wide];
            const { at, cell, look } = own.cells[r]![c]!;
            const by = own.cut ? { row: 0, col: 0 } : { row: row - at.row, col: col - at.col };
            const value = values[r]?.[c] ?? null;
            const content = valuesOnly ? (value === null ? null : { v: value }) : cell.formula ? { f: moveFormula(book, own.sheet, sheet, cell.formula, by) } : contentOf(cell);
            writes.push({ row, col, content });
            if (!valuesOnly) edits.dressAs(sheet, { row, col }, look);
          }
        }
        edits.write(sheet, writes);
      });
      view.select({ row: target.top, col: target.left }, { row: target.bottom, col: target.right }, "cells", "anchor");
    });
    if (own.cut) this.forget();
  }

  /** Where so many rows and columns go: over the whole selection when they fit into it evenly. */
  private target(tall: number, wide: number): Range {
    const { range, selection } = this.core.view;
    const rows = range.bottom - range.top + 1;
    const cols = range.right - range.left + 1;
    const whole = selection.kind === "cells" && rows % tall === 0 && cols % wide === 0;
    const target = whole ? range : this.corner(tall, wide);
    bounded(target);
    return target;
  }

  private corner(tall: number, wide: number): Range {
    const { top, left } = this.core.view.range;
    const target = { top, left, bottom: top + tall - 1, right: left + wide - 1 };
    bounded(target);
    return target;
  }
}
