/** Owns what is shown of one sheet at a time: grid, selection and what lies over the cells. Changes nothing in the document. */
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { isDark } from "../shell/theme";
import type { Book, BookChange } from "./book";
import { CellEditor, type WritingEvents } from "./cell-editor";
import { paintCell } from "./cell-paint";
import type { Display } from "./display";
import { colored } from "./formula-field";
import { GridView } from "./grid-view";
import { HEAD_HEIGHT, Layout } from "./layout";
import type { Comment, SheetModel } from "./model";
import { Overlay, type PersonRange } from "./overlay";
import { Selection, type Kind } from "./selection";
import { addressOf, rangeOf, readRange, type At, type Range } from "./types";

export interface ViewEvents {
  /** Other cells are selected, or another sheet. */
  selected(): void;
  scrolled(): void;
  writing: WritingEvents;
  /** Of the sheet that is shown. */
  people(): readonly PersonRange[];
  /** The filter's button in the head of a column. */
  filterAt(at: At, button: HTMLElement): void;
}

const MORE_ROWS = 500;
const MORE_COLS = 26;

export class SheetView {
  readonly frame = h("div", { class: "sheet-frame" });
  readonly grid: GridView;
  readonly editor: CellEditor;
  readonly selection: Selection;
  sheet: SheetModel;
  matches: ReadonlySet<string> = new Set();
  copied: { sheet: string; range: Range } | null = null;
  private readonly overlay: Overlay;
  private readonly rooms = new Map<string, { rows: number; cols: number }>();
  private readonly scrolls = new Map<string, { left: number; top: number }>();
  private readonly selections = new Map<string, { anchor: At; head: At; kind: Kind }>();

  constructor(readonly book: Book, readonly display: Display, sheet: SheetModel, private readonly events: ViewEvents) {
    this.sheet = sheet;
    this.selection = new Selection(sheet);
    this.editor = new CellEditor(events.writing);
    this.grid = new GridView({
      paint: (element, row, col, merged, place) => this.paint(element, row, col, merged, place),
      drawn: () => this.drawn(),
      atEnd: (rows, cols) => this.more(rows, cols),
    });
    this.overlay = new Overlay(this.grid);
    this.frame.append(this.grid.scroller, this.editor.inCell.element);
    this.grid.scroller.addEventListener("scroll", () => {
      this.placeEditor();
      events.scrolled();
    }, { passive: true });
  }

  get layout(): Layout {
    return this.grid.layout;
  }

  get range(): Range {
    return this.selection.range(this.layout);
  }

  // -- which sheet --

  /** Show a sheet, where it was left. */
  show(sheet: SheetModel): void {
    const { scroller } = this.grid;
    if (sheet !== this.sheet) {
      this.scrolls.set(this.sheet.id, { left: scroller.scrollLeft, top: scroller.scrollTop });
      this.selections.set(this.sheet.id, { anchor: this.selection.anchor, head: this.selection.head, kind: this.selection.kind });
    }
    this.sheet = sheet;
    this.selection.sheet = sheet;
    const kept = this.selections.get(sheet.id);
    const scroll = this.scrolls.get(sheet.id);
    this.selection.set(kept?.anchor ?? { row: 0, col: 0 }, kept?.head, kept?.kind);
    this.arrange();
    scroller.scrollTo({ left: scroll?.left ?? 0, top: scroll?.top ?? 0 });
    this.grid.renderSoon();
    this.events.selected();
  }

  /** The document changed: what somebody reads stays where it is on the screen. */
  changed(change: BookChange): void {
    const own = change.sheets.get(this.sheet.id);
    if (!own && change.sheets.size > 0 && ![...change.sheets.values()].some(({ structure }) => structure)) return;
    if (own?.structure) this.arrangeAnchored();
    else if ((this.sheet.filter()?.hidden.size ?? 0) > 0) this.arrange();
    else this.grid.redraw();
    this.events.selected();
  }

  redraw(): void {
    this.dark = isDark();
    this.grid.redraw();
  }

