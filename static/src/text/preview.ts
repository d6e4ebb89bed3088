/** Owns the preview of Markdown: blocks become elements once and stay while their source is the same. Lazy chunk. */
import { contentAddress, editAddress, type Place } from "../shell/api";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import { LONGEST_SOURCE, blocksOf, type Block } from "./markdown-blocks";
import { renderMath } from "./math";
import { fragmentOf } from "../shell/sanitize";

export interface PreviewOptions {
  readonly parent: HTMLElement;
  /** Where the document is: relative pictures and links start at its folder. */
  readonly place: () => Place;
  /** A task was ticked: its line (from 0). */
  readonly onTask: (line: number) => void;
  /** Where it goes; without one an article of its own is made in `parent`. */
  readonly element?: HTMLElement;
  /** The address of a picture that is kept in the document itself (`attachment:…`). */
  readonly picture?: (source: string) => string | null;
}

interface Shown {
  readonly markup: string;
  line: number;
  end: number;
  readonly element: HTMLElement;
}

export class Preview {
  readonly element: HTMLElement;
  private shown: Shown[] = [];

  constructor(private readonly options: PreviewOptions) {
    this.element = options.element ?? h("article", { class: "preview-page", attrs: { tabindex: 0, "aria-label": t("preview.label") } });
    options.parent.replaceChildren(this.element);
    this.element.addEventListener("click", (event) => this.onClick(event));
  }

  /** Show this source; only blocks that changed are made anew. */
  show(source: string): void {
    if (source.length > LONGEST_SOURCE) {
      this.element.replaceChildren(h("p", { class: "hint" }, t("preview.too_long")));
      this.shown = [];
      return;
    }
    const blocks = blocksOf(source);
    if (this.shown.length === 0) this.element.replaceChildren();
    let start = 0;
    while (start < blocks.length && this.shown[start]?.markup === blocks[start]?.markup) start += 1;
    let tail = 0;
    const same = (): boolean => this.shown.at(-1 - tail)?.markup === blocks.at(-1 - tail)?.markup;
    while (tail < Math.min(blocks.length, this.shown.length) - start && same()) tail += 1;
    this.replace(blocks, start, tail);
  }

  private replace(blocks: readonly Block[], start: number, tail: number): void {
    const old = this.shown.slice(start, this.shown.length - tail);
    const after = this.shown[this.shown.length - tail]?.element ?? null;
    const fresh = blocks.slice(start, blocks.length - tail).map((block) => ({ ...block, element: this.render(block) }));
    for (const { element } of old) element.remove();
    for (const { element } of fresh) this.element.insertBefore(element, after);
    this.shown = [...this.shown.slice(0, start), ...fresh, ...this.shown.slice(this.shown.length - tail)];
    blocks.forEach((block, index) => Object.assign(this.shown[index] ?? {}, { line: block.line, end: block.end }));
  }

  private render(block: Block): HTMLElement {
    const element = h("div", { class: "preview-block" });
    element.append(fragmentOf(block.markup));
    for (const image of element.querySelectorAll("img")) this.placeImage(image);
    for (const link of element.querySelectorAll("a")) this.placeLink(link);
    for (const item of element.querySelectorAll("li")) makeTask(item);
    for (const table of element.querySelectorAll("table")) {
      const scroller = h("div", { class: "preview-table", attrs: { tabindex: 0, role: "region", "aria-label": t("preview.table") } });
      table.replaceWith(scroller);
      scroller.append(table);
    }
    for (const pre of element.querySelectorAll("pre")) pre.tabIndex = 0;
    for (const back of element.querySelectorAll(".footnote-backref")) back.setAttribute("aria-label", t("preview.footnote_back"));
    void renderMath(element);
    return element;
  }

  private placeImage(image: HTMLImageElement): void {
    const source = image.dataset.src ?? "";
    if (/^data:image\/(png|jpeg|gif|webp);/i.test(source)) return void (image.src = source);
    const kept = this.options.picture?.(source) ?? null;
    if (kept !== null) return void (image.src = kept);
    const path = relativePath(this.options.place(), source);
    if (path === null) {
      const name = image.alt || source;
      return image.replaceWith(h("a", { class: "outside-picture", attrs: { href: source, ...OUTSIDE } }, t("preview.outside_picture", { name })));
    }
    image.loading = "lazy";
    image.src = contentAddress(path, true);
  }

