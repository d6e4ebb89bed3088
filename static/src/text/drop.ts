/** Owns files that are dropped or pasted into a text: they go into the document's folder, a link goes into the text. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { ApiError, upload, type Place } from "../shell/api";
import { t } from "../shell/i18n";
import { problemToast, toast } from "../shell/toast";

export interface DropOptions {
  readonly format: string;
  readonly place: () => Place;
}

const MOST_TRIES = 50;
const PICTURE = /^image\//;

/** Markdown and LaTeX take links; in other formats the browser's own behaviour stays. */
export function dropFiles(options: DropOptions): Extension {
  if (options.format !== "markdown" && options.format !== "latex") return [];
  const take = (files: FileList | undefined, view: EditorView, position: number): boolean => {
    if (!files?.length || view.state.readOnly) return false;
    void insertAll([...files], view, position, options);
    return true;
  };
  return EditorView.domEventHandlers({
    drop: (event, view) => {
      const position = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.selection.main.head;
      const taken = take(event.dataTransfer?.files, view, position);
      if (taken) event.preventDefault();
      return taken;
    },
    paste: (event, view) => {
      // A program that copies text often adds a picture of it: the text is what is wanted.
      if (event.clipboardData?.types.includes("text/plain")) return false;
      return take(event.clipboardData?.files, view, view.state.selection.main.head);
    },
  });
}

async function insertAll(files: readonly File[], view: EditorView, position: number, options: DropOptions): Promise<void> {
  // The place moves with the text while the files travel.
  let at = position;
  const stop = trackPosition(view, () => at, (next) => (at = next));
  try {
    for (const file of files) {
      const remove = toast(t("drop.uploading", { name: file.name }), { sticky: true });
      const name = await store(file, options.place()).finally(remove);
      const link = linkTo(name, PICTURE.test(file.type), options.format);
      view.dispatch({ changes: { from: at, insert: link }, selection: { anchor: at + link.length }, userEvent: "input.drop" });
    }
  } catch (error) {
    problemToast(error);
  } finally {
    stop();
  }
}

/** Follow a place while the text changes. */
function trackPosition(view: EditorView, get: () => number, set: (position: number) => void): () => void {
  const listener = (event: Event): void => {
    const { changes } = (event as CustomEvent<{ changes: { mapPos(position: number, side: number): number } }>).detail;
    set(changes.mapPos(get(), 1));
  };
  view.dom.addEventListener("textchange", listener);
  return () => view.dom.removeEventListener("textchange", listener);
}

/** Lets `trackPosition` hear of changes. */
export const announceChanges: Extension = EditorView.updateListener.of((update) => {
  if (update.docChanged) update.view.dom.dispatchEvent(new CustomEvent("textchange", { detail: { changes: update.changes } }));
});

/** Upload under the file's name; where that is taken, with a number. Answers the name. */
async function store(file: File, document: Place): Promise<string> {
  const folder = document.path.includes("/") ? document.path.slice(0, document.path.lastIndexOf("/") + 1) : "";
  for (let number = 1; ; number += 1) {
    const name = numbered(cleanName(file), number);
    try {
      await upload({ root: document.root, path: folder + name }, file, false, () => undefined, new AbortController().signal);
      return name;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || number >= MOST_TRIES) throw error;
    }
  }
}

function cleanName(file: File): string {
  const name = file.name.replace(/[\p{Cc}\\/:*?"<>|]/gu, "-").trim() || "picture.png";
  return name.startsWith(".") ? `_${name}` : name;
}

/** `plot.png`, `plot-2.png`, … */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)}-${number}${name.slice(dot)}` : `${name}-${number}`;
}

/** What goes into the text for a file in the same folder. */
export function linkTo(name: string, picture: boolean, format: string): string {
  if (format === "latex") return picture ? `\\includegraphics[width=\\linewidth]{${name}}` : `\\input{${name}}`;
  const title = name.replace(/\.[^.]+$/, "").replace(/[[\]\\]/g, "\\$&");
  return `${picture ? "!" : ""}[${title}](${encodeURI(name).replace(/[()]/g, "\\$&")})`;
}
