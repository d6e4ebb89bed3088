/** Owns the shared notebook: jupyter_ydoc's YNotebook schema (2.0.0), read with suspicion, because anybody may have written it.
 *
 * `cells` is a Y.Array of Y.Map {id, cell_type, source: Y.Text, metadata: Y.Map, outputs: Y.Array, execution_count,
 * execution_state, attachments}; `meta` a Y.Map {nbformat, nbformat_minor, metadata: Y.Map}. JupyterLab has the same rooms.
 */
import * as Y from "yjs";

export type CellType = "code" | "markdown" | "raw";
export type YCell = Y.Map<unknown>;
export type Plain = Readonly<Record<string, unknown>>;

const LONGEST_LANGUAGE = 40;

export function cellsOf(doc: Y.Doc): Y.Array<unknown> {
  return doc.getArray("cells");
}

export function metaOf(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap("meta");
}

/** What is a cell; other things in the array are left alone and not shown. */
export function isCell(value: unknown): value is YCell {
  return value instanceof Y.Map;
}

/** A value of the document without Y types. */
export function plain(value: unknown): unknown {
  return value instanceof Y.AbstractType ? (value.toJSON() as unknown) : value;
}

export function record(value: unknown): Plain {
  const found = plain(value);
  return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Plain) : {};
}

export function cellType(cell: YCell): CellType {
  const type = cell.get("cell_type");
  return type === "markdown" || type === "raw" ? type : "code";
}

export function cellId(cell: YCell): string {
  const id = cell.get("id");
  return typeof id === "string" ? id : "";
}

/** The text that is edited; null when the cell has none that can be. */
export function sourceText(cell: YCell): Y.Text | null {
  const source = cell.get("source");
  return source instanceof Y.Text ? source : null;
}

export function sourceOf(cell: YCell): string {
  const source = cell.get("source");
  if (source instanceof Y.Text) return source.toString();
  return typeof source === "string" ? source : Array.isArray(source) ? source.filter((part) => typeof part === "string").join("") : "";
}

export function outputsOf(cell: YCell): Y.Array<unknown> | null {
  const outputs = cell.get("outputs");
  return outputs instanceof Y.Array ? outputs : null;
}

export function metadataOf(cell: YCell): Plain {
  return record(cell.get("metadata"));
}

export function executionCount(cell: YCell): number | null {
  const count = cell.get("execution_count");
  return typeof count === "number" && Number.isFinite(count) ? Math.trunc(count) : null;
}

export function isRunning(cell: YCell): boolean {
  return cell.get("execution_state") === "running";
}

/** Whether the source or the outputs are folded away, as JupyterLab notes it. */
export function isHidden(cell: YCell, part: "source" | "outputs"): boolean {
  const metadata = metadataOf(cell);
  const jupyter = record(metadata.jupyter);
  return jupyter[`${part}_hidden`] === true || (part === "outputs" && metadata.collapsed === true);
}

/** The cell that a type of its inside belongs to, null for everything else. */
export function cellAround(type: Y.AbstractType<any> | null, cells: Y.Array<unknown>): YCell | null {
  for (let at = type; at; at = at.parent as Y.AbstractType<any> | null) {
    if (at.parent === cells) return isCell(at) ? at : null;
  }
  return null;
}

/** The language of the code cells (`python`, `r`, …). */
export function languageName(doc: Y.Doc): string {
  const metadata = record(metaOf(doc).get("metadata"));
  const { name } = record(metadata.language_info);
  const { language } = record(metadata.kernelspec);
  const found = typeof name === "string" ? name : typeof language === "string" ? language : "python";
  return found.toLowerCase().slice(0, LONGEST_LANGUAGE);
}

/** The name of the kernel that the notebook was written for. */
export function kernelName(doc: Y.Doc): { name: string; label: string } {
  const { name, display_name: label } = record(record(metaOf(doc).get("metadata")).kernelspec);
  const found = typeof name === "string" ? name : "";
  return { name: found, label: typeof label === "string" ? label : found };
}

/** An output as the shared type: a stream's text grows, so it is a Y.Text. */
export function outputType(output: Plain): Y.Map<unknown> {
  const map = new Y.Map<unknown>();
  for (const [key, value] of Object.entries(output)) {
    if (key === "text" && output.output_type === "stream") map.set(key, new Y.Text(joined(value)));
    else map.set(key, value);
  }
  return map;
}

/** nbformat writes long texts as lists of lines. */
export function joined(value: unknown): string {
  if (Array.isArray(value)) return value.filter((part) => typeof part === "string").join("");
  return typeof value === "string" ? value : "";
}

export interface NewCell {
  readonly type: CellType;
  readonly source?: string;
  readonly id?: string;
  readonly metadata?: Plain;
  readonly outputs?: readonly Plain[];
  readonly executionCount?: number | null;
  readonly attachments?: Plain;
}

export function newId(): string {
  return crypto.randomUUID().slice(0, 8);
}

export function makeCell({ type, source = "", id = newId(), metadata = {}, outputs = [], executionCount: count = null, attachments }: NewCell): YCell {
  const cell = new Y.Map<unknown>();
  cell.set("id", id);
  cell.set("cell_type", type);
  cell.set("source", new Y.Text(source));
  cell.set("metadata", new Y.Map(Object.entries(metadata)));
  if (type === "code") {
    const list = new Y.Array<unknown>();
    list.push(outputs.map(outputType));
    cell.set("outputs", list);
    cell.set("execution_count", count);
    cell.set("execution_state", "idle");
  } else if (attachments && Object.keys(attachments).length > 0) {
    cell.set("attachments", attachments);
  }
  return cell;
}

/** What a cell consists of, to make it again elsewhere: Y types cannot be moved. */
export function contentOf(cell: YCell): NewCell & { readonly id: string; readonly source: string } {
  const outputs = (outputsOf(cell)?.toArray() ?? []).map(record);
  const attachments = record(cell.get("attachments"));
  return { type: cellType(cell), source: sourceOf(cell), id: cellId(cell), metadata: metadataOf(cell), outputs, executionCount: executionCount(cell), attachments };
}
