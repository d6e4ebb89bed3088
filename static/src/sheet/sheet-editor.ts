/** Owns the editor of spreadsheets: puts book, view, tools and what belongs to a document together for the editor page. */
import type { Copy, Editor, EditorHost, Heading, Outline, StatusItem } from "../editor/contract";
import type { Command } from "../shell/commands";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { announce } from "../shell/live-region";
import { showMenu } from "../shell/menu";
import { toast } from "../shell/toast";
import { Actions } from "./actions";
import { AddressBar } from "./address-bar";
import { Book, type BookChange } from "./book";
import { listedCommands, sheetCommands, type SheetCommand } from "./commands";
import { Contents } from "./contents";
import { Copying } from "./copying";
import { reasonOf, type Core } from "./core";
import { csvOf } from "./csv";
import { Display } from "./display";
import { Edits } from "./edits";
import { openFilter } from "./filter-dialog";
import { FindBar } from "./find";
import { GridKeys } from "./keys";
import { pageLocale } from "./locale";
import { cellMenu, moreMenu } from "./menus";
import { noSheet, type SheetModel } from "./model";
import { SheetPeople } from "./people";
import { GridPointer } from "./pointer";
import { PrintView } from "./print";
import { Results } from "./results";
import { notesOf, openNotes } from "./sheet-conflicts";
import { SheetView } from "./sheet-view";
import { summaryOf } from "./summary";
import { Tabs } from "./tabs";
import { Toolbar } from "./toolbar";
import { addressOf, sizeOf, type At } from "./types";
import { SheetUndo, type UndoPlace } from "./undo";
import { Writing } from "./writing";

/** So many selected cells are added up at once, more of them after a moment. */
const AT_ONCE = 5_000;
const SUM_AFTER_MS = 200;

export function create(host: EditorHost): Editor {
  return new SheetEditor(host);
}

class SheetEditor implements Editor {
  readonly element = h("div", { class: "sheet-editor" });
  readonly outline: Outline = { headings: () => this.headings(), current: () => this.shownSheets().indexOf(this.view.sheet), goTo: (index) => this.goToSheet(index) };
  readonly people: SheetPeople;
  readonly conflicts = { count: (): number => notesOf(this.book.doc).size, open: (): void => openNotes(this.book, !this.core.mayWrite, (place) => this.view.goTo(place)) };
  readonly commands: readonly Command[];
  private readonly book: Book;
  private readonly core: Core;
  private readonly history: SheetUndo;
  private readonly view: SheetView;
  private readonly results: Results;
  private readonly contents: Contents;
  private readonly actions: Actions;
  private readonly copying: Copying;
  private readonly own: readonly SheetCommand[];
  private readonly toolbar: Toolbar;
  private readonly bar: AddressBar;
  private readonly tabs: Tabs;
  private readonly findBar: FindBar;
  private readonly print: PrintView;
  private readonly sizes = new ResizeObserver(() => this.view.grid.renderSoon());
  private readOnly = true;
  private pending = 0;
  private summing: number | undefined;
  private valuesOnly = false;

  constructor(private readonly host: EditorHost) {
    this.book = new Book(host.live.doc);
    this.results = new Results(this.book, { changed: () => this.drawSoon(), state: (state) => state === "failed" && toast(t("sheet.engine_failed"), { look: "problem" }) });
    const display = new Display(this.book, this.results, pageLocale());
    this.core = this.makeCore(display, new Edits(this.book));
    this.contents = new Contents(this.core);
    this.actions = new Actions(this.core, this.contents);
    this.view = new SheetView(this.book, display, this.shownSheets()[0] ?? noSheet(), {
      selected: () => this.onSelected(),
      scrolled: () => this.people.shareSoon(),
      writing: new Writing(this.core, this.contents, () => this.onWriting()),
      people: () => this.people.ranges(this.view.sheet),
      filterAt: (at) => openFilter(this.core, at, (down) => this.sortFiltered(at, down)),
    });
    this.people = new SheetPeople(host, this.book, () => this.view, (sheet) => this.show(sheet));
    this.history = new SheetUndo(this.book.doc, { now: () => this.place(), goTo: (place) => this.goToPlace(place) });
    this.copying = new Copying(this.core, this.contents);
    this.findBar = new FindBar(this.core, this.contents, () => this.focus());
    this.tabs = new Tabs({ core: this.core, show: (sheet) => this.show(sheet), focusGrid: () => this.focus() });
    this.bar = new AddressBar(this.view);
    this.own = sheetCommands({ core: this.core, actions: this.actions, contents: this.contents, find: () => this.find(), addSheet: () => this.tabs.addSheet(), nextSheet: (by) => this.tabs.next(by), nameBox: () => this.bar.focus() });
    this.commands = listedCommands(this.own, this.core);
    this.toolbar = new Toolbar({ commands: this.own, actions: this.actions, locale: display.locale, focusGrid: () => this.focus(), more: () => moreMenu(this.core, this.own) });
    this.print = new PrintView(() => this.view);
    this.element.append(this.toolbar.element, this.bar.element, this.findBar.element, this.view.frame, this.tabs.element, this.print.element);
    this.listen();
    this.view.show(this.view.sheet);
    this.setReadOnly(true);
  }

