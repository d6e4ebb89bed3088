/** Owns the writing of one cell: the field in the cell and the formula bar show the same text. Knows no document. */
import { t } from "../shell/i18n";
import { FormulaField } from "./formula-field";
import type { Direction } from "./selection";
import type { Place } from "./types";

export interface Target {
  readonly sheet: string;
  readonly row: Place;
  readonly col: Place;
}

export interface WritingEvents {
  /** The text to begin with, of the selected cell; null when it may not be written. */
  begin(): { target: Target; text: string } | null;
  /** Write it; false keeps the field open. */
  commit(target: Target, text: string): boolean;
  /** The writing ended by a key that goes on to another cell. */
  moved(direction: Direction): void;
  /** Write it into all selected cells. */
  all(text: string): void;
  /** Opened, closed, or another text. */
  changed(): void;
  /** An arrow was pressed while a reference may be pointed at. */
  pointStep(direction: Direction, extend: boolean): void;
  focusGrid(): void;
}

const ARROWS = new Map<string, Direction>([["ArrowUp", "up"], ["ArrowDown", "down"], ["ArrowLeft", "left"], ["ArrowRight", "right"]]);

export class CellEditor {
  readonly inCell: FormulaField;
  readonly bar: FormulaField;
  target: Target | null = null;
  /** Arrows end the writing: the person began by typing over a cell. */
  private typing = false;
  /** The reference that was pointed at last, to be replaced by the next one. */
  private pointed: { start: number; end: number } | null = null;
  private before = "";

  constructor(private readonly events: WritingEvents) {
    const common = { input: () => undefined, keydown: (event: KeyboardEvent) => this.onKey(event) };
    this.inCell = new FormulaField("sheet-in-cell", t("sheet.cell_content"), { ...common, input: () => this.mirror(this.inCell, this.bar), focus: () => undefined, blur: (event) => this.onBlur(event) });
    this.bar = new FormulaField("sheet-bar-field", t("sheet.formula_bar"), { ...common, input: () => this.mirror(this.bar, this.inCell), focus: () => this.onBarFocus(), blur: (event) => this.onBlur(event) });
    this.inCell.element.hidden = true;
    this.bar.input.addEventListener("pointerdown", () => (this.typing = false));
    this.inCell.input.addEventListener("pointerdown", () => (this.typing = false));
  }

  get isOpen(): boolean {
    return this.target !== null;
  }

  get text(): string {
    return this.inCell.value;
  }

  /** Begin: with what the cell has, or over it with this text. */
  open(over: string | null = null, where: "cell" | "bar" = "cell"): void {
    if (this.isOpen) return;
    const begun = this.events.begin();
    if (!begun) return;
    this.target = begun.target;
    this.before = begun.text;
    this.typing = over !== null;
    this.pointed = null;
    this.inCell.value = this.bar.value = over ?? begun.text;
    this.inCell.element.hidden = false;
    this.events.changed();
    const { input } = where === "cell" ? this.inCell : this.bar;
    if (document.activeElement !== input) input.focus({ preventScroll: true });
    if (where === "cell" || over !== null) input.setSelectionRange(input.value.length, input.value.length);
  }

  /** What is in the selected cell, while nobody writes. */
  show(text: string): void {
    if (!this.isOpen) this.bar.value = text;
  }

  /** End by writing; false when what is written cannot be. */
  commit(move: Direction | null = null): boolean {
    const { target, text } = this;
    if (!target) return true;
    if (text !== this.before && !this.events.commit(target, text)) return false;
    this.close();
    if (move) this.events.moved(move);
    return true;
  }

  cancel(): void {
    if (!this.isOpen) return;
    this.close();
  }

  private close(): void {
    const focused = this.hasFocus;
    this.target = null;
    this.pointed = null;
    this.inCell.element.hidden = true;
    this.inCell.close();
    this.bar.close();
    if (focused) this.events.focusGrid();
    this.events.changed();
  }

  get hasFocus(): boolean {
    return document.activeElement === this.inCell.input || document.activeElement === this.bar.input;
  }

  private get field(): FormulaField {
    return document.activeElement === this.bar.input ? this.bar : this.inCell;
  }

  // -- pointing at cells --

  /** Whether a click on a cell puts its reference into the formula. */
  get mayPoint(): boolean {
    if (!this.isOpen || !this.text.startsWith("=")) return false;
    const { selectionStart, selectionEnd } = this.field.input;
    if (this.pointed && selectionStart === this.pointed.end) return true;
    return selectionStart === selectionEnd && /[=(,;+\-*/^&<>:\s]$/.test(this.text.slice(0, selectionStart)) && !/"/.test(this.text.slice(0, selectionStart).replace(/"[^"]*"/g, ""));
  }

  /** Put the reference in, in place of the one pointed at before. */
  point(reference: string): void {
    const { field } = this;
    const start = this.pointed?.start ?? field.input.selectionStart;
    const end = this.pointed?.end ?? field.input.selectionEnd;
    field.insert(reference, start, end);
    this.pointed = { start, end: start + reference.length };
    field.input.focus({ preventScroll: true });
    field.input.setSelectionRange(this.pointed.end, this.pointed.end);
  }

  // -- keys --

  private mirror(from: FormulaField, to: FormulaField): void {
    if (!this.isOpen) {
      const { value } = from;
      this.open(value, from === this.bar ? "bar" : "cell");
      this.typing = false;
    }
    to.value = from.value;
    this.pointed = null;
    this.events.changed();
  }

  private onBarFocus(): void {
    if (!this.isOpen) this.open(null, "bar");
    if (!this.isOpen) this.bar.input.blur();
    this.typing = false;
  }

  private onBlur(event: FocusEvent): void {
    const next = event.relatedTarget;
    if (!this.isOpen || !document.hasFocus() || next === this.inCell.input || next === this.bar.input) return;
    if (next instanceof Element && next.closest(".sheet-frame, .sheet-tabs")) return; // the grid decides itself
    if (!this.commit()) this.cancel();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return this.cancel();
    }
    if (event.key === "Enter" && event.altKey) return void (event.preventDefault(), this.field.insert("\n"));
    const end = endOf(event);
    if (end !== undefined) {
      event.preventDefault();
      if (end === null && this.target) this.events.all(this.text);
      else this.commit(end);
      return;
    }
    if (event.key === "F2") {
      event.preventDefault();
      this.typing = !this.typing;
      return;
    }
    const arrow = ARROWS.get(event.key);
    if (!arrow || !this.typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (this.mayPoint) this.events.pointStep(arrow, event.shiftKey);
    else if (!event.shiftKey) this.commit(arrow);
  }
}

/** Which way the selection goes after a key that ends the writing; null for staying. */
function endOf(event: KeyboardEvent): Direction | null | undefined {
  if (event.key === "Enter") return event.ctrlKey || event.metaKey ? null : event.shiftKey ? "up" : "down";
  if (event.key === "Tab") return event.shiftKey ? "left" : "right";
  return undefined;
}
