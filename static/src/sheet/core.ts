/** Owns what the parts of the spreadsheet editor share. */
import { toast } from "../shell/toast";
import { t, type MessageKey } from "../shell/i18n";
import type { Book } from "./book";
import type { Display } from "./display";
import { Refused, type Edits } from "./edits";
import type { SheetView } from "./sheet-view";
import type { Cell, Content } from "./types";
import type { SheetUndo } from "./undo";

export interface Core {
  readonly book: Book;
  readonly edits: Edits;
  readonly display: Display;
  readonly history: SheetUndo;
  readonly view: SheetView;
  readonly mayWrite: boolean;
}

/** More cells than this are not changed in one go: the browser would stand still. */
export const MOST_CELLS = 200_000;

const REASONS: ReadonlyMap<string, MessageKey> = new Map([
  ["last", "sheet.refused_last"],
  ["last_sheet", "sheet.refused_last_sheet"],
  ["name", "sheet.refused_name"],
  ["name_taken", "sheet.refused_name_taken"],
  ["formula", "sheet.refused_formula"],
  ["too_many", "sheet.refused_too_many"],
  ["merged", "sheet.refused_merged"],
  ["locked_charts", "sheet.locked_charts"],
  ["locked_pivots", "sheet.locked_pivots"],
  ["locked_names", "sheet.locked_names"],
  ["locked_tables", "sheet.locked_tables"],
  ["locked_comments", "sheet.locked_comments"],
  ["locked_objects", "sheet.locked_objects"],
]);

/** Why something was not done, in words. */
export function reasonOf(code: string): string {
  const key = REASONS.get(code);
  if (key) return t(key);
  return code.startsWith("locked_") ? t("sheet.locked_other", { what: code.slice("locked_".length).replaceAll(/[-_]/g, " ") }) : t("error.unexpected");
}

/** Do a change; a refusal is told, and false answered. */
export function attempt(core: Core, run: () => void): boolean {
  if (!core.mayWrite) return false;
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(reasonOf(error.code), { look: "problem" });
    return false;
  }
}

/** What a cell has, as somebody would write it into another one. */
export function contentOf({ formula, value }: Cell): Content {
  if (formula) return { f: formula };
  return value === null ? null : { v: value };
}
