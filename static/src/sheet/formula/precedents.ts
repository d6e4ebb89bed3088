/** Owns what a formula stands on: the areas that it names, its functions, and whether it can reach anywhere else. Pure. */
import { columnIndex, LAST_COLUMN, LAST_ROW } from "./parts";
import { tokens, type Token } from "./tokens";

/** Cells of one sheet, corners included, places counted from 0. */
export interface Area {
  readonly sheet: string;
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export interface Precedents {
  readonly areas: Area[];
  readonly functions: Set<string>;
  /** It makes references while it is computed. */
  anywhere: boolean;
  /** It has a name, a sheet or a word that nobody knows here. */
  unknown: boolean;
  /** How many brackets are open at once. */
  depth: number;
}

const ANYWHERE = new Set(["INDIRECT", "OFFSET"]);
const CONSTANT = /^(?:true|false|[0-9.].*)$/i;

/** `sheets`: folded name -> id. */
export function precedentsOf(text: string, here: string, sheets: ReadonlyMap<string, string>): Precedents {
  const found: Precedents = { areas: [], functions: new Set(), anywhere: false, unknown: false, depth: 0 };
  const list = tokens(text);
  let depth = 0;
  let named: string | undefined;
  list.forEach((token, at) => {
    if (token.kind === "sheet") {
      named = sheets.get(sheetOf(token.text));
      if (named === undefined) found.unknown = true;
      return;
    }
    const joins = list[at - 1]?.text === ":" && isOperand(list[at - 2]);
    if (token.kind === "reference") addArea(found.areas, token.text, named ?? here, joins);
    else if (token.kind === "function") {
      found.functions.add(token.text.toUpperCase());
      // `A1:INDEX(…)`: the range ends where the function says.
      if (joins || ANYWHERE.has(token.text.toUpperCase())) found.anywhere = true;
    } else if (token.kind === "unknown" || (token.kind === "name" && !CONSTANT.test(token.text))) found.unknown = true;
    depth += token.text === "(" ? 1 : token.text === ")" ? -1 : 0;
    found.depth = Math.max(found.depth, depth);
    if (token.text !== ":" && list[at + 1]?.text !== ":") named = undefined;
  });
  return found;
}

/** The folded name that a sheet's token says. */
export function sheetOf(token: string): string {
  const name = token.slice(0, -1);
  return (name.startsWith("'") ? name.slice(1, -1).replaceAll("''", "'") : name).toLowerCase();
}

function isOperand(token: Token | undefined): boolean {
  return token?.kind === "reference" || token?.text === ")";
}

function addArea(areas: Area[], text: string, sheet: string, joins: boolean): void {
  const rows: number[] = [];
  const columns: number[] = [];
  for (const corner of text.split(":")) {
    const letters = /[A-Za-z]+/.exec(corner)?.[0];
    const digits = /[0-9]+/.exec(corner)?.[0];
    rows.push(...(digits ? [Number(digits) - 1] : [0, LAST_ROW]));
    columns.push(...(letters ? [columnIndex(letters)] : [0, LAST_COLUMN]));
  }
  const before = joins ? areas.pop() : undefined;
  if (before) {
    rows.push(before.top, before.bottom);
    columns.push(before.left, before.right);
  }
  const area = { sheet: before?.sheet ?? sheet, top: Math.min(...rows), left: Math.min(...columns), bottom: Math.max(...rows), right: Math.max(...columns) };
  areas.push(area);
}

export function sizeOf(area: Area): number {
  return (area.bottom - area.top + 1) * (area.right - area.left + 1);
}
