/** Owns what is drawn over the cells: selection, the others, references, charts and pictures. */
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";
import { wearColors } from "../shell/people";
import type { GridView } from "./grid-view";
import type { SheetModel, Thing } from "./model";
import type { At, Range } from "./types";

export interface PersonRange {
  readonly name: string;
  readonly color: string;
  readonly colorDark: string;
  readonly range: Range;
}

export interface Over {
  readonly range: Range;
  readonly active: Range;
  readonly people: readonly PersonRange[];
  readonly copied: Range | null;
  readonly references: readonly { range: Range; color: number }[];
  readonly things: readonly Thing[];
  /** The comment on the active cell. */
  readonly note: string | null;
}

export class Overlay {
  constructor(private readonly grid: GridView) {}

  draw(over: Over): void {
    this.grid.clearOverlays();
    for (const thing of over.things) this.thing(thing);
    if (!same(over.range, over.active)) this.box(over.range, "sheet-selection");
    this.box(over.active, "sheet-active");
    this.handle(over.range);
    if (over.copied) this.box(over.copied, "sheet-copied");
    for (const { range, color } of over.references) this.box(range, `sheet-reference sheet-reference-${color}`);
    for (const person of over.people) this.person(person);
    if (over.note !== null) this.note(over.active, over.note);
  }

  private box(range: Range, className: string): HTMLElement | null {
    let first: HTMLElement | null = null;
    for (const box of this.grid.boxes(range)) {
      const element = h("div", { class: className });
      Object.assign(element.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` });
      box.pane.append(element);
      first ??= element;
    }
    return first;
  }

  /** Where one drags to fill. */
  private handle(range: Range): void {
    const { bottom, right } = range;
    const last = this.grid.boxes({ top: bottom, left: right, bottom, right })[0];
    if (!last) return;
    const element = h("div", { class: "sheet-fill-handle" });
    Object.assign(element.style, { left: `${last.x + last.width}px`, top: `${last.y + last.height}px` });
    last.pane.append(element);
  }

  private person(person: PersonRange): void {
    const box = this.box(person.range, "sheet-person");
    if (!box) return;
    for (const element of box.parentElement?.querySelectorAll<HTMLElement>(".sheet-person") ?? []) if (!element.style.getPropertyValue("--person-light")) wearColors(element, person.color, person.colorDark);
    box.append(h("span", { class: "sheet-flag" }, person.name));
  }

  private note({ top, right }: Range, text: string): void {
    const [box] = this.grid.boxes({ top, left: right, bottom: top, right });
    if (!box) return;
    const element = h("div", { class: "sheet-note" }, text);
    Object.assign(element.style, { left: `${box.x + box.width + 6}px`, top: `${box.y}px` });
    box.pane.append(element);
  }

  private thing(thing: Thing): void {
    const { row, col } = thing.at;
    const [box] = this.grid.boxes({ top: row, left: col, bottom: row, right: col });
    if (!box) return;
    const label = thing.label || t(thing.kind === "chart" ? "sheet.chart" : thing.kind === "image" ? "sheet.picture" : "sheet.object");
    const element = h("div", { class: "sheet-object" });
    Object.assign(element.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${thing.width}px`, height: `${thing.height}px` });
    if (thing.href && /^(?:data:image\/(?:png|jpeg|gif|webp);|\/(?!\/))/.test(thing.href)) {
      const picture = h("img", { attrs: { src: thing.href, alt: label } });
      element.append(picture);
    } else element.append(icon(thing.kind === "image" ? "image" : thing.kind === "chart" ? "chart" : "file", 20), h("span", {}, label));
    box.pane.append(element);
  }

  /** The first row of a filter has buttons. */
  filterButton(cell: HTMLElement, sheet: SheetModel, { row, col }: At, open: (button: HTMLElement) => void): void {
    const filter = sheet.filter();
    if (cell.lastElementChild?.classList.contains("sheet-filter")) cell.lastElementChild.remove();
    if (!filter || row !== filter.range.top || col < filter.range.left || col > filter.range.right) return;
    const on = (filter.hidden.get(sheet.cols.ids[col] ?? "")?.size ?? 0) > 0;
    const button = h("button", { class: "sheet-filter", type: "button", tabIndex: -1, attrs: { "aria-label": t("sheet.filter_column") } }, icon("chevronDown", 12));
    button.classList.toggle("is-on", on);
    button.addEventListener("pointerdown", (event) => event.stopPropagation());
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      open(button);
    });
    cell.append(button);
  }
}

function same(one: Range, other: Range): boolean {
  return one.top === other.top && one.left === other.left && one.bottom === other.bottom && one.right === other.right;
}
