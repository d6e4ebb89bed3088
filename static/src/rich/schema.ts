/** Owns the schema of rich documents: built from the one schema file that the server is tested against, with how each node is drawn and read from a paste.
 *
 * Every content expression there is lenient and every attribute has a default: the binding deletes from the shared document
 * what its schema forbids.
 */
import { Schema, type AttributeSpec, type DOMOutputSpec, type MarkSpec, type Node, type NodeSpec, type TagParseRule } from "prosemirror-model";
import shared from "./schema.json";

export const SCHEMA_VERSION = shared.version;

interface SharedSpec {
  readonly content?: string;
  readonly group?: string;
  readonly attrs?: Readonly<Record<string, string | number | null>>;
}

const ATOMS = new Set(["opaque_block", "image", "opaque_inline", "tab", "hard_break", "page_break"]);
const SAFE_LINK = /^(https?:|mailto:|ftp:|#)/i;

function data(node: Node): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(node.attrs)) if (value !== "" && value !== null) found[`data-${key}`] = String(value);
  return found;
}

/** The attributes of our own copies, as a paste brings them back. */
function dataOf(element: HTMLElement, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, element.dataset[name] ?? ""]));
}

const TEXT_ATTRS = ["style", "align", "list", "numbered", "props"];

function textRule(tag: string, extra: Readonly<Record<string, number>> = {}): TagParseRule {
  return { tag, getAttrs: (element) => ({ ...dataOf(element, TEXT_ATTRS), ...extra }) };
}

const DRAWN: Readonly<Record<string, Partial<NodeSpec>>> = {
  paragraph: { toDOM: (node): DOMOutputSpec => ["p", data(node), 0], parseDOM: [textRule("p"), { tag: "div" }] },
  heading: {
    toDOM: (node): DOMOutputSpec => [`h${Math.min(Math.max(Number(node.attrs.level) || 1, 1), 6)}`, data(node), 0],
    parseDOM: [1, 2, 3, 4, 5, 6].map((level) => textRule(`h${level}`, { level })),
    defining: true,
  },
  list: {
    toDOM: (node): DOMOutputSpec => [node.attrs.ordered || node.attrs.numbered ? "ol" : "ul", data(node), 0],
    parseDOM: [{ tag: "ul", getAttrs: (element) => dataOf(element, ["style", "numbered"]) }, { tag: "ol", getAttrs: (element) => ({ ...dataOf(element, ["style", "numbered"]), ordered: element.dataset.style ? "" : "1" }) }],
  },
  list_item: { toDOM: (node): DOMOutputSpec => ["li", data(node), 0], parseDOM: [{ tag: "li" }], defining: true },
  section: { toDOM: (node): DOMOutputSpec => ["section", data(node), 0] },
  table: { toDOM: (node): DOMOutputSpec => ["table", data(node), ["tbody", 0]], parseDOM: [{ tag: "table" }], tableRole: "table", isolating: true },
  table_row: { toDOM: (): DOMOutputSpec => ["tr", 0], parseDOM: [{ tag: "tr" }], tableRole: "row" },
  table_cell: {
    toDOM: (node): DOMOutputSpec => ["td", spans(node), 0],
    parseDOM: [{ tag: "td", getAttrs: spansOf }, { tag: "th", getAttrs: spansOf }],
    tableRole: "cell",
    isolating: true,
  },
  opaque_block: {
    toDOM: (node): DOMOutputSpec => ["div", { ...data(node), class: "opaque-block" }],
    parseDOM: [{ tag: "div.opaque-block", priority: 60, getAttrs: (element) => dataOf(element, ["ref", "label", "preview"]) }],
  },
  image: {
    toDOM: (node): DOMOutputSpec => ["span", { ...data(node), class: "rich-image" }],
    parseDOM: [{ tag: "span.rich-image", priority: 60, getAttrs: (element) => dataOf(element, ["ref", "part", "width", "height", "alt"]) }],
  },
  opaque_inline: {
    toDOM: (node): DOMOutputSpec => ["span", { ...data(node), class: "opaque-inline" }],
    parseDOM: [{ tag: "span.opaque-inline", priority: 60, getAttrs: (element) => dataOf(element, ["ref", "label", "text"]) }],
  },
  tab: { toDOM: (): DOMOutputSpec => ["span", { class: "rich-tab" }, "\t"], parseDOM: [{ tag: "span.rich-tab", priority: 60 }], leafText: () => "\t" },
  hard_break: { toDOM: (): DOMOutputSpec => ["br"], parseDOM: [{ tag: "br" }], leafText: () => "\n" },
  page_break: { toDOM: (): DOMOutputSpec => ["span", { class: "rich-page-break" }], parseDOM: [{ tag: "span.rich-page-break", priority: 60 }] },
};

