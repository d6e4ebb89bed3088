/** Owns how a cell's colours look on this page's ground: as they are in light, turned in dark, always to be read. */

type Rgb = readonly [number, number, number];

export function rgbOf(color: string | undefined): Rgb | null {
  const found = color === undefined ? null : /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  return found ? [parseInt(found[1]!, 16), parseInt(found[2]!, 16), parseInt(found[3]!, 16)] : null;
}

/** Relative luminance (WCAG 2). */
export function luminance([red, green, blue]: Rgb): number {
  const linear = [red, green, blue].map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [high, low] = [luminance(one), luminance(other)].sort((left, right) => right - left) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The same hue with its lightness turned: white paper becomes the dark ground. */
function turned([red, green, blue]: Rgb): Rgb {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  const shift = 255 - most - least;
  const scale = (value: number): number => Math.round(Math.min(Math.max(20 + (value + shift) * 0.88, 0), 255));
  return [scale(red), scale(green), scale(blue)];
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

const LIGHT_GROUND: Rgb = [255, 255, 255];
const DARK_GROUND: Rgb = [20, 23, 29];
const LIGHT_INK: Rgb = [230, 233, 240];
const DARK_INK: Rgb = [27, 33, 48];
const READABLE = 4.5;

export interface CellColors {
  /** Empty: the page's own. */
  readonly ink: string;
  readonly fill: string;
}

export function cellColors(color: string | undefined, fill: string | undefined, dark: boolean): CellColors {
  const ground = rgbOf(fill);
  const given = rgbOf(color);
  const shown = ground && dark ? turned(ground) : ground;
  const behind = shown ?? (dark ? DARK_GROUND : LIGHT_GROUND);
  const wanted = given && dark ? turned(given) : given;
  const readable = wanted !== null && (contrast(wanted, behind) >= READABLE || (!dark && given !== null));
  const own = contrast(LIGHT_INK, behind) > contrast(DARK_INK, behind) ? LIGHT_INK : DARK_INK;
  const ink = readable ? css(wanted) : given || ground ? css(own) : "";
  return { ink, fill: shown ? css(shown) : "" };
}
