/** Owns the way of markup into the page: the only module that turns a string into elements. */
import DOMPurify, { type Config } from "dompurify";

const CONFIG: Config = {
  ALLOWED_TAGS: [
    "a", "b", "blockquote", "br", "caption", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol",
    "p", "pre", "s", "section", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
  ],
  // No `src`: an element loads it as soon as it exists. The preview sets it after it has looked at it.
  ALLOWED_ATTR: ["alt", "class", "colspan", "data-line", "data-src", "href", "id", "rowspan", "start", "title"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel):|data:image\/(?:png|jpeg|gif|webp);|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  // A name in a document must not hide one of the page's own.
  SANITIZE_NAMED_PROPS: true,
};

/** Markup of a document as elements that can do nothing: no script, no style, no form, no frame. */
export function fragmentOf(markup: string): DocumentFragment {
  return DOMPurify.sanitize(markup, { ...CONFIG, RETURN_DOM_FRAGMENT: true });
}
