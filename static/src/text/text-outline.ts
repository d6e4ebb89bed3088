/** Owns the headings of the shown text: found a moment after it changed, and which one is at the top of the window. */
import type { EditorView } from "@codemirror/view";
import type { Outline } from "../editor/contract";
import { headingAt, outlineOf, type Heading } from "./outline";

const OUTLINE_AFTER_MS = 250;
const READING_PX = 40;

/** Formats whose texts have headings. */
export function isOutlined(format: string): boolean {
  return format === "markdown" || format === "latex";
}

export class TextOutline implements Outline {
  private found: readonly Heading[];
  private timer: number | undefined;

  /** `changed` hears when the headings or the place being read are others. */
  constructor(private readonly view: EditorView, private readonly format: string, private readonly show: (position: number) => void, private readonly changed: () => void) {
    this.found = this.read();
    view.scrollDOM.addEventListener("scroll", changed, { passive: true });
  }

  headings(): readonly Heading[] {
    return this.found;
  }

  current(): number {
    const { view } = this;
    const top = view.lineBlockAtHeight(view.scrollDOM.scrollTop - view.documentPadding.top + READING_PX).from;
    const heading = headingAt(this.found, top);
    return heading ? this.found.indexOf(heading) : -1;
  }

  goTo(index: number): void {
    const { doc } = this.view.state;
    const heading = this.found[index];
    if (heading) this.show(doc.line(Math.min(heading.line, doc.lines)).from);
  }

  /** The title of the section at a position. */
  section(position: number): string | null {
    return headingAt(this.found, position)?.title ?? null;
  }

  /** The text changed. */
  readSoon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.found = this.read();
      this.changed();
    }, OUTLINE_AFTER_MS);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
    this.view.scrollDOM.removeEventListener("scroll", this.changed);
  }

  private read(): Heading[] {
    return outlineOf(this.view.state.doc.toString(), this.format);
  }
}
