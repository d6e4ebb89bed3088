/** Owns how one cell is drawn into its element: text, looks, what does not fit. */
import { h } from "../shell/dom";
import { cellColors } from "./colors";
import type { DrawnCell } from "./display";
import { general } from "./number-format";
import type { SheetLocale } from "./locale";

const POINT_PX = 4 / 3;
const PADDING = 6;
const TONES = new Map([["red", "#c00000"], ["blue", "#0000c0"], ["green", "#007000"], ["black", "#000000"], ["white", "#ffffff"], ["yellow", "#8a6d00"], ["magenta", "#a000a0"], ["cyan", "#007080"]]);

let pen: CanvasRenderingContext2D | null | undefined;

function widthOf(text: string, bold: boolean, size: number): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return text.length * size * 0.55;
  const font = `${bold ? "700" : "400"} ${size}px system-ui, sans-serif`;
  if (pen.font !== font) pen.font = font;
  return pen.measureText(text).width;
}

export interface Surroundings {
  readonly dark: boolean;
  readonly locale: SheetLocale;
  readonly width: number;
  /** How far text may run over empty cells at its left and right. */
  readonly spill: (wanted: number) => { left: number; right: number };
}

/** What an element of a cell has been given: most cells of a window differ in nothing but their text. */
const given = new WeakMap<HTMLElement, { css: string; flags: string }>();

/** `place` is where the cell is, as style rules. */
export function paintCell(element: HTMLElement, cell: DrawnCell, place: string, around: Surroundings): void {
  const { look } = cell;
  const side = look.align ?? cell.side;
  const css = `${place}text-align:${side};${lookRules(cell, around.dark)}`;
  const flags = `${look.valign ?? ""}${look.wrap === true ? " wrap" : ""}${cell.type === "e" ? " error" : ""}${cell.isOld ? " old" : ""}`;
  const before = given.get(element);
  if (before?.css !== css) element.style.cssText = css;
  if (before?.flags !== flags) {
    if (look.valign) element.dataset.valign = look.valign;
    else delete element.dataset.valign;
    element.classList.toggle("is-wrapped", look.wrap === true);
    element.classList.toggle("is-error", cell.type === "e");
    element.classList.toggle("is-old", cell.isOld === true);
  }
  given.set(element, { css, flags });
  write(element, cell, side, around);
}

function lookRules({ look, tone }: DrawnCell, dark: boolean): string {
  const { color, fill, bold, italic, underline, strike, size, font } = look;
  let rules = "";
  if (color !== undefined || fill !== undefined || tone !== undefined) {
    const colors = cellColors(color ?? (tone ? TONES.get(tone) : undefined), fill, dark);
    if (colors.ink) rules += `color:${colors.ink};`;
    if (colors.fill) rules += `background-color:${colors.fill};`;
  }
  if (bold) rules += "font-weight:700;";
  if (italic) rules += "font-style:italic;";
  if (underline || strike) rules += `text-decoration:${underline ? "underline" : ""} ${strike ? "line-through" : ""};`;
  if (size && size > 3 && size < 200) rules += `font-size:${size * POINT_PX}px;`;
  return font ? rules + fontRule(font) : rules;
}

function write(element: HTMLElement, cell: DrawnCell, side: string, around: Surroundings): void {
  const { look, text } = cell;
  if (text === "") {
    if (element.childNodes.length > 0) {
      element.querySelector(".sheet-text")?.remove();
      element.classList.remove("is-spilling");
    }
    return;
  }
  const size = look.size ? look.size * POINT_PX : 13;
  const room = around.width - PADDING;
  const fits = text.length * size * 0.4 < room && (text.length * size * 0.7 < room || widthOf(text, look.bold === true, size) <= room);
  const span = element.querySelector<HTMLElement>(".sheet-text") ?? element.insertBefore(h("span", { class: "sheet-text" }), element.firstChild);
  if (span.style.cssText) span.style.cssText = "";
  const words = !fits && cell.type === "n" && !look.wrap ? shortened(cell, room, size, around.locale) : text;
  if (span.textContent !== words) span.textContent = words;
  element.classList.toggle("is-spilling", !fits && !look.wrap && cell.type === "s");
  if (fits || look.wrap || cell.type !== "s") return;
  const { left, right } = around.spill(widthOf(text, look.bold === true, size) - room);
  if (side !== "left" && left > 0) span.style.marginLeft = `${-left}px`;
  if (side !== "right" && right > 0) span.style.marginRight = `${-right}px`;
}

/** A number is never cut: fewer decimals where no format asks for them, else signs that say that it does not fit. */
function shortened(cell: DrawnCell, room: number, size: number, locale: SheetLocale): string {
  const bold = cell.look.bold === true;
  const { format } = cell.look;
  if (typeof cell.value === "number" && (!format || /^general$/i.test(format))) {
    for (let digits = 9; digits > 0; digits -= 1) {
      const text = general(cell.value, locale, digits);
      if (Math.abs(cell.value) < 10 ** digits && widthOf(text, bold, size) <= room) return text;
    }
  }
  return "#".repeat(Math.max(2, Math.min(Math.floor(room / (size * 0.84)), 40)));
}

function fontRule(name: string): string {
  if (!/^[\p{L}\p{N} ._-]{1,60}$/u.test(name)) return "";
  const kind = /mono|courier|consol/i.test(name) ? "monospace" : /serif|times|roman|georgia|garamond|cambria/i.test(name) && !/sans/i.test(name) ? "serif" : "sans-serif";
  return `font-family:"${name}",${kind};`;
}
