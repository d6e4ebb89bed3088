/** Owns ranges of which a corner was deleted: they end at the nearest loaded line inside that is still there, as in the file (docs/sheets.md). Pure. */
import type { Ids, Part, Place, Reference } from "./parts";

/** So far a corner is looked for where the other one is no loaded line. */
const FARTHEST = 20_000;

type IndexOf = (id: string) => number | null;

/** A formula with its ranges as they are now. */
export function shrunk(parts: readonly Part[], ids: Ids, here: string): readonly Part[] {
  const found = [...parts];
  for (let at = 0; at + 2 < found.length; at += 1) {
    const [start, colon, end] = found.slice(at, at + 3) as [Part, Part, Part];
    if (typeof start === "string" || typeof end === "string" || typeof colon !== "string" || colon.trim() !== ":") continue;
    const sheet = start[3] ?? here;
    const row: IndexOf = (id) => ids.rowIndex(sheet, id);
    const col: IndexOf = (id) => ids.colIndex(sheet, id);
    found[at] = moved(start, corner(start[0], end[0], "r", row, 1), corner(start[1], end[1], "c", col, 1));
    found[at + 2] = moved(end, corner(end[0], start[0], "r", row, -1), corner(end[1], start[1], "c", col, -1));
  }
  return found;
}

/** What a corner is now: going on by `step` from where it was, not beyond the other one. */
function corner(line: Place, other: Place, letter: string, indexOf: IndexOf, step: 1 | -1): Place {
  const number = numberOf(line, letter);
  if (number === null || indexOf(line as string) !== null) return line;
  const last = numberOf(other, letter) ?? Math.max(1, number + step * FARTHEST);
  for (let next = number + step; (last - next) * step >= 0; next += step) {
    if (indexOf(letter + next) !== null) return letter + next;
  }
  return line;
}

function moved(reference: Reference, row: Place, col: Place): Reference {
  const [, , flags, sheet] = reference;
  return sheet === undefined ? [row, col, flags] : [row, col, flags, sheet];
}

/** Of a line as it was loaded: `r12` is 12. */
function numberOf(place: Place, letter: string): number | null {
  const digits = typeof place === "string" && place.startsWith(letter) ? place.slice(1) : "";
  return /^\d{1,9}$/.test(digits) ? Number(digits) : null;
}
