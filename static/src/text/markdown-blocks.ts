/** Owns Markdown as markup, block by block: the dialect, mathematics, tasks, footnotes. Knows no page; runs in tests. */
import createMarkdown, { type MarkdownIt, type RendererRule, type StateBlock, type StateCore, type StateInline, type Token } from "markdown-it";
import footnotes from "markdown-it-footnote";

/** One block of the top level: its markup and the lines of the source that it stands for (from 0, end excluded). */
export interface Block {
  readonly markup: string;
  readonly line: number;
  readonly end: number;
}

/** Longer sources are not shown: the preview must not stop the editor. */
export const LONGEST_SOURCE = 1_000_000;

let dialect: MarkdownIt | undefined;

export function blocksOf(source: string): Block[] {
  const markdown = (dialect ??= createDialect());
  const env = {};
  const tokens = markdown.parse(source, env);
  const blocks: Block[] = [];
  let group: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    group.push(token);
    depth += token.nesting;
    if (depth > 0) continue;
    const [line, end] = group[0]?.map ?? [blocks.at(-1)?.end ?? 0, blocks.at(-1)?.end ?? 0];
    relativeLines(group, line);
    blocks.push({ markup: markdown.renderer.render(group, markdown.options, env), line, end });
    group = [];
  }
  return blocks;
}

/** List items know their line within the block, so that a task can be ticked; relative, so that moved blocks stay equal. */
function relativeLines(group: readonly Token[], start: number): void {
  for (const token of group) {
    if (token.type === "list_item_open" && token.map) token.attrSet("data-line", String(token.map[0] - start));
  }
}

function createDialect(): MarkdownIt {
  const markdown = createMarkdown({ html: false, linkify: true, typographer: false, maxNesting: 60 });
  markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
  markdown.use(footnotes);
  markdown.inline.ruler.after("escape", "math", inlineMath);
  markdown.block.ruler.before("fence", "math_block", blockMath, { alt: ["paragraph", "blockquote", "list"] });
  markdown.core.ruler.push("alignment", alignments);
  markdown.renderer.rules.image = imageMarkup;
  markdown.renderer.rules.math = (tokens, index) => mathMarkup(markdown, tokens[index], "span", "math-inline");
  markdown.renderer.rules.math_block = (tokens, index) => mathMarkup(markdown, tokens[index], "div", "math-block");
  return markdown;
}

/** A picture with its address aside: it must not be loaded before the page has decided. */
const imageMarkup: RendererRule = (tokens, index, options, env, renderer) => {
  const token = tokens[index];
  if (!token) return "";
  token.attrs = (token.attrs ?? []).map(([name, value]) => (name === "src" ? ["data-src", value] : [name, value]));
  token.attrSet("alt", renderer.renderInlineAsText(token.children ?? [], options, env));
  return renderer.renderToken(tokens, index, options);
};

function mathMarkup(markdown: MarkdownIt, token: Token | undefined, tag: string, name: string): string {
  return `<${tag} class="${name}">${markdown.utils.escapeHtml(token?.content ?? "")}</${tag}>`;
}

const INLINE_MATH = /\$\$([^$]+?)\$\$|\$(?![\s$])((?:\\.|[^$\\\n])*?[^\s\\$]|(?:\\.))\$(?!\d)/y;

/** `$x$` and `$$x$$` within a line; a dollar before a space or a digit is money. */
function inlineMath(state: StateInline, silent: boolean): boolean {
  if (state.src[state.pos] !== "$") return false;
  INLINE_MATH.lastIndex = state.pos;
  const found = INLINE_MATH.exec(state.src);
  if (!found || INLINE_MATH.lastIndex > state.posMax) return false;
  if (!silent) state.push("math", "math", 0).content = found[1] ?? found[2] ?? "";
  state.pos = INLINE_MATH.lastIndex;
  return true;
}

/** `$$` on a line of its own up to the next one. */
function blockMath(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const lineText = (line: number): string => state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line] ?? 0).trim();
  const first = lineText(startLine);
  if (!first.startsWith("$$")) return false;
  const single = /^\$\$(.+)\$\$$/.exec(first);
  let last = startLine;
  if (!single) while (++last < endLine && !lineText(last).endsWith("$$"));
  if (last >= endLine) return false;
  if (silent) return true;
  const lines = Array.from({ length: last - startLine + 1 }, (_, index) => lineText(startLine + index));
  const token = state.push("math_block", "math", 0);
  token.content = single ? (single[1] ?? "") : lines.join("\n").replace(/^\$\$|\$\$$/g, "").trim();
  token.map = [startLine, last + 1];
  state.line = last + 1;
  return true;
}

/** Columns are aligned by class: the page's policy forbids style attributes. */
function alignments(state: StateCore): void {
  for (const token of state.tokens) {
    const style = token.type === "th_open" || token.type === "td_open" ? String(token.attrGet("style") ?? "") : "";
    const side = /(left|center|right)/.exec(style)?.[1];
    if (!style) continue;
    token.attrs = (token.attrs ?? []).filter(([name]) => name !== "style");
    if (side) token.attrJoin("class", `align-${side}`);
  }
}