  private arrangeAnchored(): void {
    const { scroller } = this.grid;
    const seen = this.grid.window();
    const before = this.layout;
    const ids = { row: this.topRowId, col: this.leftColId };
    const offset = { y: scroller.scrollTop - before.rows.start(seen.top), x: scroller.scrollLeft - before.cols.start(seen.left) };
    this.selection.settle();
    this.arrange();
    const row = ids.row === undefined ? seen.top : this.sheet.rows.indexOf(ids.row);
    const col = ids.col === undefined ? seen.left : this.sheet.cols.indexOf(ids.col);
    if (row >= 0 && scroller.scrollTop > 0) scroller.scrollTop = this.layout.rows.start(row) + offset.y;
    if (col >= 0 && scroller.scrollLeft > 0) scroller.scrollLeft = this.layout.cols.start(col) + offset.x;
    this.grid.renderSoon();
  }

  private dark = isDark();
  private topRowId: string | undefined;
  private leftColId: string | undefined;

  private arrange(): void {
    this.grid.show(new Layout(this.sheet, this.display, this.rooms.get(this.sheet.id) ?? { rows: 0, cols: 0 }));
    this.placeEditor();
  }

  private more(rows: boolean, cols: boolean): void {
    const { layout, sheet } = this;
    const room = { rows: layout.rows.count + (rows ? MORE_ROWS : 0), cols: layout.cols.count + (cols ? MORE_COLS : 0) };
    const before = this.rooms.get(sheet.id);
    if (before && before.rows >= room.rows && before.cols >= room.cols) return;
    this.rooms.set(sheet.id, room);
    const made = new Layout(sheet, this.display, room);
    if (made.rows.count > layout.rows.count || made.cols.count > layout.cols.count) this.grid.show(made);
  }

  /** Make room for a place far beyond the end. */
  private reach({ row, col }: At): void {
    const { layout } = this;
    if (row < layout.rows.count && col < layout.cols.count) return;
    this.rooms.set(this.sheet.id, { rows: Math.max(layout.rows.count, row + 60), cols: Math.max(layout.cols.count, col + 12) });
    this.arrange();
  }

  // -- selection --

  select(anchor: At, head: At = anchor, kind: Kind = "cells", reveal: "head" | "anchor" | "center" | "none" = "head"): void {
    this.reach({ row: Math.max(anchor.row, head.row), col: Math.max(anchor.col, head.col) });
    this.selection.set(this.layout.clamp(anchor), this.layout.clamp(head), kind);
    if (reveal !== "none") this.grid.reveal(reveal === "head" ? this.selection.head : this.selection.anchor, reveal === "center");
    this.grid.renderSoon();
    this.drawn();
    this.events.selected();
  }

  /** Go to what somebody typed into the name box: `B7`, `A1:C3`, `Sheet2!A1`. */
  goTo(text: string): boolean {
    const [, name, place = text] = /^'?(.+?)'?!(.+)$/.exec(text.trim()) ?? [];
    const sheet = name === undefined ? this.sheet : this.book.named(name.replaceAll("''", "'"));
    const range = readRange(place);
    if (!sheet || !range) return false;
    if (sheet !== this.sheet) this.show(sheet);
    this.select({ row: range.top, col: range.left }, { row: range.bottom, col: range.right }, "cells", "anchor");
    return true;
  }

  /** The other windows are told what stands at the top of this one. */
  get topLeft(): At {
    const { top, left } = this.grid.window();
    return { row: top, col: left };
  }

  // -- drawing --

  private paint(element: HTMLElement, row: number, col: number, merged: Range | null, place: string): void {
    const { sheet, layout, display } = this;
    const cell = display.cell(sheet, row, col);
    const width = merged ? layout.cols.end(merged.right) - layout.cols.start(col) : layout.cols.size(col);
    paintCell(element, cell, place, { dark: this.dark, locale: display.locale, width, spill: (wanted) => this.spill(row, col, merged ? 0 : wanted) });
    const comment = sheet.commentAt(row, col);
    const match = this.matches.size > 0 && this.matches.has(addressOf({ row, col }));
    if (element.classList.contains("has-comment") !== (comment !== null)) element.classList.toggle("has-comment");
    if (element.classList.contains("is-match") !== match) element.classList.toggle("is-match");
    const title = comment ? noteOf(comment) : cell.isOld ? t("sheet.old_value") : "";
    if (element.title !== title) element.title = title;
    this.overlay.filterButton(element, sheet, { row, col }, (button) => this.events.filterAt({ row, col }, button));
  }