  private makeCore(display: Display, edits: Edits): Core {
    const editor = this;
    return {
      book: this.book,
      edits,
      display,
      get history() {
        return editor.history;
      },
      get view() {
        return editor.view;
      },
      get mayWrite() {
        return !editor.readOnly && editor.book.isKnown && editor.view.sheet.id !== "";
      },
    };
  }

  private listen(): void {
    const { scroller } = this.view.grid;
    scroller.setAttribute("aria-label", t("sheet.label", { name: this.host.name }));
    this.sizes.observe(scroller);
    this.book.onChange((change) => this.onChange(change));
    notesOf(this.book.doc).observe(this.onNotes);
    document.documentElement.addEventListener("themechange", this.onTheme);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.onTheme);
    const mayWrite = (): boolean => this.core.mayWrite;
    new GridKeys({ view: this.view, commands: this.own, mayWrite, escape: () => this.escape(), leave: (backwards) => (backwards ? this.toolbar : this.tabs).focus(), menu: () => this.openMenu() });
    new GridPointer({ view: this.view, actions: this.actions, contents: this.contents, mayWrite, menu: (point) => this.openMenu(point) });
    scroller.addEventListener("copy", (event) => this.copying.copy(event, false));
    scroller.addEventListener("cut", (event) => this.copying.copy(event, true));
    scroller.addEventListener("paste", (event) => {
      this.copying.paste(event, this.valuesOnly);
      this.valuesOnly = false;
    });
    scroller.addEventListener("keydown", (event) => (this.valuesOnly = event.key.toLowerCase() === "v" && event.shiftKey && (event.ctrlKey || event.metaKey)), true);
  }

  destroy(): void {
    cancelAnimationFrame(this.pending);
    window.clearTimeout(this.summing);
    this.sizes.disconnect();
    notesOf(this.book.doc).unobserve(this.onNotes);
    document.documentElement.removeEventListener("themechange", this.onTheme);
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.onTheme);
    this.people.destroy();
    this.history.destroy();
    this.results.destroy();
    this.print.destroy();
    this.view.destroy();
    this.book.destroy();
  }

  // -- what the page asks --

  setReadOnly(readOnly: boolean): void {
    this.readOnly = readOnly;
    const { mayWrite } = this.core;
    if (!mayWrite) this.view.editor.cancel();
    this.toolbar.setEnabled(mayWrite);
    this.view.grid.scroller.setAttribute("aria-readonly", String(!mayWrite));
    this.view.editor.bar.input.readOnly = !mayWrite;
    this.element.classList.toggle("is-read-only", !mayWrite);
    this.tabs.draw();
    this.host.statusChanged();
  }

  focus(): void {
    this.view.grid.scroller.focus({ preventScroll: true });
  }

  undo(): void {
    this.history.undo();
  }

  redo(): void {
    this.history.redo();
  }

  find(): void {
    if (this.view.editor.commit()) this.findBar.open();
  }

  resized(): void {
    this.view.grid.renderSoon();
  }

  copyOfContent(): Copy {
    const { sheet } = this.view;
    const name = this.host.name.replace(/\.[^.]*$/, "");
    const several = this.book.sheets().length > 1 ? ` ${sheet.name.replace(/[\\/:*?"<>|]/g, "_")}` : "";
    return { name: `${name}${several}.csv`, content: new Blob(["\ufeff", csvOf(sheet, this.core.display)], { type: "text/csv;charset=utf-8" }) };
  }

  status(): readonly StatusItem[] {
    const items = this.view.sheet.id === "" ? [] : summaryOf(this.core);
    const { locked } = this.view.sheet;
    if (locked !== null) items.push({ id: "locked", text: t("sheet.locked"), title: reasonOf(`locked_${locked}`) });
    return this.book.isKnown ? items : [{ id: "schema", text: t("sheet.other_version") }, ...items];
  }

  // -- sheets --

  private shownSheets(): SheetModel[] {
    return this.book.sheets().filter(({ hidden }) => !hidden);
  }

  private headings(): readonly Heading[] {
    return this.shownSheets().map(({ name }) => ({ title: name, level: 1 }));
  }

  private goToSheet(index: number): void {
    const sheet = this.shownSheets()[index];
    if (sheet) this.show(sheet);
    this.focus();
  }

  private show(sheet: SheetModel): void {
    if (sheet === this.view.sheet) return;
    const { editor } = this.view;
    // While a formula is written another sheet is looked at to point at its cells.
    if (editor.isOpen && !editor.mayPoint && !editor.commit()) return;
    this.view.show(sheet);
    this.tabs.draw();
    this.findBar.refresh();
    this.host.outlineChanged();
    announce(t("sheet.shown", { name: sheet.name }));
  }

  // -- what changes --

  private onChange(change: BookChange): void {
    const { view } = this;
    const there = this.book.sheets();
    const current = this.book.sheet(view.sheet.id);
    if (there.length > 0 && (!current || current !== view.sheet || !there.includes(current))) {
      const next = (current && there.includes(current) ? current : undefined) ?? this.shownSheets()[0] ?? there[0]!;
      view.editor.cancel();
      view.show(next);
      this.setReadOnly(this.readOnly);
    } else view.changed(change);
    this.tabs.draw();
    this.findBar.refresh();
    this.host.outlineChanged();
    this.tellEdited(change);
  }

  private tellEdited({ local, transaction, sheets }: BookChange): void {
    if (local) return;
    const clients = [...transaction.afterState].filter(([client, clock]) => (transaction.beforeState.get(client) ?? 0) < clock).map(([client]) => client);
    const [first] = sheets.keys();
    if (clients.length > 0) this.host.edited(clients, first === undefined ? null : (this.book.sheet(first)?.name ?? null));
  }

  private readonly onNotes = (): void => this.host.conflictsChanged();

  private readonly onTheme = (): void => this.drawSoon();

  private drawSoon(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.view.redraw();
      this.onSelected();
    });
  }

  private onSelected(): void {
    const { view } = this;
    const { top, left } = view.selection.activeRange();
    view.editor.show(this.core.display.source(view.sheet, top, left));
    this.bar.draw();
    this.tabs.draw();
    this.toolbar.refresh();
    this.people.shareSoon();
    window.clearTimeout(this.summing);
    // Adding up many cells would make a drag slow.
    if (sizeOf(view.range) < AT_ONCE) this.host.statusChanged();
    else this.summing = window.setTimeout(() => this.host.statusChanged(), SUM_AFTER_MS);
  }

  private onWriting(): void {
    this.bar.draw();
    this.view.drawOver();
    if (!this.view.editor.isOpen) this.onSelected();
  }

  private sortFiltered(at: At, down: boolean): void {
    const filter = this.view.sheet.filter();
    if (filter) this.contents.sort(this.view.sheet, { ...filter.range, top: filter.range.top + 1 }, at.col, down);
  }

  private escape(): boolean {
    if (this.copying.forget()) return true;
    if (!this.findBar.isOpen) return false;
    this.findBar.close();
    return true;
  }

  private openMenu(point?: { x: number; y: number }): void {
    const { scroller } = this.view.grid;
    const box = this.view.grid.frameOf(this.view.selection.activeRange());
    const frame = scroller.getBoundingClientRect();
    const at = point ?? { x: frame.left + box.x + 8, y: frame.top + box.y + box.height };
    const run = (name: "copy" | "cut"): void => {
      this.focus();
      document.execCommand(name);
    };
    const paste = (valuesOnly: boolean): void => void this.copying.pasteFromSystem(valuesOnly).catch(() => toast(t("sheet.paste_by_key"), { look: "problem" }));
    showMenu(cellMenu(this.core, this.own, { cut: () => run("cut"), copy: () => run("copy"), paste }), scroller, { point: at, refocus: () => this.focus() });
  }

  // -- undo --

  private place(): UndoPlace | null {
    const { view } = this;
    return view.sheet.id === "" ? null : { sheet: view.sheet.id, ...view.selection.spots };
  }

  private goToPlace(place: UndoPlace): void {
    const sheet = this.book.sheet(place.sheet);
    if (!sheet || !this.book.sheets().includes(sheet)) return;
    this.show(sheet);
    const at = ({ row, col }: UndoPlace["anchor"]): At => ({ row: sheet.rows.indexOf(row), col: sheet.cols.indexOf(col) });
    const [anchor, head] = [at(place.anchor), at(place.head)];
    if (anchor.row >= 0 && anchor.col >= 0) this.view.select(anchor, head.row < 0 || head.col < 0 ? anchor : head, "cells", "anchor");
    announce(addressOf(this.view.selection.anchor));
  }
}
