/** Owns the bar over a notebook: the usual commands as buttons, the type of the selected cells, the kernel's state. */
import { h, replaceChildren } from "../shell/dom";
import { t, type MessageKey } from "../shell/i18n";
import { icon, type IconName } from "../shell/icons";
import type { Actions } from "./actions";
import { keyOf, type NotebookCommand } from "./commands";
import type { CellType } from "./schema";

const TYPES: readonly [CellType, MessageKey][] = [["code", "notebook.code"], ["markdown", "notebook.markdown"], ["raw", "notebook.raw"]];
const BUTTONS: readonly [string, IconName][] = [
  ["nb-below", "plus"], ["nb-cut", "cut"], ["nb-copy", "copy"], ["nb-paste", "paste"], ["nb-move-up", "arrowUp"], ["nb-move-down", "arrowDown"],
  ["nb-delete", "trash"], ["nb-run-next", "play"], ["nb-interrupt", "stop"], ["nb-restart", "refresh"],
];

/** What is known of the kernel. */
export interface KernelState {
  readonly tone: "none" | "idle" | "busy" | "away";
  readonly text: string;
}

export class Toolbar {
  readonly element = h("div", { class: "nb-toolbar", role: "toolbar", attrs: { "aria-label": t("notebook.toolbar") } });
  private readonly type = h("select", { class: "nb-type", attrs: { "aria-label": t("notebook.type") } });
  private readonly kernel = h("button", { class: "nb-kernel", type: "button" });
  private readonly writing: HTMLButtonElement[] = [];

  constructor(commands: readonly NotebookCommand[], actions: Actions) {
    for (const [id, name] of BUTTONS) {
      const command = commands.find((item) => item.id === id);
      if (!command) continue;
      const key = keyOf(commands, id);
      const title = key ? `${t(command.label)} (${key})` : t(command.label);
      const button = h("button", { class: "icon-button", type: "button", title, attrs: { "aria-label": t(command.label) }, on: { click: () => command.run() } }, icon(name));
      if (command.writes) this.writing.push(button);
      this.element.append(button);
    }
    for (const [value, label] of TYPES) this.type.append(h("option", { attrs: { value } }, t(label)));
    this.type.addEventListener("change", () => actions.changeType(this.type.value as CellType));
    this.kernel.addEventListener("click", () => actions.connect());
    this.element.append(this.type, this.kernel);
    this.showKernel({ tone: "none", text: t("notebook.no_kernel") });
  }

  showType(type: CellType | null): void {
    if (type) this.type.value = type;
  }

  setReadOnly(readOnly: boolean): void {
    for (const button of this.writing) button.disabled = readOnly;
    this.type.disabled = readOnly;
  }

  showKernel({ tone, text }: KernelState): void {
    this.kernel.dataset.tone = tone;
    this.kernel.title = text;
    replaceChildren(this.kernel, h("span", { class: "nb-kernel-dot", attrs: { "aria-hidden": true } }), h("span", {}, text));
  }
}