  private placeLink(link: HTMLAnchorElement): void {
    const target = link.getAttribute("href") ?? "";
    if (target.startsWith("#")) return;
    const path = relativePath(this.options.place(), target);
    if (path !== null) link.href = editAddress(path);
    else for (const [name, value] of Object.entries(OUTSIDE)) link.setAttribute(name, value);
  }

  private onClick(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const box = target?.closest<HTMLInputElement>("input.task");
    if (box) {
      event.preventDefault(); // the source decides what is shown
      const block = this.shown.find(({ element }) => element.contains(box));
      const line = Number(box.closest("li")?.dataset.line);
      if (block && Number.isInteger(line)) this.options.onTask(block.line + line);
      return;
    }
    const inside = target?.closest("a")?.getAttribute("href");
    if (!inside?.startsWith("#")) return;
    event.preventDefault();
    this.jumpTo(decoded(inside.slice(1)) ?? "");
  }

  /** A footnote, the place that refers to it, or a heading. */
  private jumpTo(name: string): void {
    const note = this.element.querySelector(`#${CSS.escape(NAMED + name)}`);
    for (const marked of this.element.querySelectorAll(".is-target")) marked.classList.remove("is-target");
    note?.classList.add("is-target");
    (note ?? this.headingNamed(name))?.scrollIntoView({ block: note ? "center" : "start" });
  }

  private headingNamed(slug: string): Element | undefined {
    return [...this.element.querySelectorAll("h1, h2, h3, h4, h5, h6")].find((heading) => slugOf(heading.textContent ?? "") === slug.toLowerCase());
  }

  // -- scrolling together --

  /** Show what stands for this line (from 0, with a fraction) at the top. */
  scrollToLine(line: number, scroller: HTMLElement): void {
    const block = this.shown.findLast((item) => item.line <= line);
    if (!block) return void (scroller.scrollTop = 0);
    const part = Math.min(1, (line - block.line) / Math.max(1, block.end - block.line));
    const box = block.element.firstElementChild?.getBoundingClientRect();
    if (box) scroller.scrollTop += box.top + part * block.element.getBoundingClientRect().height - scroller.getBoundingClientRect().top - PREVIEW_TOP;
  }

  /** The line (from 0, with a fraction) of what is at the top. */
  lineAtTop(scroller: HTMLElement): number {
    const top = scroller.getBoundingClientRect().top + PREVIEW_TOP;
    const block = this.shown.findLast(({ element }) => element.getBoundingClientRect().top <= top) ?? this.shown[0];
    if (!block) return 0;
    const box = block.element.getBoundingClientRect();
    const part = box.height > 0 ? Math.min(1, Math.max(0, (top - box.top) / box.height)) : 0;
    return block.line + part * (block.end - block.line);
  }
}

const PREVIEW_TOP = 24;
/** What the sanitiser puts before every id of a document. */
const NAMED = "user-content-";
const OUTSIDE = { target: "_blank", rel: "noopener noreferrer nofollow" };

/** A path relative to the document's folder as a place; null for what is elsewhere. */
export function relativePath(place: Place, reference: string): Place | null {
  if (reference === "" || /^([a-z][a-z0-9+.-]*:|\/\/|#)/i.test(reference)) return null;
  const path = decoded(reference.split(/[?#]/)[0] ?? "");
  if (path === null) return null;
  const parts = path.startsWith("/") ? [] : place.path.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return { root: place.root, path: parts.join("/") };
}

/** Null for what is no percent-encoding. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The anchor that Markdown tools make of a heading. */
export function slugOf(heading: string): string {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s+/g, "-");
}

const TASK = /^\[([ xX])\]\s/;

function makeTask(item: HTMLLIElement): void {
  const holder = item.firstElementChild?.tagName === "P" ? item.firstElementChild : item;
  const first = [...holder.childNodes].find((node) => node.nodeType !== Node.TEXT_NODE || node.textContent?.trim());
  const found = first?.nodeType === Node.TEXT_NODE ? TASK.exec((first.textContent ?? "").trimStart()) : null;
  if (!first || !found) return;
  const label = (holder.textContent ?? "").trim().slice(found[0].length).split("\n")[0] ?? "";
  first.textContent = (first.textContent ?? "").trimStart().slice(found[0].length);
  const box = h("input", { class: "task", type: "checkbox", attrs: { "aria-label": label || t("preview.task") } });
  box.checked = found[1] !== " ";
  holder.prepend(box);
  item.classList.add("task-item");
}
