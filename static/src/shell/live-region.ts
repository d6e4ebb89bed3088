/** Owns the page's one polite live region: what a screen reader is told. */
import { h } from "./dom";

/** Of several sentences within this time the last one is said. */
const PAUSE_MS = 100;

let region: HTMLElement | undefined;
let timer: number | undefined;

/** Say a sentence; of several within a moment the last one is said. */
export function announce(sentence: string): void {
  region ??= h("div", { class: "visually-hidden", role: "status", attrs: { "aria-live": "polite", "aria-atomic": "true" } });
  if (!region.isConnected) document.body.append(region);
  const target = region;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => (target.textContent = sentence), PAUSE_MS);
}
