/** Owns which form of an output is shown, and what it is allowed to be. Pure. */
import { joined, plain, record, type Plain } from "./schema";

/** The richest first. Scripts come late: they run in a frame only, and only when somebody wants it. */
const ORDER = [
  "text/html", "image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "text/markdown", "text/latex",
  "application/javascript", "text/javascript", "application/json", "application/geo+json", "text/plain",
];
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

export type Shown =
  | { readonly as: "text"; readonly text: string }
  | { readonly as: "html"; readonly markup: string }
  | { readonly as: "script"; readonly code: string }
  | { readonly as: "picture"; readonly source: string; readonly width: number | null; readonly height: number | null; readonly alt: string }
  | { readonly as: "markdown"; readonly source: string }
  | { readonly as: "latex"; readonly source: string }
  | { readonly as: "json"; readonly value: unknown }
  | { readonly as: "unknown"; readonly types: readonly string[] };

/** The one form of a bundle that is shown. */
export function shownOf(data: Plain, metadata: Plain = {}): Shown {
  const types = Object.keys(data);
  for (const type of ORDER) {
    const found = type in data ? formOf(type, data, metadata) : null;
    if (found) return found;
  }
  const suffixed = types.find((type) => type.endsWith("+json") && !/widget/.test(type));
  return suffixed ? { as: "json", value: plain(data[suffixed]) } : { as: "unknown", types };
}

function formOf(type: string, data: Plain, metadata: Plain): Shown | null {
  const text = joined(data[type]);
  if (PICTURE.test(type)) return BASE64.test(text) ? picture(`data:${type};base64,${text.replace(/\s+/g, "")}`, data, record(metadata[type])) : null;
  switch (type) {
    case "image/svg+xml":
      return picture(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`, data, record(metadata[type]));
    case "text/html":
      return { as: "html", markup: text };
    case "text/markdown":
      return { as: "markdown", source: text };
    case "text/latex":
      return { as: "latex", source: text };
    case "application/javascript":
    case "text/javascript":
      return { as: "script", code: text };
    case "application/json":
    case "application/geo+json":
      return { as: "json", value: plain(data[type]) };
    default:
      return { as: "text", text };
  }
}

function picture(source: string, data: Plain, size: Plain): Shown {
  const number = (value: unknown): number | null => (typeof value === "number" && value > 0 && value < 20_000 ? value : null);
  const alt = typeof size.alt === "string" ? size.alt : joined(data["text/plain"]).slice(0, 200);
  return { as: "picture", source, width: number(size.width), height: number(size.height), alt };
}

const PLAIN_TAGS = new Set(["a", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"]);

/**
 * Markup that loses nothing when it is sanitised and styled as the page is (a table of a data frame), without its style
 * elements; null for all other, which goes into a frame. This decides how it looks, not whether it is safe.
 */
export function simpleMarkup(markup: string): string | null {
  const source = markup.replace(/<style\b[^>]*>[\s\S]*?<\/style>/gi, (style) => (/dataframe/.test(style) ? "" : style)).replace(/\sstyle\s*=\s*"text-align:[^"]*"/gi, "");
  for (const [, tag = ""] of source.matchAll(/<\/?([a-zA-Z][\w:-]*)/g)) if (!PLAIN_TAGS.has(tag.toLowerCase())) return null;
  return /<[^>]*\s(?:style|on\w+|background|bgcolor)\s*=/i.test(source) || /<!--\s*\[if/i.test(source) ? null : source;
}

/** Whether markup wants to run something. */
export function hasScript(markup: string): boolean {
  return /<script\b/i.test(markup) || /\son\w+\s*=/i.test(markup) || /javascript:/i.test(markup);
}

/** The formula of a LaTeX output without its delimiters. */
export function formulaOf(source: string): { formula: string; display: boolean } {
  const text = source.trim();
  const found = /^\$\$([\s\S]*)\$\$$/.exec(text) ?? /^\\\[([\s\S]*)\\\]$/.exec(text);
  if (found) return { formula: (found[1] ?? "").trim(), display: true };
  const inline = /^\$([\s\S]*)\$$/.exec(text) ?? /^\\\(([\s\S]*)\\\)$/.exec(text);
  return { formula: (inline?.[1] ?? text).trim().replace(/^\\displaystyle\s*/, ""), display: !inline || /^\\displaystyle/.test((inline[1] ?? "").trim()) };
}
