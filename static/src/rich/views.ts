/** Owns how things are drawn that are only shown: pictures, fields, notes, drawings, and whole blocks of them. */
import type { Node } from "prosemirror-model";
import type { NodeViewConstructor } from "prosemirror-view";
import type { EditorHost } from "../editor/contract";
import { h } from "../shell/dom";
import { icon } from "../shell/icons";
import { t } from "../shell/i18n";

const LENGTH = /^\d+(\.\d+)?(pt|cm|mm|in|px)$/;

export function nodeViews(host: EditorHost): Record<string, NodeViewConstructor> {
  return {
    opaque_block: (node) => ({ dom: card(node) }),
    opaque_inline: (node) => ({ dom: chip(node) }),
    image: (node) => ({ dom: picture(node, host) }),
    page_break: () => ({ dom: h("span", { class: "rich-page-break", title: t("rich.page_break") }) }),
  };
}

function label(node: Node): string {
  return String(node.attrs.label || t("rich.unknown"));
}

function card(node: Node): HTMLElement {
  return h("div", { class: "opaque-block", attrs: { contenteditable: "false" } }, h("span", { class: "opaque-label" }, icon("lock"), label(node)), h("span", { class: "opaque-preview" }, String(node.attrs.preview)));
}

function chip(node: Node): HTMLElement {
  const kind = String(node.attrs.label);
  const words = String(node.attrs.text);
  const shown = kind === "note" ? (words.split(" ", 1)[0] ?? "") || "†" : kind === "comment" ? "" : words || kind;
  return h("span", { class: `opaque-inline opaque-${kind.replace(/[^a-z]/g, "-")}`, title: `${label(node)}: ${words}` }, kind === "comment" ? icon("comment") : shown);
}

function picture(node: Node, host: EditorHost): HTMLElement {
  const { part, alt, width, height } = node.attrs as Record<string, string>;
  const shown = h("span", { class: "rich-image", title: alt ?? "", attrs: { role: "img", "aria-label": alt || t("rich.picture") } });
  if (LENGTH.test(width ?? "")) shown.style.width = width ?? "";
  if (LENGTH.test(height ?? "")) shown.style.aspectRatio = `${parseFloat(width ?? "1")} / ${parseFloat(height ?? "1")}`;
  if (part) {
    const image = h("img", { attrs: { alt: alt ?? "", loading: "lazy", src: `/api/v1/documents/${encodeURIComponent(host.live.opened.document_id)}/part?name=${encodeURIComponent(part)}` } });
    image.addEventListener("error", () => image.replaceWith(icon("image", 24)));
    shown.append(image);
  } else shown.append(icon("image", 24));
  return shown;
}
