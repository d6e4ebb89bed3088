/** Owns html and scripts of outputs: in a frame without an origin, without a network, and scripts only when somebody wants them.
 *
 * The page of the frame comes from the server with a policy of its own (collab/web/pages.py): what is in it can draw itself
 * and nothing else. It tells its height; that is all that is heard from it.
 */
import { button } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";

const ADDRESS = "/output-frame";
const HIGHEST_PX = 4_000;
const FIRST_PX = 120;

export interface Framed {
  readonly markup: string;
  /** It would run something. */
  readonly scripted: boolean;
}

/** The output in its frame; with a button in front of it when it has scripts. */
export function frameOf(framed: Framed): HTMLElement {
  const holder = h("div", { class: "nb-frame" });
  const show = (run: boolean): void => {
    holder.querySelector("iframe")?.remove();
    holder.append(makeFrame(framed.markup, run));
  };
  if (framed.scripted) {
    const note = h("div", { class: "nb-note" }, h("span", {}, t("notebook.script")));
    note.append(button(t("notebook.script_run"), () => (note.remove(), show(true))));
    holder.append(note);
  }
  show(false);
  return holder;
}

function makeFrame(markup: string, run: boolean): HTMLIFrameElement {
  const frame = h("iframe", { title: t("notebook.frame"), attrs: { sandbox: "allow-scripts", referrerpolicy: "no-referrer", loading: "lazy", src: `${ADDRESS}${run ? "/run" : ""}` } });
  frame.style.height = `${FIRST_PX}px`;
  frame.addEventListener("load", () => {
    const ground = getComputedStyle(document.documentElement);
    const colors = { ink: ground.getPropertyValue("--ink"), scheme: ground.colorScheme };
    frame.contentWindow?.postMessage({ markup, colors }, "*"); // its origin is "null": there is no other name for it
  });
  frames.add(frame);
  return frame;
}

const frames = new Set<HTMLIFrameElement>();

window.addEventListener("message", ({ source, data }: MessageEvent<unknown>) => {
  for (const frame of frames) {
    if (!frame.isConnected) frames.delete(frame); // its cell is far away or gone; a new one is made when it comes back
    else if (frame.contentWindow === source) return resize(frame, data);
  }
});

function resize(frame: HTMLIFrameElement, data: unknown): void {
  const height = typeof data === "object" && data !== null ? Reflect.get(data, "height") : null;
  if (typeof height === "number" && height > 0) frame.style.height = `${Math.min(HIGHEST_PX, Math.ceil(height))}px`;
}
