/** Owns the page's one polite live region: what a screen reader is told. */
import { h } from "./dom";

const region = h("div", { class: "visually-hidden", role: "status", attrs: { "aria-live": "polite", "aria-atomic": "true" } });
let timer: number | undefined;

/** Say a sentence; of several within a moment the last one is said. */
export function announce(sentence: string): void {
  if (!region.isConnected) document.body.append(region);
  window.clearTimeout(timer);
  timer = window.setTimeout(() => (region.textContent = sentence), 100);
}
