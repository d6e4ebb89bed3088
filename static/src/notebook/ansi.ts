/** Owns text as a terminal would show it: colours and styles (SGR), lines that are written over. Pure. */

export interface Style {
  readonly bold?: boolean;
  readonly faint?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly strike?: boolean;
  /** A name of the sixteen (`red`, `bright-red`) or `#rrggbb`. */
  readonly ink?: string;
  readonly ground?: string;
}

export interface Piece {
  readonly text: string;
  readonly style: Style;
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const SEQUENCE = /\u001b(?:\[([0-9;:]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const PARTS = 40;

/** Carriage returns and backspaces as a terminal obeys them: what is written over is gone. */
export function overwritten(text: string): string {
  if (!/[\r\u0008]/.test(text)) return text;
  return text.replace(/\r+\n/g, "\n").split("\n").map(lineOf).join("\n");
}

function lineOf(line: string): string {
  let shown = "";
  for (const part of line.split("\r")) shown = part + shown.slice(part.length);
  while (/[^\u0008]\u0008/.test(shown)) shown = shown.replace(/[^\u0008]\u0008/g, "");
  return shown.replaceAll("\u0008", "");
}

/** Text with control sequences as pieces of one style each; sequences that style nothing are left out. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let style: Style = {};
  let reversed = false;
  let last = 0;
  const push = (part: string): void => {
    if (part) pieces.push({ text: part, style: reversed ? turned(style) : style });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[2] !== "m") continue;
    const codes = (match[1] ?? "").split(/[;:]/).slice(0, PARTS).map((part) => Number(part || 0));
    if (codes.includes(7)) reversed = true;
    if (codes.includes(27) || codes.includes(0)) reversed = codes.lastIndexOf(7) > Math.max(codes.lastIndexOf(27), codes.lastIndexOf(0));
    style = styled(style, codes);
  }
  push(text.slice(last));
  return pieces;
}

function turned(style: Style): Style {
  const { ink, ground, ...rest } = style;
  return { ...rest, ink: ground ?? "ground", ground: ink ?? "ink" };
}

function styled(before: Style, codes: readonly number[]): Style {
  let style: Record<string, string | boolean> = { ...before };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(index + 1));
      if (color) style[code === 38 ? "ink" : "ground"] = color;
      index += used;
    } else if (code === 0) {
      style = {};
    } else {
      simple(style, code);
    }
  }
  return style;
}

const SWITCHES = new Map<number, [string, boolean]>([
  [1, ["bold", true]], [2, ["faint", true]], [3, ["italic", true]], [4, ["underline", true]], [9, ["strike", true]],
  [23, ["italic", false]], [24, ["underline", false]], [29, ["strike", false]],
]);

function simple(style: Record<string, string | boolean>, code: number): void {
  const found = SWITCHES.get(code);
  if (found) {
    if (found[1]) style[found[0]] = true;
    else delete style[found[0]];
  } else if (code === 22) {
    delete style.bold;
    delete style.faint;
  } else if (code === 39) delete style.ink;
  else if (code === 49) delete style.ground;
  else if (code >= 30 && code <= 37) style.ink = NAMES[code - 30]!;
  else if (code >= 40 && code <= 47) style.ground = NAMES[code - 40]!;
  else if (code >= 90 && code <= 97) style.ink = `bright-${NAMES[code - 90]}`;
  else if (code >= 100 && code <= 107) style.ground = `bright-${NAMES[code - 100]}`;
}

/** `5;n` of 256 colours or `2;r;g;b`; answers the colour and how many numbers it took. */
function extended(codes: readonly number[]): [string | null, number] {
  if (codes[0] === 5) return [paletteColor(codes[1] ?? 0), 2];
  if (codes[0] === 2) return [hex(codes.slice(1, 4)), 4];
  return [null, 0];
}

function paletteColor(number: number): string {
  if (number < 8) return NAMES[number] ?? "black";
  if (number < 16) return `bright-${NAMES[number - 8]}`;
  if (number >= 232) return hex(Array(3).fill(8 + (Math.min(number, 255) - 232) * 10));
  const index = number - 16;
  return hex([Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map((level) => (level === 0 ? 0 : 55 + level * 40)));
}

function hex(parts: readonly number[]): string {
  const two = (value: number): string => Math.min(255, Math.max(0, value | 0)).toString(16).padStart(2, "0");
  return `#${[0, 1, 2].map((index) => two(parts[index] ?? 0)).join("")}`;
}
