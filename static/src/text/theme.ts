/** Owns how the text looks: colours come from the page's tokens, so that light, dark and a host's colours follow. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--ground)", fontSize: "var(--editor-size, 0.9375rem)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", scrollPaddingTop: "24px" },
  ".cm-content": { padding: "24px 0 40vh", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 24px 0 8px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-3)", border: "none", paddingLeft: "8px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.5em", fontSize: "0.85em", lineHeight: "1.88235", fontVariantNumeric: "tabular-nums" },
  ".cm-foldGutter .cm-gutterElement": { display: "grid", width: "14px", height: "1.6em", placeItems: "center", opacity: "0", cursor: "pointer" },
  ".cm-gutters:hover .cm-foldGutter .cm-gutterElement, .cm-foldGutter .cm-gutterElement:has(.is-folded)": { opacity: "1" },
  ".cm-content:focus-visible": { boxShadow: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--ground-2) 70%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 22%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-ground)", outline: "1px solid var(--accent)" },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, #e8b100 35%, transparent)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, #e8b100 70%, transparent)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--ground-3)", border: "none", color: "var(--ink-2)", padding: "0 6px" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "6px", backgroundColor: "var(--ground)", color: "var(--ink)", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", maxHeight: "16em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "4px 10px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-ground)", color: "var(--ink)" },
  ".cm-completionDetail": { color: "var(--ink-2)", fontStyle: "normal" },
  ".cm-panels": { backgroundColor: "var(--ground-2)", color: "var(--ink)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  // The library's own rules come later than the page's: these are repeated here.
  ".cm-panel.cm-search": { padding: "8px 44px 8px 12px" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label": { margin: "0" },
  ".cm-panel.cm-search label": { fontSize: "var(--text-quiet)", marginInlineStart: "4px" },
  ".cm-panel.cm-search [name=close]": { top: "8px", right: "10px", fontSize: "1.25rem" },
  ".cm-placeholder": { color: "var(--ink-3)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.heading1, tags.heading2, tags.heading3, tags.heading4, tags.heading5, tags.heading6, tags.heading], fontWeight: "700", color: "var(--code-heading)" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--code-link)" },
  { tag: [tags.monospace], color: "var(--code-string)" },
  { tag: tags.quote, color: "var(--ink-2)", fontStyle: "italic" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.meta], color: "var(--ink-3)" },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment, tags.docComment], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.definition(tags.function(tags.variableName))], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName, tags.labelName], color: "var(--code-type)" },
  { tag: [tags.propertyName, tags.attributeName], color: "var(--code-property)" },
  { tag: [tags.operator, tags.punctuation, tags.bracket], color: "var(--ink-2)" },
  { tag: tags.inserted, color: "var(--good)" },
  { tag: [tags.deleted, tags.invalid], color: "var(--danger)" },
]);

export const textTheme: Extension = [look, syntaxHighlighting(colours)];
