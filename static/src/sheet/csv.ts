/** Owns a sheet as csv: the copy of the content that a browser makes alone. */
import type { Display } from "./display";
import type { SheetModel } from "./model";

/** What is shown, comma separated, one line a row; numbers in full. */
export function csvOf(sheet: SheetModel, display: Display): string {
  const rows: string[][] = [];
  let last = 0;
  for (const { row, col } of sheet.filled()) {
    while (rows.length <= row) rows.push([]);
    const line = rows[row]!;
    while (line.length < col) line.push("");
    line[col] = display.text(sheet, row, col);
    last = Math.max(last, line.length);
  }
  return rows.map((row) => Array.from({ length: last }, (_, col) => quoted(row[col] ?? "")).join(",") + "\r\n").join("");
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
