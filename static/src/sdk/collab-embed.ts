/** Entry of the SDK: live documents of a livefolder server in any web page. Its types are in sdk/collab-embed.d.ts. */
import "../shell/tokens.css";
import "../text/text.css";
import type { Connection, Embedded, LiveDocument, Looks } from "../../sdk/collab-embed";
import { applyColors } from "../host/colors";
import { createTextEditor } from "../text/editor";
import { searchPhrases } from "../text/phrases";
import { ConnectedDocument } from "./document";
import { Frame } from "./frame";

export function openDocument(connection: Connection): Promise<LiveDocument> {
  return ConnectedDocument.open(connection);
}

export async function mountEditor(element: HTMLElement, options: Connection & Looks): Promise<LiveDocument> {
  const live = await ConnectedDocument.open(options);
  element.classList.add("collab-embed", "text-editor");
  if (options.theme) element.dataset.theme = options.theme;
  if (options.colors) applyColors(options.colors, element);
  const { text: ytext, awareness, format, name } = live;
  const editor = createTextEditor({
    parent: element,
    ytext,
    awareness,
    format,
    path: name,
    readOnly: live.readOnly,
    label: name,
    emptyHint: "",
    phrases: searchPhrases(),
  });
  let closed = live.readOnly;
  const show = (readOnly: boolean): void => {
    if (readOnly === closed) return;
    closed = readOnly;
    queueMicrotask(() => editor.setReadOnly(closed)); // it may be told of an edit while the editor still makes it
  };
  const stop = live.on("save", () => show(live.readOnly));
  live.on("close", () => (stop(), show(true)));
  return live;
}

export function mountFrame(element: HTMLElement, options: Connection & Looks): Embedded {
  return new Frame(element, options);
}
