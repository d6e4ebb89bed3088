/** Owns one cell on the page. Far from the window it is an empty box of its height; near it has an editor or its Markdown, and outputs. */
import type { Awareness } from "y-protocols/awareness";
import type { Place } from "../shell/api";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { avatar, wearColors } from "../shell/people";
import { Preview } from "../text/preview";
import type { Peer } from "../sync/peers";
import { CellEditor, type CellKeys } from "./cell-editor";
import { Outputs } from "./outputs";
import { cellType, executionCount, isHidden, isRunning, joined, outputsOf, record, sourceOf, sourceText, type CellType, type YCell } from "./schema";

/** What every cell shares. */
export interface CellContext {
  readonly awareness: Awareness;
  readonly place: () => Place;
  readonly language: () => string;
  readonly beforeEdit: () => void;
  readonly keys: (view: CellView) => CellKeys;
  readonly edited: (view: CellView, clients: readonly number[]) => void;
  /** The cursor in a cell's text moved. */
  readonly selected: (view: CellView) => void;
  readonly toggleHidden: (view: CellView, part: "source" | "outputs") => void;
  readonly ticked: (view: CellView, line: number) => void;
  readOnly: boolean;
  lineNumbers: boolean;
}

const LINE_PX = 24;
const FRAME_PX = 30;
const OUTPUT_PX = 40;

export class CellView {
  readonly type: CellType;
  readonly element: HTMLElement;
  editor: CellEditor | null = null;
  mounted = false;
  /** A Markdown cell shows its source. */
  editing = false;
  private readonly prompt = h("div", { class: "nb-prompt" });
  private readonly input = h("div", { class: "nb-input" });
  private readonly outputsElement = h("div", { class: "nb-outputs" });
  private readonly marker = h("div", { class: "nb-people", attrs: { "aria-hidden": true } });
  private index = 0;
  private outputs: Outputs | null = null;
  private preview: Preview | null = null;

  constructor(readonly cell: YCell, private readonly context: CellContext) {
    this.type = cellType(cell);
    this.element = h("div", { class: "nb-cell", role: "group", tabIndex: -1, attrs: { "data-type": this.type } });
    this.element.style.minHeight = `${this.guessHeight()}px`;
  }

  // -- near and far --

  mount(): void {
    if (this.mounted) return;
    this.mounted = true;
    this.drawLabel();
    const fold = (part: "source" | "outputs"): HTMLElement =>
      h("button", { class: "nb-fold", type: "button", tabIndex: -1, attrs: { "aria-label": t(part === "source" ? "notebook.fold_source" : "notebook.fold_outputs") }, on: { click: () => this.context.toggleHidden(this, part) } });
    const rows = [h("div", { class: "nb-row" }, fold("source"), this.prompt, this.input)];
    if (this.type === "code") rows.push(h("div", { class: "nb-row nb-row-outputs" }, fold("outputs"), h("div", { class: "nb-prompt" }), this.outputsElement));
    replaceChildren(this.element, this.marker, ...rows);
    this.element.style.minHeight = "";
    this.drawInput();
    this.drawOutputs();
    this.drawPrompt();
  }

  /** Give up what is inside; the height stays, so that nothing moves. */
  unmount(): void {
    if (!this.mounted) return;
    this.element.style.minHeight = `${this.element.getBoundingClientRect().height}px`;
    this.mounted = false;
    this.dropInput();
    this.outputs = null;
    this.element.replaceChildren();
    this.outputsElement.replaceChildren();
  }

  destroy(): void {
    this.dropInput();
    this.element.remove();
  }

  // -- what changed --

  /** Something of the cell is new: the key of its map, or the source's own text. */
  changed(key: string | null): void {
    if (!this.mounted) return;
    if (key === "source" || key === "attachments") {
      if (this.preview) this.drawMarkdown();
      else if (!this.editor) this.drawInput();
    } else if (key === "outputs") this.drawOutputs();
    else if (key === "execution_count" || key === "execution_state") this.drawPrompt();
    else {
      this.drawInput();
      this.drawOutputs();
    }
  }

  setReadOnly(readOnly: boolean): void {
    this.editor?.setReadOnly(readOnly);
  }

  /** Where it stands; a cell that is not drawn gets its label when it is. */
  setIndex(index: number): void {
    if (index === this.index) return;
    this.index = index;
    if (this.mounted) this.drawLabel();
  }

  private drawLabel(): void {
    const type = t(this.type === "code" ? "notebook.code" : this.type === "markdown" ? "notebook.markdown" : "notebook.raw");
    this.element.setAttribute("aria-label", t("notebook.cell", { number: this.index + 1, type }));
  }

  /** Who is here. */
  showPeople(peers: readonly Peer[]): void {
    const key = peers.map((peer) => peer.client).join(" ");
    if (this.marker.dataset.key === key) return;
    this.marker.dataset.key = key;
    this.element.classList.toggle("has-people", peers.length > 0);
    const [first] = peers;
    if (first) wearColors(this.element, first.color, first.colorDark);
    replaceChildren(this.marker, ...peers.slice(0, 3).map((peer) => avatar({ ...peer, color_dark: peer.colorDark }, "small")));
  }

