/** Owns the words of an A1 formula: what is a reference, a function, a string; for reading, colouring and completion. Pure. */
import { columnIndex, LAST_COLUMN, LAST_ROW } from "./parts";

/** `unknown` is what this program does not read: other files, tables' columns, ranges over several sheets. */
export type TokenKind = "function" | "reference" | "sheet" | "string" | "number" | "name" | "error" | "space" | "operator" | "unknown";

export interface Token {
  readonly kind: TokenKind;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const ROWS = String.raw`\$?[0-9]{1,7}:\$?[0-9]{1,7}(?![\p{L}\p{N}_.$(!])`;
const COLUMNS = String.raw`\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}(?![\p{L}\p{N}_.$(!])`;
const CELL = String.raw`\$?[A-Za-z]{1,3}\$?[1-9][0-9]{0,6}(?![\p{L}\p{N}_.$(!\\?])`;
const WORD = String.raw`[\p{L}\p{N}_.$\\?]+`;

const TOKEN = new RegExp(
  [
    String.raw`(?<string>"(?:[^"]|"")*")`,
    String.raw`(?<sheet>(?:'(?:[^']|'')*'|[\p{L}\p{N}_.\\?]+(?::[\p{L}\p{N}_.\\?]+)?)!)`,
    `(?<area>${ROWS}|${COLUMNS}|${CELL})`,
    String.raw`(?<error>#(?:[Nn]/[Aa]|[Dd][Ii][Vv]/0!|[A-Za-z_]+[!?]))`,
    String.raw`(?<function>[\p{L}\p{N}_.]+(?=\())`,
    `(?<word>${WORD})`,
    String.raw`(?<space>\s+)`,
    String.raw`(?<unknown>[\["'\]])`,
    String.raw`(?<operator><>|<=|>=|[\s\S])`,
  ].join("|"),
  "uy",
);
const NUMBER = /^[0-9.]+(?:[Ee][0-9]*)?$/;

/** A formula's tokens in their order; together they are the text. `text` is without the leading "=". */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    found.push({ kind: kindOf(match), start: match.index, end: TOKEN.lastIndex, text: match[0] });
    if (TOKEN.lastIndex >= text.length) break;
  }
  return found;
}

function kindOf(match: RegExpExecArray): TokenKind {
  const groups = match.groups ?? {};
  const [text] = match;
  if (groups["area"] !== undefined) return isPlaceOnSheet(text) ? "reference" : "name";
  if (groups["sheet"] !== undefined) return /^[^']*:/.test(text) ? "unknown" : "sheet";
  if (groups["word"] !== undefined) return NUMBER.test(text) ? "number" : "name";
  for (const kind of ["string", "error", "function", "space", "unknown"] as const) if (groups[kind] !== undefined) return kind;
  return "operator";
}

/** "ZZZ1" and "A2000000" are names: no sheet has such a place. */
function isPlaceOnSheet(text: string): boolean {
  return text.split(":").every((corner) => {
    const letters = /[A-Za-z]+/.exec(corner)?.[0];
    const digits = /[0-9]+/.exec(corner)?.[0];
    if (letters && columnIndex(letters) > LAST_COLUMN) return false;
    return !digits || (Number(digits) >= 1 && Number(digits) <= LAST_ROW + 1 && !digits.startsWith("0"));
  });
}

/** Ranges of a formula as one piece each, sheet included: what the formula bar and the grid colour alike. */
export function ranges(text: string): Token[] {
  const found: Token[] = [];
  const list = tokens(text);
  for (let at = 0; at < list.length; at += 1) {
    const start = list[at]!;
    const isQualified = start.kind === "sheet" && list[at + 1]?.kind === "reference";
    if (!isQualified && start.kind !== "reference") continue;
    if (isQualified) at += 1;
    if (list[at + 1]?.text === ":" && list[at + 2]?.kind === "reference") at += 2;
    const { end } = list[at]!;
    found.push({ kind: "reference", start: start.start, end, text: text.slice(start.start, end) });
  }
  return found;
}

/** The word that is typed at a place, when a function's name may stand there. */
export function wordAt(text: string, at: number): Token | null {
  const word = tokens(text).find((token) => token.start < at && at <= token.end);
  if (!word || !["name", "function", "reference"].includes(word.kind)) return null;
  return /^[A-Za-z][A-Za-z0-9.]*$/.test(text.slice(word.start, at)) ? { ...word, end: at, text: text.slice(word.start, at) } : null;
}

/** The function whose arguments a place is in, and which argument (from 0). */
export function callAt(text: string, at: number): { name: string; argument: number } | null {
  const open: { name: string; argument: number }[] = [];
  let before: Token | undefined;
  for (const token of tokens(text)) {
    if (token.start >= at) break;
    if (token.text === "(") open.push({ name: before?.kind === "function" ? before.text.toUpperCase() : "", argument: 0 });
    else if (token.text === ")") open.pop();
    else if (token.text === "," && open.length) open[open.length - 1]!.argument += 1;
    before = token;
  }
  const last = open.pop();
  return last?.name ? last : null;
}