  /** How far a long text may run over its empty neighbours. */
  private spill(row: number, col: number, wanted: number): { left: number; right: number } {
    const { sheet, layout } = this;
    const run = (way: 1 | -1): number => {
      let room = 0;
      for (let at = col + way; room < wanted && at >= 0 && at < layout.cols.count && sheet.isEmpty(row, at) && !sheet.mergeAt(row, at); at += way) room += layout.cols.size(at);
      return room;
    };
    return wanted <= 0 ? { left: 0, right: 0 } : { left: run(-1), right: run(1) };
  }

  private drawn(): void {
    const seen = this.grid.window();
    this.topRowId = this.sheet.rows.ids[seen.top];
    this.leftColId = this.sheet.cols.ids[seen.left];
    const { range } = this;
    const active = this.selection.activeRange();
    this.grid.select([range], { row: active.top, col: active.left });
    this.overlay.draw({
      range,
      active,
      people: this.events.people(),
      copied: this.copied?.sheet === this.sheet.id ? this.copied.range : null,
      references: this.references(),
      things: this.sheet.things(),
      note: this.editor.isOpen ? null : this.note(active),
    });
  }

  private note({ top, left }: Range): string | null {
    const comment = this.sheet.commentAt(top, left);
    return comment && noteOf(comment);
  }

  /** Selection, people and references again, without the cells. */
  drawOver(): void {
    this.drawn();
    this.placeEditor();
  }

  /** The ranges that the formula being written names, on this sheet. */
  private references(): { range: Range; color: number }[] {
    const { target, text } = this.editor;
    if (!target) return [];
    return colored(text).flatMap(({ token, color }) => {
      const [, name, place = token.text] = /^(.*)!([^!]+)$/.exec(token.text) ?? [];
      const sheet = name === undefined ? this.book.sheet(target.sheet) : this.book.named(name.replace(/^'|'$/g, "").replaceAll("''", "'"));
      const range = sheet === this.sheet ? readRange(place) : null;
      return range ? [{ range, color }] : [];
    });
  }

  /** The field stands over its cell, and grows with what is in it. */
  placeEditor(): void {
    const { target, inCell } = this.editor;
    const own = target !== null && target.sheet === this.sheet.id;
    inCell.element.classList.toggle("is-elsewhere", target !== null && !own);
    if (!target || !own) return;
    const at = { row: this.sheet.rows.indexOf(target.row), col: this.sheet.cols.indexOf(target.col) };
    if (at.row < 0 || at.col < 0) return;
    const box = this.grid.frameOf(this.sheet.mergeAt(at.row, at.col) ?? rangeOf(at));
    const { style } = inCell.element;
    const { clientWidth, clientHeight } = this.grid.scroller;
    const x = Math.max(this.layout.headWidth, Math.min(box.x, clientWidth - box.width));
    const y = Math.max(HEAD_HEIGHT, Math.min(box.y, clientHeight - box.height));
    const lines = inCell.value.split("\n");
    style.left = `${x}px`;
    style.top = `${y}px`;
    style.width = `${Math.min(Math.max(box.width + 1, Math.max(...lines.map((line) => line.length)) * 7.6 + 24), Math.max(clientWidth - x - 4, box.width))}px`;
    style.height = `${Math.min(Math.max(box.height + 1, lines.length * 19 + 5), Math.max(clientHeight - y - 4, 24))}px`;
    inCell.element.classList.toggle("is-away", box.x !== x || box.y !== y);
  }

  destroy(): void {
    this.grid.destroy();
    replaceChildren(this.frame);
  }
}

function noteOf({ author, text }: Comment): string {
  return author ? `${author}: ${text}` : text;
}
