/** Owns the pane beside a Markdown text: loads the preview when it is first shown, keeps both sides at the same place. */
import type { EditorView } from "@codemirror/view";
import type { Place } from "../shell/api";
import type { Preview } from "./preview";

const SOON_MS = 60;
const LARGE = 100_000;
const LARGE_MS = 400;

export class PreviewPane {
  private preview: Preview | null = null;
  private loading = false;
  private open = false;
  private timer: number | undefined;
  /** The side that a person scrolls; the other one follows. */
  private leader: "text" | "preview" = "text";

  constructor(readonly element: HTMLElement, private readonly view: EditorView, private readonly place: () => Place) {
    const lead = (leader: "text" | "preview") => (): void => void (this.leader = leader);
    for (const name of ["wheel", "pointerdown", "touchstart", "keydown"]) {
      view.scrollDOM.addEventListener(name, lead("text"), { passive: true });
      element.addEventListener(name, lead("preview"), { passive: true });
    }
    view.scrollDOM.addEventListener("scroll", () => this.leader === "text" && this.follow(), { passive: true });
    element.addEventListener("scroll", () => this.leader === "preview" && this.leadText(), { passive: true });
  }

  hide(): void {
    this.open = false;
  }

  async show(): Promise<void> {
    this.open = true;
    if (!this.preview && !this.loading) {
      this.loading = true;
      const { Preview } = await import("./preview");
      this.preview = new Preview({ parent: this.element, place: this.place, onTask: (line) => this.tick(line) });
    }
    this.draw();
  }

  /** The text changed. */
  changed(): void {
    if (!this.open || !this.preview || this.timer !== undefined) return;
    this.timer = window.setTimeout(() => this.draw(), this.view.state.doc.length > LARGE ? LARGE_MS : SOON_MS);
  }

  private draw(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    this.preview?.show(this.view.state.doc.toString());
    if (this.leader === "text") this.follow();
  }

  private follow(): void {
    if (!this.open) return;
    const { scrollDOM, documentPadding, state } = this.view;
    if (scrollDOM.scrollTop <= 0) return void (this.element.scrollTop = 0);
    const height = scrollDOM.scrollTop - documentPadding.top;
    const block = this.view.lineBlockAtHeight(height);
    const part = Math.min(1, Math.max(0, (height - block.top) / Math.max(1, block.height)));
    this.preview?.scrollToLine(state.doc.lineAt(block.from).number - 1 + part, this.element);
  }

  private leadText(): void {
    if (!this.preview) return;
    if (this.element.scrollTop <= 0) return void (this.view.scrollDOM.scrollTop = 0);
    const at = this.preview.lineAtTop(this.element);
    const { doc } = this.view.state;
    const block = this.view.lineBlockAt(doc.line(Math.min(doc.lines, Math.floor(at) + 1)).from);
    this.view.scrollDOM.scrollTop = this.view.documentPadding.top + block.top + (at % 1) * block.height;
  }

  /** Tick or untick the task of a line in the source. */
  private tick(index: number): void {
    const { doc, readOnly } = this.view.state;
    if (readOnly || index >= doc.lines) return;
    const line = doc.line(index + 1);
    const found = /^(\s*(?:>\s*)*(?:[-*+]|\d+[.)])\s+\[)([ xX])(?=\])/.exec(line.text);
    if (!found?.[1]) return;
    const from = line.from + found[1].length;
    this.view.dispatch({ changes: { from, to: from + 1, insert: found[2] === " " ? "x" : " " }, userEvent: "input.task" });
  }
}
