/** Owns the colours of Markdown, with fenced code in its own language. */
import { LanguageDescription } from "@codemirror/language";
import { markdown, markdownLanguage as base } from "@codemirror/lang-markdown";
import type { Extension } from "@codemirror/state";

const FENCED = [
  LanguageDescription.of({ name: "python", alias: ["py"], load: async () => (await import("@codemirror/lang-python")).python() }),
  LanguageDescription.of({ name: "json", load: async () => (await import("@codemirror/lang-json")).json() }),
  LanguageDescription.of({ name: "yaml", alias: ["yml"], load: async () => (await import("@codemirror/lang-yaml")).yaml() }),
  LanguageDescription.of({ name: "javascript", alias: ["js", "ts", "typescript"], load: async () => (await import("@codemirror/lang-javascript")).javascript({ typescript: true }) }),
  LanguageDescription.of({ name: "sql", load: async () => (await import("@codemirror/lang-sql")).sql() }),
];

export function markdownLanguage(): Extension {
  return markdown({ base, codeLanguages: FENCED, addKeymap: true });
}
