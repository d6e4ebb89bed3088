/** Owns the headings of a notebook: those of its Markdown cells. */
import type { Heading, Outline } from "../editor/contract";
import { outlineOf } from "../text/outline";
import type { CellList } from "./cell-list";
import type { CellView } from "./cell-view";
import { sourceOf } from "./schema";

const READ_AFTER_MS = 300;

interface Found extends Heading {
  readonly view: CellView;
  readonly position: number;
}

export class NotebookOutline implements Outline {
  private found: readonly Found[] = [];
  private timer: number | undefined;

  constructor(private readonly list: CellList, private readonly scroller: HTMLElement, private readonly show: (view: CellView) => void, private readonly changed: () => void) {
    this.read();
    scroller.addEventListener("scroll", changed, { passive: true });
  }

  headings(): readonly Heading[] {
    return this.found;
  }

  current(): number {
    const top = this.list.top(this.scroller);
    return top ? this.indexAt(top) : -1;
  }

  goTo(index: number): void {
    const heading = this.found[index];
    if (heading) this.show(heading.view);
  }

  /** The title of the section that a cell is in. */
  section(view: CellView): string | null {
    return this.found[this.indexAt(view)]?.title ?? null;
  }

  readSoon(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.read();
      this.changed();
    }, READ_AFTER_MS);
  }

  destroy(): void {
    window.clearTimeout(this.timer);
    this.scroller.removeEventListener("scroll", this.changed);
  }

  private indexAt(view: CellView): number {
    const { views } = this.list;
    const at = views.indexOf(view);
    const own = this.found.findIndex((heading) => heading.view === view);
    return own >= 0 ? own : this.found.findLastIndex((heading) => views.indexOf(heading.view) <= at);
  }

  private read(): void {
    this.found = this.list.views.filter((view) => view.type === "markdown").flatMap((view) => outlineOf(sourceOf(view.cell), "markdown").map((heading) => ({ ...heading, view })));
  }
}
