declare module "markdown-it-footnote" {
  import type { MarkdownIt } from "markdown-it";
  /** `[^1]`, `[^1]: text` and `^[text]`. */
  export default function footnotes(markdown: MarkdownIt): void;
}