function spans(node: Node): Record<string, string> {
  const found: Record<string, string> = {};
  if (node.attrs.colspan > 1) found.colspan = String(node.attrs.colspan);
  if (node.attrs.rowspan > 1) found.rowspan = String(node.attrs.rowspan);
  return found;
}

function spansOf(element: HTMLElement): { colspan: number; rowspan: number } {
  const read = (name: string): number => Math.min(Math.max(Number(element.getAttribute(name)) || 1, 1), 100);
  return { colspan: read("colspan"), rowspan: read("rowspan") };
}

const MARKED: Readonly<Record<string, MarkSpec>> = {
  link: {
    inclusive: false,
    toDOM: (mark): DOMOutputSpec => ["a", { ...(SAFE_LINK.test(String(mark.attrs.href)) ? { href: String(mark.attrs.href) } : {}), "data-href": String(mark.attrs.href), rel: "noopener noreferrer nofollow", title: String(mark.attrs.href) }, 0],
    parseDOM: [{ tag: "a[href]", getAttrs: (element) => ({ href: element.dataset.href ?? element.getAttribute("href") ?? "" }) }],
  },
  span: { toDOM: (mark): DOMOutputSpec => ["span", { "data-span": String(mark.attrs.name) }, 0], parseDOM: [{ tag: "span[data-span]", getAttrs: (element) => ({ name: element.dataset.span ?? "" }) }] },
  strong: { toDOM: (): DOMOutputSpec => ["strong", 0], parseDOM: [{ tag: "strong" }, { tag: "b", getAttrs: (element) => element.style.fontWeight !== "normal" && null }, { style: "font-weight", getAttrs: (value) => /^(bold(er)?|[6-9]\d\d)$/.test(value) && null }] },
  em: { toDOM: (): DOMOutputSpec => ["em", 0], parseDOM: [{ tag: "em" }, { tag: "i", getAttrs: (element) => element.style.fontStyle !== "normal" && null }, { style: "font-style=italic" }] },
  underline: { toDOM: (): DOMOutputSpec => ["u", 0], parseDOM: [{ tag: "u" }, { style: "text-decoration=underline" }] },
  strike: { toDOM: (): DOMOutputSpec => ["s", 0], parseDOM: [{ tag: "s" }, { tag: "del" }, { tag: "strike" }, { style: "text-decoration=line-through" }] },
  sub: { excludes: "sup", toDOM: (): DOMOutputSpec => ["sub", 0], parseDOM: [{ tag: "sub" }] },
  sup: { excludes: "sub", toDOM: (): DOMOutputSpec => ["sup", 0], parseDOM: [{ tag: "sup" }] },
};

function nodeSpec(name: string, spec: SharedSpec): NodeSpec {
  const atom = ATOMS.has(name);
  const inline = spec.group === "inline";
  return {
    ...(spec.content === undefined ? {} : { content: spec.content }),
    ...(spec.group === undefined ? {} : { group: spec.group }),
    attrs: attributes(spec),
    ...(inline ? { inline: true } : {}),
    ...(atom ? { atom: true, selectable: name !== "tab" && name !== "hard_break" } : {}),
    ...DRAWN[name],
  };
}

function attributes(spec: SharedSpec): Record<string, AttributeSpec> {
  return Object.fromEntries(Object.entries(spec.attrs ?? {}).map(([name, value]) => [name, { default: value }]));
}

/** A schema of its own for each call is not needed: nodes carry no state. */
export const schema = new Schema({
  nodes: Object.fromEntries(Object.entries<SharedSpec>(shared.nodes).map(([name, spec]) => [name, nodeSpec(name, spec)])),
  marks: Object.fromEntries(Object.entries<SharedSpec>(shared.marks).map(([name, spec]) => [name, { ...MARKED[name], attrs: attributes(spec) }])),
});
