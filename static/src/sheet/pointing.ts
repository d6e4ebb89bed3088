/** Owns references that are made by pointing at cells while a formula is written. */
import { quoted } from "./formula/translate";
import { stepFrom, type Direction } from "./selection";
import type { SheetView } from "./sheet-view";
import { rangeName, rangeOf, type At, type Range } from "./types";

/** `B2:C3`, with its sheet when the formula is on another one. */
export function referenceName(view: SheetView, range: Range): string {
  const { target } = view.editor;
  const name = rangeName(range);
  return target && target.sheet !== view.sheet.id ? `${quoted(view.sheet.name)}!${name}` : name;
}

/** Arrows move what is pointed at, from the cell that is written. */
export class PointSteps {
  private anchor: At | null = null;
  private head: At | null = null;
  /** The text changes because of a step: the next one goes on from there. */
  private stepping = false;

  constructor(private readonly view: () => SheetView) {}

  reset(): void {
    if (!this.stepping) this.anchor = this.head = null;
  }

  step(direction: Direction, extend: boolean): void {
    const view = this.view();
    const from = this.head ?? view.selection.anchor;
    this.head = stepFrom(view.layout, from, direction);
    if (!extend || !this.anchor) this.anchor = this.head;
    this.stepping = true;
    view.editor.point(referenceName(view, rangeOf(this.anchor, this.head)));
    this.stepping = false;
    view.grid.reveal(this.head);
    view.drawOver();
  }
}
