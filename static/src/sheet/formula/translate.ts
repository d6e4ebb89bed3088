/** Owns the way between a formula as people write it (A1, English names, commas) and references by ids. Pure. */
import { ABSOLUTE_COLUMN, ABSOLUTE_ROW, columnIndex, columnName, unreadText, type Ids, type Part, type Reference } from "./parts";
import { tokens, type Token } from "./tokens";
import { shrunk } from "./shrink";

export { ABSOLUTE_COLUMN, ABSOLUTE_ROW, columnIndex, columnName, isFormula, unreadText, UNREAD } from "./parts";
export type { Ids, Part, Place, Reference } from "./parts";

export const GONE = "#REF!";
const PLAIN_NAME = /^[\p{L}_][\p{L}\p{N}_.]*$/u;
const LIKE_PLACE = /^(?:[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*(?:[Cc][0-9]*)?|[Cc][0-9]*|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$/;

/** A formula's parts; null when it has something that this program cannot read. `text` is without the leading "=". */
export function fromA1(text: string, ids: Ids, here: string): Part[] | null {
  const list = tokens(text);
  const reader = new Reader(ids, here);
  for (let at = 0; at < list.length; at += 1) {
    const token = list[at]!;
    if (token.kind === "unknown") return null;
    if (token.kind === "sheet") {
      at += 1;
      if (!reader.qualified(token, list[at])) return null;
    } else if (token.kind === "reference") reader.reference(token.text);
    else reader.words(token.text);
  }
  return reader.parts;
}

class Reader {
  readonly parts: Part[] = [];

  constructor(
    private readonly ids: Ids,
    private readonly here: string,
  ) {}

  words(text: string): void {
    const last = this.parts.length - 1;
    if (typeof this.parts[last] === "string") this.parts[last] += text;
    else this.parts.push(text);
  }

  /** A sheet's name and what follows it; false for names of that sheet and for sheets that are not there. */
  qualified(token: Token, next: Token | undefined): boolean {
    if (next?.text === GONE) {
      this.words(token.text + GONE);
      return true;
    }
    const sheet = this.ids.sheetId(unquoted(token.text.slice(0, -1)));
    if (sheet === null || next?.kind !== "reference") return false;
    this.reference(next.text, sheet);
    return true;
  }

  reference(text: string, sheet = this.sheetOfRange()): void {
    const corners = text.split(":");
    corners.forEach((corner, index) => {
      if (index > 0) this.words(":");
      this.parts.push(this.corner(corner, sheet));
    });
  }

  /** `B2` of `Sheet1!A1:B2` is on Sheet1 too. */
  private sheetOfRange(): string | undefined {
    const [before, colon] = this.parts.slice(-2);
    return typeof colon === "string" && colon.trim() === ":" && typeof before === "object" ? before[3] : undefined;
  }

  private corner(text: string, sheet: string | undefined): Reference {
    const [, columnMark = "", letters = "", rowMark = "", digits = ""] = /^(\$?)([A-Za-z]*)(\$?)([0-9]*)$/.exec(text) ?? [];
    // "$1" has one mark, and it is the row's.
    const isRowAbsolute = letters ? rowMark !== "" : columnMark !== "";
    const flags = (digits && isRowAbsolute ? ABSOLUTE_ROW : 0) + (letters && columnMark ? ABSOLUTE_COLUMN : 0);
    const on = sheet ?? this.here;
    const row = digits ? this.ids.rowId(on, Number(digits) - 1) : null;
    const column = letters ? this.ids.colId(on, columnIndex(letters)) : null;
    return sheet === undefined ? [row, column, flags] : [row, column, flags, sheet];
  }
}

/** A formula as text, without the leading "="; what is gone is `#REF!`. A formula that is not read is its own text. */
export function toA1(formula: readonly Part[], ids: Ids, here: string): string {
  const unread = unreadText(formula);
  if (unread !== null) return unread;
  const parts = shrunk(formula, ids, here);
  const words: string[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at]!;
    const colon = parts[at + 1];
    const end = parts[at + 2];
    if (typeof part === "string") words.push(part);
    else if (typeof colon === "string" && colon.trim() === ":" && typeof end === "object") {
      words.push(rangeText(part, colon, end, ids, here));
      at += 2;
    } else words.push(referenceText(part, ids, here));
  }
  return words.join("");
}

/** A range of which one corner is gone is gone: `#REF!:B2` says nothing to anybody. */
function rangeText(start: Reference, colon: string, end: Reference, ids: Ids, here: string): string {
  const first = referenceText(start, ids, here);
  const last = start[3] === end[3] ? cornerText(end, ids, here) : referenceText(end, ids, here);
  return first === GONE || last === GONE ? GONE : first + colon + last;
}

function referenceText(reference: Reference, ids: Ids, here: string): string {
  const corner = cornerText(reference, ids, here);
  const sheet = reference[3];
  if (sheet === undefined || corner === GONE) return corner;
  const name = ids.sheetName(sheet);
  return name === null ? GONE : `${quoted(name)}!${corner}`;
}

function cornerText([row, column, flags, sheet = ""]: Reference, ids: Ids, here: string): string {
  const on = sheet || here;
  const rowIndex = row === null ? null : ids.rowIndex(on, row);
  const colIndex = column === null ? null : ids.colIndex(on, column);
  if ((row !== null && rowIndex === null) || (column !== null && colIndex === null)) return GONE;
  const letters = colIndex === null ? "" : (flags & ABSOLUTE_COLUMN ? "$" : "") + columnName(colIndex);
  return letters + (rowIndex === null ? "" : `${flags & ABSOLUTE_ROW ? "$" : ""}${rowIndex + 1}`);
}

function unquoted(name: string): string {
  return name.startsWith("'") ? name.slice(1, -1).replaceAll("''", "'") : name;
}

/** A sheet's name as a formula writes it. */
export function quoted(name: string): string {
  return PLAIN_NAME.test(name) && !LIKE_PLACE.test(name) ? name : `'${name.replaceAll("'", "''")}'`;
}
