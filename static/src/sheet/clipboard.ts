/** Owns the forms in which cells go to and come from other programs: TSV and html. Pure, except for the browser's table. */
import type { Look } from "./types";

/** Rows of texts as spreadsheets put them on the clipboard. */
export function tsvOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map((text) => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join("\t")).join("\n");
}

/** Rows of a text from the clipboard: tabs and lines, quotes around what has them. */
export function readTsv(text: string): string[][] {
  const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const rows: string[][] = [[]];
  let at = 0;
  for (;;) {
    const [field, next] = readField(source, at);
    rows.at(-1)!.push(field);
    if (next >= source.length) return rows;
    if (source[next] === "\n") rows.push([]);
    at = next + 1;
    if (at === source.length && source[next] === "\t") rows.at(-1)!.push("");
    if (at >= source.length) return rows;
  }
}

function readField(source: string, start: number): [field: string, next: number] {
  if (source[start] === '"') {
    const found = /^"((?:[^"]|"")*)"(?=\t|\n|$)/.exec(source.slice(start));
    if (found) return [found[1]!.replaceAll('""', '"'), start + found[0].length];
  }
  const length = source.slice(start).search(/[\t\n]/);
  const end = length < 0 ? source.length : start + length;
  return [source.slice(start, end), end];
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

export interface CopiedText {
  readonly text: string;
  readonly look: Look;
}

/** A table for other programs. `token` says which copy of this window it is. */
export function htmlOf(rows: readonly (readonly CopiedText[])[], token: string): string {
  const cell = ({ text, look }: CopiedText): string => {
    const style = styleOf(look);
    return `<td${style ? ` style="${escaped(style)}"` : ""}>${escaped(text).replaceAll("\n", "<br>")}</td>`;
  };
  return `<meta charset="utf-8"><table data-copy="${token}">${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</table>`;
}

export function tokenOf(html: string): string | null {
  return /<table data-copy="([\w-]+)"/.exec(html)?.[1] ?? null;
}

function styleOf(look: Look): string {
  const rules: string[] = [];
  if (look.bold) rules.push("font-weight:bold");
  if (look.italic) rules.push("font-style:italic");
  if (look.underline) rules.push("text-decoration:underline");
  if (look.color && /^#[0-9a-f]{6}$/i.test(look.color)) rules.push(`color:${look.color}`);
  if (look.fill && /^#[0-9a-f]{6}$/i.test(look.fill)) rules.push(`background-color:${look.fill}`);
  if (look.align && /^\w+$/.test(look.align)) rules.push(`text-align:${look.align}`);
  return rules.join(";");
}

/** The texts of the first table of a page that is on the clipboard; null without one. */
export function readTable(page: ParentNode): string[][] | null {
  const table = page.querySelector("table");
  if (!table) return null;
  const rows: string[][] = [];
  /** Columns that a cell from above still covers: how many rows more. */
  const below: number[] = [];
  for (const row of table.rows) {
    const texts: string[] = [];
    const skip = (): void => {
      while ((below[texts.length] ?? 0) > 0) {
        below[texts.length]! -= 1;
        texts.push("");
      }
    };
    for (const cell of row.cells) {
      skip();
      const wide = Math.min(Math.max(cell.colSpan, 1), 1000);
      for (let col = 0; col < wide; col += 1) {
        if (cell.rowSpan > 1) below[texts.length] = Math.min(cell.rowSpan, 10_000) - 1;
        texts.push(col === 0 ? textOf(cell) : "");
      }
    }
    skip();
    rows.push(texts);
  }
  return rows;
}

function textOf(cell: Element): string {
  for (const line of cell.querySelectorAll("br")) line.replaceWith("\n");
  return (cell.textContent ?? "").replace(/[ \t\r]*\n[ \t\r]*/g, "\n").replace(/\u00a0/g, " ").trim();
}
