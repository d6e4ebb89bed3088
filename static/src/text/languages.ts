/** Owns which language a format has and how it behaves; every language is loaded when it is first needed. */
import type { Extension } from "@codemirror/state";
import type { StreamParser } from "@codemirror/language";

export interface Manners {
  /** Long lines break at the window. */
  readonly wrap: boolean;
  /** The browser checks the spelling. */
  readonly prose: boolean;
  readonly tabSize: number;
  /** Tab writes a tab character (Makefiles) and not spaces. */
  readonly hardTabs: boolean;
}

const CODE: Manners = { wrap: false, prose: false, tabSize: 4, hardTabs: false };
const TWO: Manners = { ...CODE, tabSize: 2 };
const PROSE: Manners = { wrap: true, prose: true, tabSize: 4, hardTabs: false };

interface Language {
  /** The name that people see; names of languages are not translated. */
  readonly name: string;
  readonly manners: Manners;
  readonly load?: () => Promise<Extension>;
}

async function legacy(mode: Promise<StreamParser<unknown>>): Promise<Extension> {
  const { StreamLanguage } = await import("@codemirror/language");
  return StreamLanguage.define(await mode);
}

const LANGUAGES = new Map<string, Language>([
  ["text", { name: "Text", manners: PROSE }],
  ["markdown", { name: "Markdown", manners: PROSE, load: async () => (await import("./markdown-language")).markdownLanguage() }],
  ["latex", { name: "LaTeX", manners: { ...PROSE, tabSize: 2 }, load: () => legacy(import("@codemirror/legacy-modes/mode/stex").then((mode) => mode.stex)) }],
  ["bibtex", { name: "BibTeX", manners: { ...TWO, wrap: true }, load: () => legacy(import("./bibtex-language").then((mode) => mode.bibtex)) }],
  ["csv", { name: "CSV", manners: TWO, load: async () => (await import("./csv-language")).csvColumns() }],
  ["tsv", { name: "TSV", manners: { ...TWO, hardTabs: true }, load: async () => (await import("./csv-language")).csvColumns() }],
  ["python", { name: "Python", manners: CODE, load: async () => (await import("@codemirror/lang-python")).python() }],
  ["json", { name: "JSON", manners: TWO, load: async () => (await import("@codemirror/lang-json")).json() }],
  ["yaml", { name: "YAML", manners: TWO, load: async () => (await import("@codemirror/lang-yaml")).yaml() }],
  ["html", { name: "HTML", manners: TWO, load: async () => (await import("@codemirror/lang-html")).html() }],
  ["xml", { name: "XML", manners: TWO, load: async () => (await import("@codemirror/lang-xml")).xml() }],
  ["svg", { name: "SVG", manners: TWO, load: async () => (await import("@codemirror/lang-xml")).xml() }],
  ["css", { name: "CSS", manners: TWO, load: async () => (await import("@codemirror/lang-css")).css() }],
  ["javascript", { name: "JavaScript", manners: TWO, load: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true }) }],
  ["typescript", { name: "TypeScript", manners: TWO, load: async () => (await import("@codemirror/lang-javascript")).javascript({ typescript: true, jsx: true }) }],
  ["c", { name: "C", manners: CODE, load: async () => (await import("@codemirror/lang-cpp")).cpp() }],
  ["cpp", { name: "C++", manners: CODE, load: async () => (await import("@codemirror/lang-cpp")).cpp() }],
  ["go", { name: "Go", manners: { ...CODE, hardTabs: true }, load: async () => (await import("@codemirror/lang-go")).go() }],
  ["java", { name: "Java", manners: CODE, load: async () => (await import("@codemirror/lang-java")).java() }],
  ["php", { name: "PHP", manners: CODE, load: async () => (await import("@codemirror/lang-php")).php() }],
  ["rust", { name: "Rust", manners: CODE, load: async () => (await import("@codemirror/lang-rust")).rust() }],
  ["sql", { name: "SQL", manners: TWO, load: async () => (await import("@codemirror/lang-sql")).sql() }],
  ["shell", { name: "Shell", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/shell").then((mode) => mode.shell)) }],
  ["toml", { name: "TOML", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/toml").then((mode) => mode.toml)) }],
  ["ini", { name: "INI", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/properties").then((mode) => mode.properties)) }],
  ["diff", { name: "Diff", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/diff").then((mode) => mode.diff)) }],
  ["dockerfile", { name: "Dockerfile", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/dockerfile").then((mode) => mode.dockerFile)) }],
  ["r", { name: "R", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/r").then((mode) => mode.r)) }],
  ["julia", { name: "Julia", manners: CODE, load: () => legacy(import("@codemirror/legacy-modes/mode/julia").then((mode) => mode.julia)) }],
  ["fortran", { name: "Fortran", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/fortran").then((mode) => mode.fortran)) }],
  ["ruby", { name: "Ruby", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/ruby").then((mode) => mode.ruby)) }],
  ["lua", { name: "Lua", manners: TWO, load: () => legacy(import("@codemirror/legacy-modes/mode/lua").then((mode) => mode.lua)) }],
  ["makefile", { name: "Makefile", manners: { ...CODE, hardTabs: true } }],
]);

/** Extensions whose language the server may not name. */
const BY_EXTENSION = new Map<string, string>([
  ["md", "markdown"], ["markdown", "markdown"], ["tex", "latex"], ["sty", "latex"], ["cls", "latex"], ["bib", "bibtex"],
  ["py", "python"], ["pyi", "python"], ["yml", "yaml"], ["yaml", "yaml"], ["htm", "html"], ["html", "html"], ["xsl", "xml"],
  ["js", "javascript"], ["mjs", "javascript"], ["cjs", "javascript"], ["jsx", "javascript"], ["ts", "typescript"], ["tsx", "typescript"],
  ["h", "c"], ["c", "c"], ["cc", "cpp"], ["cpp", "cpp"], ["cxx", "cpp"], ["hh", "cpp"], ["hpp", "cpp"], ["go", "go"], ["java", "java"],
  ["php", "php"], ["rs", "rust"], ["sql", "sql"], ["sh", "shell"], ["bash", "shell"], ["zsh", "shell"], ["toml", "toml"], ["ini", "ini"],
  ["cfg", "ini"], ["conf", "ini"], ["patch", "diff"], ["diff", "diff"], ["r", "r"], ["jl", "julia"], ["f", "fortran"], ["f90", "fortran"],
  ["rb", "ruby"], ["lua", "lua"], ["css", "css"], ["csv", "csv"], ["tsv", "tsv"], ["json", "json"], ["xml", "xml"], ["svg", "svg"],
]);

const PLAIN: Language = { name: "Text", manners: PROSE };

/** The language of a document: by its format, else by its name's extension. */
export function languageOf(format: string, path: string): Language {
  const named = format === "text" ? undefined : LANGUAGES.get(format);
  if (named) return named;
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const byName = LANGUAGES.get(name === "makefile" || name === "dockerfile" ? name : (BY_EXTENSION.get(name.slice(name.lastIndexOf(".") + 1)) ?? ""));
  return byName ?? { ...PLAIN, name: LANGUAGES.get(format)?.name ?? (format || PLAIN.name) };
}
