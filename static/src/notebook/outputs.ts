/** Owns the drawing of outputs: text with colours, pictures, tables, formulas; everything else in a frame or by its name. */
import type { Place } from "../shell/api";
import { button } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { fragmentOf } from "../shell/sanitize";
import { renderMath } from "../text/math";
import { Preview } from "../text/preview";
import { overwritten, piecesOf, type Style } from "./ansi";
import { frameOf } from "./frame";
import { formulaOf, hasScript, shownOf, simpleMarkup, type Shown } from "./mime";
import { joined, record, type Plain } from "./schema";

/** More is folded until somebody wants it. */
const MOST_OUTPUTS = 200;
const LONGEST_TEXT = 100_000;
const MOST_PIECES = 5_000;

export class Outputs {
  private drawn: { key: string; element: HTMLElement }[] = [];
  private more = MOST_OUTPUTS;

  constructor(readonly element: HTMLElement, private readonly place: () => Place) {}

  /** Show these; only those that changed are drawn. */
  show(outputs: readonly unknown[]): void {
    const shown = outputs.slice(0, this.more).map(record);
    const fresh = shown.map((output, index) => {
      const key = keyOf(output);
      const old = this.drawn[index];
      return old?.key === key ? old : { key, element: this.outputOf(output) };
    });
    fresh.forEach((item, index) => {
      const old = this.drawn[index];
      if (old === item) return;
      if (old) old.element.replaceWith(item.element);
      else this.element.append(item.element);
    });
    for (const old of this.drawn.slice(fresh.length)) old.element.remove();
    this.drawn = fresh;
    this.foldRest(outputs);
  }

  private foldRest(outputs: readonly unknown[]): void {
    this.element.querySelector(":scope > .nb-more")?.remove();
    const rest = outputs.length - this.more;
    if (rest <= 0) return;
    const show = (): void => {
      this.more += MOST_OUTPUTS;
      this.show(outputs);
    };
    this.element.append(h("div", { class: "nb-more" }, button(t("notebook.more_outputs", { count: rest }), show)));
  }

  private outputOf(output: Plain): HTMLElement {
    switch (output.output_type) {
      case "stream":
        return textOf(joined(output.text), output.name === "stderr" ? "nb-stderr" : "nb-stdout");
      case "error":
        return textOf(tracebackOf(output), "nb-error");
      case "display_data":
      case "execute_result":
        return this.bundleOf(shownOf(record(output.data), record(output.metadata)));
      default:
        return noteOf(t("notebook.unknown_output", { types: String(output.output_type ?? "?").slice(0, 80) }));
    }
  }

  private bundleOf(shown: Shown): HTMLElement {
    switch (shown.as) {
      case "text":
        return textOf(shown.text, "nb-plain");
      case "html":
        return htmlOf(shown.markup);
      case "script":
        return frameOf({ markup: `<script>${shown.code.replace(/<\/script/gi, "<\\/script")}</script>`, scripted: true });
      case "picture":
        return pictureOf(shown);
      case "markdown":
        return this.markdownOf(shown.source);
      case "latex":
        return latexOf(shown.source);
      case "json":
        return textOf(JSON.stringify(shown.value, null, 2) ?? "", "nb-plain");
      case "unknown":
        return noteOf(t("notebook.unknown_output", { types: shown.types.join(", ").slice(0, 200) || "?" }));
    }
  }

  private markdownOf(source: string): HTMLElement {
    const element = h("div", { class: "nb-markdown preview-page" });
    const holder = h("div", { class: "nb-output" });
    new Preview({ parent: holder, element, place: this.place, onTask: () => undefined }).show(source);
    return holder;
  }
}

/** Equal for outputs that look the same; long ones are told apart by their length and their ends. */
function keyOf(output: Plain): string {
  const text = JSON.stringify(output);
  return text.length < 20_000 ? text : `${text.length} ${text.slice(0, 2_000)} ${text.slice(-10_000)}`;
}

function tracebackOf(output: Plain): string {
  const { traceback } = output;
  const lines = Array.isArray(traceback) ? traceback.filter((line) => typeof line === "string").join("\n") : joined(traceback);
  return lines || `${joined(output.ename)}: ${joined(output.evalue)}`;
}

/** Text as a terminal shows it; a very long one from its beginning and its end. */
function textOf(source: string, look: string): HTMLElement {
  const element = h("pre", { class: `nb-output nb-text ${look}`, tabIndex: 0 });
  const text = overwritten(source);
  if (text.length <= LONGEST_TEXT) {
    drawText(element, text);
    return element;
  }
  const half = LONGEST_TEXT / 2;
  const all = button(t("notebook.whole_text", { count: text.length }), () => (replaceChildren(element), drawText(element, text)));
  drawText(element, text.slice(0, half));
  element.append(h("span", { class: "nb-cut" }, all));
  drawText(element, text.slice(-half));
  return element;
}

function drawText(element: HTMLElement, text: string): void {
  const pieces = piecesOf(text);
  for (const piece of pieces.slice(0, MOST_PIECES)) element.append(Object.keys(piece.style).length > 0 ? spanOf(piece.text, piece.style) : piece.text);
  if (pieces.length > MOST_PIECES) element.append(pieces.slice(MOST_PIECES).map((piece) => piece.text).join(""));
}

function spanOf(text: string, style: Style): HTMLElement {
  const names = (["bold", "faint", "italic", "underline", "strike"] as const).filter((name) => style[name]).map((name) => `ansi-${name}`);
  const span = h("span", {}, text);
  for (const [property, value] of [["color", style.ink], ["background-color", style.ground]] as const) {
    if (!value) continue;
    if (value.startsWith("#")) span.style.setProperty(property, value);
    else names.push(property === "color" ? `ansi-${value}` : `ansi-on-${value}`);
  }
  span.className = names.join(" ");
  return span;
}

function htmlOf(markup: string): HTMLElement {
  const simple = simpleMarkup(markup);
  if (simple === null) return frameOf({ markup, scripted: hasScript(markup) });
  const element = h("div", { class: "nb-output nb-html preview-page", tabIndex: 0, role: "region", attrs: { "aria-label": t("notebook.output") } }, fragmentOf(simple));
  for (const link of element.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  return element;
}

function pictureOf({ source, width, height, alt }: Extract<Shown, { as: "picture" }>): HTMLElement {
  const image = h("img", { attrs: { alt: alt || t("notebook.picture"), src: source, width, height } });
  image.addEventListener("error", () => image.replaceWith(noteOf(t("notebook.broken_picture"))));
  return h("div", { class: "nb-output nb-picture" }, image);
}

function latexOf(source: string): HTMLElement {
  const { formula, display } = formulaOf(source);
  const element = h("div", { class: "nb-output nb-latex" }, h("span", { class: display ? "math-block" : "math-inline" }, formula));
  void renderMath(element);
  return element;
}

function noteOf(text: string): HTMLElement {
  return h("div", { class: "nb-output nb-note" }, text);
}
