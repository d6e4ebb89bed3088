/** Owns where people are in a spreadsheet: sharing our selection by ids, reading the others' with suspicion, going to them. */
import type { EditorHost, PeoplePlaces } from "../editor/contract";
import { t } from "../shell/i18n";
import { peersOf, type Peer } from "../sync/peers";
import { fieldsOf, text } from "../sync/wire";
import type { Book } from "./book";
import type { PersonRange } from "./overlay";
import type { SheetModel } from "./model";
import type { SheetView } from "./sheet-view";
import { MOST_COLS, MOST_ROWS, rangeName, rangeOf, type At, type Place, type Range } from "./types";

const SHARE_AFTER_MS = 120;
/** The field of a presence state: `{sheet, anchor: [row, col], head: [row, col], top?: [row, col]}`. */
const FIELD = "cells";

interface Where {
  readonly sheet: SheetModel;
  readonly anchor: At;
  readonly head: At;
  readonly top: At | null;
}

export class SheetPeople implements PeoplePlaces {
  private timer: number | undefined;
  private shared = "";

  constructor(private readonly host: EditorHost, private readonly book: Book, private readonly view: () => SheetView, private readonly goToSheet: (sheet: SheetModel) => void) {
    host.live.provider.awareness.on("change", this.onChange);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
    this.host.live.provider.awareness.off("change", this.onChange);
  }

  /** Whoever is on this sheet, as ranges. */
  ranges(sheet: SheetModel): PersonRange[] {
    return peersOf(this.host.live.provider.awareness).flatMap((peer) => {
      const where = this.whereIs(peer);
      return where?.sheet === sheet ? [{ name: peer.name, color: peer.color, colorDark: peer.colorDark, range: this.merged(sheet, rangeOf(where.anchor, where.head)) }] : [];
    });
  }

  show(peer: Peer): void {
    const where = this.whereIs(peer);
    if (!where) return;
    if (this.view().sheet !== where.sheet) this.goToSheet(where.sheet);
    const { grid, layout } = this.view();
    if (!where.top) return grid.reveal(layout.clamp(where.anchor), true);
    const { row, col } = layout.clamp(where.top);
    grid.scroller.scrollTo({ top: layout.rows.start(row) - layout.rows.start(layout.frozenRows), left: layout.cols.start(col) - layout.cols.start(layout.frozenCols) });
  }

  goTo(peer: Peer): void {
    const where = this.whereIs(peer);
    if (!where) return;
    if (this.view().sheet !== where.sheet) this.goToSheet(where.sheet);
    this.view().select(where.anchor, where.anchor, "cells", "center");
    this.view().grid.scroller.focus({ preventScroll: true });
  }

  describe(peer: Peer): string | null {
    const where = this.whereIs(peer);
    if (!where) return null;
    const range = rangeName(rangeOf(where.anchor, where.head));
    return where.sheet === this.view().sheet ? t("sheet.at_cells", { range }) : t("sheet.at_cells_of", { range, sheet: where.sheet.name });
  }

  /** Tell the others where we are, a moment after we stop. */
  shareSoon(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.share();
    }, SHARE_AFTER_MS);
  }

  private share(): void {
    const view = this.view();
    const { anchor, head } = view.selection.spots;
    const { row, col } = view.topLeft;
    const top = this.host.following ? null : [view.sheet.rows.placeAt(row), view.sheet.cols.placeAt(col)];
    const state = { sheet: view.sheet.id, anchor: [anchor.row, anchor.col], head: [head.row, head.col], ...(top ? { top } : {}) };
    const key = JSON.stringify(state);
    if (key === this.shared) return;
    this.shared = key;
    this.host.live.provider.awareness.setLocalStateField(FIELD, state);
  }

  private readonly onChange = (): void => this.view().drawOver();

  private whereIs(peer: Peer): Where | null {
    const state = this.host.live.provider.awareness.getStates().get(peer.client);
    const fields = fieldsOf(fieldsOf(state).get(FIELD));
    const sheet = this.book.sheet(text(fields.get("sheet")) ?? "");
    const anchor = sheet && placeOf(sheet, fields.get("anchor"));
    const head = sheet && placeOf(sheet, fields.get("head"));
    return sheet && anchor && head ? { sheet, anchor, head, top: placeOf(sheet, fields.get("top")) } : null;
  }

  private merged(sheet: SheetModel, range: Range): Range {
    return range.top === range.bottom && range.left === range.right ? (sheet.mergeAt(range.top, range.left) ?? range) : range;
  }
}

function placeOf(sheet: SheetModel, value: unknown): At | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const index = (place: unknown, axis: { indexOf(place: Place): number }, most: number): number => {
    if (typeof place === "number") return Number.isInteger(place) && place >= 0 && place < most ? place : -1;
    return typeof place === "string" ? axis.indexOf(place) : -1;
  };
  const at = { row: index(value[0], sheet.rows, MOST_ROWS), col: index(value[1], sheet.cols, MOST_COLS) };
  return at.row < 0 || at.col < 0 ? null : at;
}
