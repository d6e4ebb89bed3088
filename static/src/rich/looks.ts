/** Owns how the file's styles look: the shared document's `styles` and `meta.page` as one constructed style sheet.
 *
 * The values come through the shared document, so they are checked here again: known properties, harmless values.
 */
import type * as Y from "yjs";
import { fieldsOf, text } from "../sync/wire";

const PROPERTIES = new Set([
  "font-family", "font-size", "font-weight", "font-style", "font-variant", "text-transform", "text-decoration", "text-align", "text-indent",
  "line-height", "margin-top", "margin-bottom", "margin-left", "margin-right", "color", "background-color",
]);
const HARMLESS = /^[\w #%.,'-]{1,100}$/;
const LENGTH = /^\d+(\.\d+)?(pt|cm|mm|in|px)$/;

export interface StyleChoice {
  readonly name: string;
  readonly label: string;
  /** Heading level, 0 for a paragraph. */
  readonly level: number;
}

export class Looks {
  private readonly sheet = new CSSStyleSheet();

  constructor(private readonly styles: Y.Map<unknown>, private readonly meta: Y.Map<unknown>, private readonly scope: string) {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
    styles.observe(this.draw);
    meta.observe(this.draw);
    this.draw();
  }

  destroy(): void {
    this.styles.unobserve(this.draw);
    this.meta.unobserve(this.draw);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.sheet);
  }

  /** The paragraph styles that people know by name. */
  choices(): StyleChoice[] {
    const found: StyleChoice[] = [];
    for (const [key, value] of this.styles) {
      const fields = fieldsOf(value);
      const label = text(fields.get("label"));
      if (key.startsWith("p:") && key.length > 2 && label) found.push({ name: key.slice(2), label, level: Number(fields.get("level")) || 0 });
    }
    return found.sort((left, right) => left.label.localeCompare(right.label));
  }

  private readonly draw = (): void => {
    const rules: string[] = [this.pageRule()];
    for (const [key, value] of this.styles) {
      const css = cssOf(fieldsOf(value).get("css"));
      const name = CSS.escape(key.slice(2));
      if (!css) continue;
      if (key === "p:") rules.unshift(`${this.scope} :is(p, h1, h2, h3, h4, h5, h6) {${css}}`);
      else if (key.startsWith("p:")) rules.push(`${this.scope} [data-style="${name}"] {${css}}`);
      else rules.push(`${this.scope} :is([data-span~="${name}"], [data-props="${name}"]) {${css}}`);
    }
    for (const align of ["left", "center", "right", "justify"]) rules.push(`${this.scope} [data-align="${align}"] {text-align: ${align}}`);
    this.sheet.replaceSync(rules.join("\n"));
  };

  private pageRule(): string {
    const page = fieldsOf(this.meta.get("page"));
    const read = (name: string): string | null => {
      const value = text(page.get(name));
      return value && LENGTH.test(value) ? value : null;
    };
    const width = read("width");
    const sides = ["top", "right", "bottom", "left"].map((side) => read(side) ?? "2cm");
    return `${this.scope} { ${width ? `--page-width: ${width};` : ""} --page-padding: ${sides.join(" ")}; }`;
  }
}

function cssOf(value: unknown): string {
  const found: string[] = [];
  for (const [name, one] of fieldsOf(value)) {
    if (PROPERTIES.has(name) && typeof one === "string" && HARMLESS.test(one)) found.push(`${name}: ${name === "font-family" ? family(one) : one}`);
  }
  return found.join("; ");
}

/** Fonts that this machine lacks fall back to one of the same kind. */
function family(name: string): string {
  const first = name.replace(/['"]/g, "");
  const kind = /mono|courier|consol/i.test(first) ? "monospace" : /sans|arial|helvet|calibri|verdana|tahoma|segoe|carlito/i.test(first) ? "sans-serif" : "serif";
  return `'${first}', ${kind}`;
}
