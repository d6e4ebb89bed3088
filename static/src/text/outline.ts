/** Owns the outline of a text: headings of Markdown, sections of LaTeX. */

export interface Heading {
  readonly title: string;
  /** 1 = outermost. */
  readonly level: number;
  readonly position: number;
  /** Line number from 1. */
  readonly line: number;
}

const MOST_HEADINGS = 2_000;

/** The headings of a text in its format; other formats have none. */
export function outlineOf(source: string, format: string): Heading[] {
  if (format === "markdown") return markdownHeadings(source);
  return format === "latex" ? latexSections(source) : [];
}

function eachLine(source: string, visit: (line: string, position: number, number: number) => void): void {
  let position = 0;
  let number = 1;
  while (position <= source.length) {
    const end = source.indexOf("\n", position);
    visit(source.slice(position, end < 0 ? source.length : end), position, number);
    if (end < 0) return;
    position = end + 1;
    number += 1;
  }
}

function markdownHeadings(source: string): Heading[] {
  const headings: Heading[] = [];
  let fence: string | null = null;
  eachLine(source, (text, position, line) => {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(text)?.[1];
    if (mark && (fence === null || mark.startsWith(fence))) fence = fence === null ? mark : null;
    const found = fence === null && headings.length < MOST_HEADINGS ? /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/.exec(text) : null;
    if (found?.[1] && found[2]) headings.push({ title: plainTitle(found[2]), level: found[1].length, position, line });
  });
  return headings;
}

const SECTIONS = ["part", "chapter", "section", "subsection", "subsubsection", "paragraph"];
const SECTION = /^[^%\n]*?\\(part|chapter|section|subsection|subsubsection|paragraph)\*?\s*(?:\[[^\]]*\])?\{((?:[^{}]|\{[^{}]*\})*)\}/;

function latexSections(source: string): Heading[] {
  const found: Heading[] = [];
  eachLine(source, (text, position, line) => {
    const match = found.length < MOST_HEADINGS ? SECTION.exec(text) : null;
    if (match?.[1]) found.push({ title: plainTitle(match[2] ?? ""), level: SECTIONS.indexOf(match[1]), position, line });
  });
  const outermost = Math.min(...found.map((heading) => heading.level));
  return found.map((heading) => ({ ...heading, level: heading.level - outermost + 1 }));
}

function plainTitle(title: string): string {
  return title.replace(/\\(?:label|textbf|emph|textit|texttt)\{([^}]*)\}/g, "$1").replace(/[*_`]+/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim();
}

/** The heading that a position is under. */
export function headingAt(headings: readonly Heading[], position: number): Heading | null {
  return headings.findLast((heading) => heading.position <= position) ?? null;
}
