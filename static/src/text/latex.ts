/** Owns what LaTeX offers while one types: citation keys of the folder's .bib files, labels, environments, commands. */
import { snippetCompletion, type Completion, type CompletionContext, type CompletionResult, type CompletionSource } from "@codemirror/autocomplete";
import { api, contentAddress, type Place } from "../shell/api";

const BIB_FRESH_MS = 60_000;
const LARGEST_BIB_BYTES = 5_000_000;
const MOST_BIB_FILES = 20;

export interface BibEntry {
  readonly key: string;
  readonly title: string;
  readonly author: string;
  readonly year: string;
}

/** The entries of a .bib file; what cannot be read is left out. */
export function parseBib(source: string): BibEntry[] {
  const heads = [...source.matchAll(/@(\w+)\s*[{(]\s*([^,\s{}()]+)\s*,/g)].filter((head) => !/^(comment|string|preamble)$/i.test(head[1] ?? ""));
  return heads.map((head, index) => {
    const body = source.slice((head.index ?? 0) + head[0].length, heads[index + 1]?.index ?? source.length);
    return { key: head[2] ?? "", title: field(body, "title"), author: field(body, "author"), year: field(body, "year") };
  });
}

function field(body: string, name: string): string {
  const start = new RegExp(`(?:^|[\\s,])${name}\\s*=\\s*`, "i").exec(body);
  if (!start) return "";
  const rest = body.slice(start.index + start[0].length);
  const raw = rest.startsWith("{") ? braced(rest) : rest.startsWith('"') ? (/^"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? "") : (/^[^,}\n]+/.exec(rest)?.[0] ?? "");
  return raw.replace(/[{}]/g, "").replace(/\s+/g, " ").trim();
}

function braced(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}" && --depth === 0) return text.slice(1, at);
  }
  return text.slice(1);
}

class Bibliography {
  private loaded: Promise<readonly BibEntry[]> | null = null;
  private loadedAt = 0;

  constructor(private readonly place: () => Place) {}

  entries(now: number): Promise<readonly BibEntry[]> {
    if (!this.loaded || now - this.loadedAt > BIB_FRESH_MS) {
      this.loadedAt = now;
      this.loaded = this.load().catch(() => {
        this.loaded = null; // asked again with the next key
        return [];
      });
    }
    return this.loaded;
  }

  private async load(): Promise<readonly BibEntry[]> {
    const { root, path } = this.place();
    const folder = await api.folder({ root, path: path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "" });
    const files = folder.entries.filter((entry) => /\.bib$/i.test(entry.name) && entry.size_bytes <= LARGEST_BIB_BYTES).slice(0, MOST_BIB_FILES);
    const sources = await Promise.all(files.map(async (entry) => (await fetch(contentAddress({ root, path: entry.path }))).text()));
    return sources.flatMap(parseBib);
  }
}

const CITE = /\\(?:[a-zA-Z]*cite[a-zA-Z]*|nocite)\*?(?:\[[^\]]*\])*\{([^{}]*)$/;
const REF = /\\(?:ref|eqref|pageref|autoref|cref|Cref|vref|nameref)\{([^{}]*)$/;
const BEGIN = /\\begin\{([a-zA-Z*]*)$/;

/** Completions for a LaTeX document at this place. */
export function latexCompletions(place: () => Place): CompletionSource[] {
  const bibliography = new Bibliography(place);
  return [(context) => citations(context, bibliography), labels, environments, commands];
}

/** The text of the last item within the braces before the cursor. */
function argument(context: CompletionContext, pattern: RegExp): { from: number } | null {
  const line = context.state.doc.lineAt(context.pos);
  const found = pattern.exec(line.text.slice(0, context.pos - line.from));
  if (!found) return null;
  const last = (found[1] ?? "").split(",").at(-1) ?? "";
  return { from: context.pos - last.trimStart().length };
}

async function citations(context: CompletionContext, bibliography: Bibliography): Promise<CompletionResult | null> {
  const at = argument(context, CITE);
  if (!at) return null;
  const entries = await bibliography.entries(performance.now());
  const options = entries.map((entry): Completion => ({
    label: entry.key,
    detail: [entry.author.split(/ and /i)[0], entry.year].filter(Boolean).join(" "),
    ...(entry.title ? { info: entry.title } : {}),
  }));
  return { ...at, options, validFor: /^[^\s,{}]*$/ };
}

function labels(context: CompletionContext): CompletionResult | null {
  const at = argument(context, REF);
  if (!at) return null;
  const found = context.state.doc.toString().matchAll(/\\label\{([^{}\n]+)\}/g);
  const options = [...new Set([...found].map((match) => match[1] ?? ""))].map((label) => ({ label }));
  return { ...at, options, validFor: /^[^\s,{}]*$/ };
}

const ENVIRONMENTS = [
  "abstract", "align", "align*", "center", "description", "document", "enumerate", "equation", "equation*", "figure", "itemize", "lstlisting",
  "minipage", "proof", "quote", "table", "tabular", "theorem", "verbatim",
];
const BODIES = new Map([
  ["itemize", "\\item ${}"],
  ["enumerate", "\\item ${}"],
  ["figure", "\\centering\n\t\\includegraphics[width=\\linewidth]{${file}}\n\t\\caption{${caption}}\n\t\\label{fig:${name}}"],
  ["table", "\\centering\n\t\\begin{tabular}{${ll}}\n\t\t${}\n\t\\end{tabular}\n\t\\caption{${caption}}\n\t\\label{tab:${name}}"],
  ["tabular", "${}"],
]);

function environmentSnippet(name: string, head: string): string {
  const options = name === "tabular" ? "{${ll}}" : name === "figure" || name === "table" ? "[${t}]" : "";
  return `${head}${name}}${options}\n\t${BODIES.get(name) ?? "${}"}\n\\end{${name}}`;
}

function environments(context: CompletionContext): CompletionResult | null {
  const at = argument(context, BEGIN);
  if (!at) return null;
  const closed = context.state.sliceDoc(context.pos, context.pos + 1) === "}";
  const options = ENVIRONMENTS.map((name) => snippetCompletion(environmentSnippet(name, ""), { label: name }));
  return { ...at, ...(closed ? { to: context.pos + 1 } : {}), options, validFor: /^[a-zA-Z*]*$/ };
}

const COMMANDS: readonly (readonly [string, string])[] = [
  ["\\begin", "\\begin{${environment}}\n\t${}\n\\end{${environment}}"],
  ["\\section", "\\section{${}}"], ["\\subsection", "\\subsection{${}}"], ["\\subsubsection", "\\subsubsection{${}}"],
  ["\\textbf", "\\textbf{${}}"], ["\\textit", "\\textit{${}}"], ["\\emph", "\\emph{${}}"], ["\\texttt", "\\texttt{${}}"],
  ["\\cite", "\\cite{${}}"], ["\\ref", "\\ref{${}}"], ["\\label", "\\label{${}}"], ["\\footnote", "\\footnote{${}}"],
  ["\\frac", "\\frac{${a}}{${b}}"], ["\\sqrt", "\\sqrt{${}}"], ["\\sum", "\\sum_{${i=1}}^{${n}}"], ["\\int", "\\int_{${a}}^{${b}}"],
  ["\\includegraphics", "\\includegraphics[width=\\linewidth]{${file}}"], ["\\usepackage", "\\usepackage{${}}"], ["\\input", "\\input{${}}"],
  ["\\item", "\\item ${}"], ["\\caption", "\\caption{${}}"], ["\\url", "\\url{${}}"], ["\\href", "\\href{${url}}{${text}}"],
];
const commandOptions = COMMANDS.map(([label, template]) => snippetCompletion(template, { label }));

function commands(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/\\[a-zA-Z]+/);
  return word ? { from: word.from, options: commandOptions, validFor: /^\\[a-zA-Z]*$/ } : null;
}
