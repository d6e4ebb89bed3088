/** Owns what keys do in the grid: moving, extending, beginning to write. Commands have their keys in commands.ts. */
import type { SheetCommand } from "./commands";
import { commandOf } from "./commands";
import { jumpFrom, stepFrom, type Direction } from "./selection";
import type { SheetView } from "./sheet-view";
import type { At } from "./types";

const ARROWS = new Map<string, Direction>([["ArrowUp", "up"], ["ArrowDown", "down"], ["ArrowLeft", "left"], ["ArrowRight", "right"]]);

export interface KeyParts {
  readonly view: SheetView;
  readonly commands: readonly SheetCommand[];
  readonly mayWrite: () => boolean;
  /** Escape: the topmost thing goes away; false when there is none. */
  readonly escape: () => boolean;
  readonly leave: (backwards: boolean) => void;
  readonly menu: () => void;
}

export class GridKeys {
  constructor(private readonly parts: KeyParts) {
    parts.view.grid.scroller.addEventListener("keydown", (event) => this.onKey(event));
  }

  private onKey(event: KeyboardEvent): void {
    const { view } = this.parts;
    if (event.target !== view.grid.scroller || event.defaultPrevented) return;
    if (event.isComposing || event.key === "Process") return void (this.parts.mayWrite() && view.editor.open(""));
    if (this.run(event) || this.move(event)) return event.preventDefault();
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    // The character goes into the field that gets the focus here.
    if (plain && event.key.length === 1 && this.parts.mayWrite()) view.editor.open("");
  }

  private run(event: KeyboardEvent): boolean {
    const command = commandOf(this.parts.commands, event);
    if (!command) return false;
    if (!command.writes || this.parts.mayWrite()) command.run();
    return true;
  }

  private move(event: KeyboardEvent): boolean {
    const { view } = this.parts;
    const { selection, layout } = view;
    const control = event.ctrlKey || event.metaKey;
    const arrow = ARROWS.get(event.key);
    if (arrow && !event.altKey) {
      const from = event.shiftKey ? selection.head : selection.anchor;
      this.to(control ? jumpFrom(layout, from, arrow) : stepFrom(layout, from, arrow), event.shiftKey);
      return true;
    }
    switch (event.key) {
      case "Enter":
        if (event.altKey || control) return false;
        return this.next(event.shiftKey ? "up" : "down");
      case "Tab":
        if (control || event.altKey) return false;
        return this.next(event.shiftKey ? "left" : "right");
      case "Home":
        return this.to({ row: control ? layout.frozenRows : this.from(event).row, col: layout.frozenCols }, event.shiftKey);
      case "End":
        return this.to({ row: control ? Math.max(view.sheet.rows.length - 1, 0) : this.from(event).row, col: Math.max(view.sheet.cols.length - 1, 0) }, event.shiftKey);
      case "PageDown":
      case "PageUp":
        return this.page(event.key === "PageDown" ? 1 : -1, event.shiftKey, event.altKey);
      case " ":
        return this.space(event);
      case "a":
      case "A":
        if (!control || event.altKey) return false;
        view.select({ row: 0, col: 0 }, { row: layout.rows.count - 1, col: layout.cols.count - 1 }, "all", "none");
        return true;
      case "Escape":
        return this.parts.escape();
      case "F6":
        this.parts.leave(event.shiftKey);
        return true;
      case "ContextMenu":
        this.parts.menu();
        return true;
      case "F10":
        if (event.shiftKey) this.parts.menu();
        return event.shiftKey;
      default:
        return false;
    }
  }

  private from(event: KeyboardEvent): At {
    const { selection } = this.parts.view;
    return event.shiftKey ? selection.head : selection.anchor;
  }

  private to(at: At, extend: boolean): boolean {
    const { view } = this.parts;
    const { selection } = view;
    if (extend) view.select(selection.anchor, at, selection.kind === "all" ? "cells" : selection.kind);
    else view.select(at);
    return true;
  }

  /** Enter and Tab: the next cell, within the selection when it has several. */
  private next(direction: Direction): boolean {
    const { view } = this.parts;
    view.select(stepFrom(view.layout, view.selection.anchor, direction));
    return true;
  }

  private page(way: 1 | -1, extend: boolean, sideways: boolean): boolean {
    const { view } = this.parts;
    const seen = view.grid.window();
    const from = extend ? view.selection.head : view.selection.anchor;
    const rows = sideways ? 0 : Math.max(seen.bottom - seen.top - 1, 1);
    const cols = sideways ? Math.max(seen.right - seen.left - 1, 1) : 0;
    view.grid.scroller.scrollBy({ top: way * rows * (view.layout.rows.size(seen.top) || 22), left: way * cols * (view.layout.cols.size(seen.left) || 84) });
    const { layout } = view;
    return this.to({ row: layout.rows.step(from.row, way, rows), col: layout.cols.step(from.col, way, cols) }, extend);
  }

  private space(event: KeyboardEvent): boolean {
    const { view } = this.parts;
    const { anchor, head } = view.selection;
    const control = event.ctrlKey || event.metaKey;
    if (control === event.shiftKey && !control) return false;
    view.select(anchor, head, control && event.shiftKey ? "all" : control ? "cols" : "rows", "none");
    return true;
  }
}
