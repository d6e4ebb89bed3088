/** Owns the notebook as a file that this window can make alone, for "download my copy"; the server's file keeps more of the old bytes. */
import type * as Y from "yjs";
import { cellsOf, cellType, contentOf, isCell, metaOf, newId, record, type Plain, type YCell } from "./schema";

const FORMAT = 4;
const MINOR = 5;

export function notebookFile(doc: Y.Doc): string {
  const meta = metaOf(doc);
  const cells = cellsOf(doc).toArray().filter(isCell).map(cellFile);
  const file = { cells, metadata: record(meta.get("metadata")), nbformat: whole(meta.get("nbformat"), FORMAT), nbformat_minor: whole(meta.get("nbformat_minor"), MINOR) };
  return `${JSON.stringify(file, null, 1)}\n`;
}

function cellFile(cell: YCell): Plain {
  const { id, source, metadata, outputs, executionCount, attachments } = contentOf(cell);
  const { trusted: _trusted, ...kept } = metadata ?? {};
  return {
    cell_type: cellType(cell),
    ...(cellType(cell) === "code" ? { execution_count: executionCount ?? null } : {}),
    ...(attachments && Object.keys(attachments).length > 0 ? { attachments } : {}),
    id: id || newId(),
    metadata: kept,
    ...(cellType(cell) === "code" ? { outputs: (outputs ?? []).map(outputFile) } : {}),
    source: linesOf(source),
  };
}

function outputFile(output: Plain): Plain {
  return output.output_type === "stream" && typeof output.text === "string" ? { ...output, text: linesOf(output.text) } : output;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function whole(value: unknown, usual: number): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.trunc(value) : usual;
}