  // -- writing --

  /** Show the source and put the keyboard into it. */
  edit(at?: "start" | "end" | number): void {
    this.mount();
    if (this.type === "markdown" && !this.editing) {
      this.editing = true;
      this.drawInput();
    }
    if (!this.editor) this.drawInput();
    this.editor?.focus(at);
  }

  /** Show the source without taking the keyboard. */
  showSource(): void {
    this.mount();
    if (this.editor) return;
    this.editing = true;
    this.drawInput();
  }

  /** Show a Markdown cell as it reads. */
  render(): void {
    if (this.type !== "markdown" || !this.editing) return;
    this.editing = false;
    if (this.mounted) this.drawInput();
  }

  // -- drawing --

  private drawInput(): void {
    this.dropInput();
    const hidden = isHidden(this.cell, "source") && !this.editing;
    this.element.classList.toggle("is-source-hidden", hidden);
    const source = sourceOf(this.cell);
    if (hidden) return replaceChildren(this.input, this.folded("source", source.split("\n", 1)[0] ?? ""));
    if (this.type === "markdown" && !this.editing) return this.drawMarkdown();
    const ytext = sourceText(this.cell);
    if (!ytext) return replaceChildren(this.input, h("pre", { class: "nb-text", tabIndex: 0 }, source));
    this.input.replaceChildren();
    const { context } = this;
    this.editor = new CellEditor({
      parent: this.input,
      ytext,
      awareness: context.awareness,
      type: this.type,
      language: context.language(),
      readOnly: context.readOnly,
      lineNumbers: context.lineNumbers,
      label: this.element.getAttribute("aria-label") ?? "",
      beforeEdit: context.beforeEdit,
      keys: context.keys(this),
      edited: (clients) => context.edited(this, clients),
      selected: () => context.selected(this),
    });
  }

  private dropInput(): void {
    this.editor?.destroy();
    this.editor = null;
    this.preview = null;
  }

  private drawMarkdown(): void {
    const source = sourceOf(this.cell);
    if (source.trim() === "") {
      this.preview = null;
      return replaceChildren(this.input, h("p", { class: "hint nb-empty" }, t("notebook.empty_markdown")));
    }
    if (!this.preview) {
      const element = h("div", { class: "nb-markdown preview-page" });
      this.preview = new Preview({ parent: this.input, element, place: this.context.place, onTask: (line) => this.context.ticked(this, line), picture: (name) => this.attachment(name) });
    } else if (!this.preview.element.isConnected) {
      this.input.replaceChildren(this.preview.element);
    }
    this.preview.show(source);
  }

  /** `attachment:name` as the picture that is kept in the cell. */
  private attachment(source: string): string | null {
    if (!source.startsWith("attachment:")) return null;
    const bundle = record(record(this.cell.get("attachments"))[decode(source.slice("attachment:".length))]);
    const type = ["image/png", "image/jpeg", "image/gif", "image/webp"].find((name) => name in bundle);
    if (type) return `data:${type};base64,${joined(bundle[type]).replace(/\s+/g, "")}`;
    return "image/svg+xml" in bundle ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(joined(bundle["image/svg+xml"]))}` : null;
  }

  private drawOutputs(): void {
    if (this.type !== "code") return;
    const list = outputsOf(this.cell)?.toArray() ?? [];
    const hidden = isHidden(this.cell, "outputs") && list.length > 0;
    this.element.classList.toggle("has-outputs", list.length > 0);
    if (hidden) {
      this.outputs = null;
      return replaceChildren(this.outputsElement, this.folded("outputs", t("notebook.outputs_hidden", { count: list.length })));
    }
    if (!this.outputs) {
      this.outputsElement.replaceChildren();
      this.outputs = new Outputs(this.outputsElement, this.context.place);
    }
    this.outputs.show(list);
  }

  private folded(part: "source" | "outputs", text: string): HTMLElement {
    return h("button", { class: "nb-folded", type: "button", attrs: { "aria-expanded": "false" }, on: { click: () => this.context.toggleHidden(this, part) } }, text.slice(0, 120) || "…");
  }

  private drawPrompt(): void {
    if (this.type !== "code") return;
    const running = isRunning(this.cell);
    const count = executionCount(this.cell);
    this.prompt.textContent = running ? "[*]:" : count === null ? "[ ]:" : `[${count}]:`;
    this.prompt.title = running ? t("notebook.running") : "";
    this.element.classList.toggle("is-running", running);
  }

  private guessHeight(): number {
    const lines = Math.min(2_000, sourceOf(this.cell).split("\n").length);
    const outputs = Math.min(20, outputsOf(this.cell)?.length ?? 0);
    return FRAME_PX + lines * LINE_PX + outputs * OUTPUT_PX;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
