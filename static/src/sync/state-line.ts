/** Owns the drawing of the state: the line in the top bar and the banners below it. What they say is decided in state.ts. */
import { button, iconButton } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t, type MessageKey } from "../shell/i18n";
import { announce } from "../shell/live-region";
import type { Action, Banner, Line, View } from "./state";

const ACTION_TEXTS: Readonly<Record<Action, MessageKey>> = {
  retry: "action.retry",
  download_copy: "state.action.download_copy",
  download_unsent: "state.action.download_unsent",
  details: "action.copy_details",
  sign_in: "state.action.sign_in",
  reload: "state.action.reload",
  compare_aside: "state.action.compare_aside",
  discard_aside: "state.action.discard_aside",
  show_conflicts: "state.action.show_conflicts",
  show_changes: "state.action.show_changes",
  undo_changes: "state.action.undo_changes",
  dismiss_changes: "action.close",
  restore_file: "state.action.restore_file",
  save_as: "state.action.save_as",
  make_copy: "state.action.make_copy",
};

/** Kinds of news that a screen reader is told at once; "Saving" and "Saved" are not news. */
const SPOKEN = new Set(["warning", "danger"]);

export class StateLine {
  /** For the top bar. */
  readonly line = h("button", { class: "state-line", type: "button" });
  /** For the place below the top bar. */
  readonly banners = h("div", { class: "state-banners" });
  private drawnLine = "";
  private drawnBanners = "";

  /** `hint` says where and which version; `onLine` is a click on the line. */
  constructor(private readonly act: (action: Action) => void, private readonly hint: () => string, onLine: () => void) {
    this.line.addEventListener("click", onLine);
  }

  show(view: View): void {
    this.showLine(view.line);
    this.showBanners(view.banners);
  }

  private showLine(line: Line): void {
    const sentence = t(line.key, line.values);
    this.line.title = this.hint();
    const drawn = `${line.tone} ${sentence}`;
    if (drawn === this.drawnLine) return;
    this.drawnLine = drawn;
    this.line.dataset.tone = line.tone;
    this.line.dataset.key = line.key;
    replaceChildren(this.line, h("span", { class: "state-dot", attrs: { "aria-hidden": true } }), h("span", { class: "state-text" }, sentence));
    if (SPOKEN.has(line.tone)) announce(sentence);
  }

  private showBanners(banners: readonly Banner[]): void {
    const drawn = JSON.stringify(banners);
    if (drawn === this.drawnBanners) return;
    this.drawnBanners = drawn;
    replaceChildren(this.banners, ...banners.map((banner) => this.bannerOf(banner)));
  }

  private bannerOf(banner: Banner): HTMLElement {
    const element = h("div", { class: "state-banner", attrs: { "data-tone": banner.tone, "data-id": banner.id } });
    element.append(h("span", { class: "state-dot", attrs: { "aria-hidden": true } }), h("span", { class: "state-banner-text" }, t(banner.key, banner.values)));
    for (const action of banner.actions) {
      const run = (): void => this.act(action);
      element.append(action === "dismiss_changes" ? iconButton("close", t("action.close"), run) : button(t(ACTION_TEXTS[action]), run));
    }
    return element;
  }
}
