/** Owns which editor opens which kind of document. Each is a bundle of its own, loaded when it is needed. */
import type { EditorModule } from "./contract";

type Load = () => Promise<EditorModule>;

const text: Load = () => import("../text/text-editor");
const rich: Load = () => import("../rich/rich-editor");
const notebook: Load = () => import("../notebook/notebook-editor");
const sheet: Load = () => import("../sheet/sheet-editor");

/** By `kind` of the opened document (`Kind` in collab/document.py). */
const EDITORS: ReadonlyMap<string, Load> = new Map([
  ["notebook", notebook],
  ["text", text],
  ["scratch", text],
  ["rich", rich],
  ["sheet", sheet],
]);

/** Kinds by a name's extension, only to load an editor early; every other name is a text. */
const RICH = ["odt", "ott", "fodt", "docx", "docm", "dotx"];
const SHEET = ["ods", "ots", "fods", "xlsx", "xlsm", "xltx"];
const likely = (kind: string, extensions: readonly string[]): [string, string][] => extensions.map((extension) => [extension, kind]);
const LIKELY: ReadonlyMap<string, string> = new Map([["ipynb", "notebook"], ...likely("rich", RICH), ...likely("sheet", SHEET)]);

/** The editor of a kind, null for one that this version does not know. */
export function editorOf(kind: string): Load | null {
  return EDITORS.get(kind) ?? null;
}

/** Load the editor that a file of this name will probably need, while the server is asked what it is. */
export function expectEditor(path: string): void {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  editorOf(LIKELY.get(extension) ?? "text")?.().catch(() => undefined); // asked for again, and told, when it is needed
}
