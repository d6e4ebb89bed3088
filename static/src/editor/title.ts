/** Owns the left part of the editor's top bar: back to the folder, the name, rename. */
import { api, folderAddress, type Place } from "../shell/api";
import { promptDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";

function folderOf(place: Place): string {
  return place.path.includes("/") ? place.path.slice(0, place.path.lastIndexOf("/")) : "";
}

export function backLink(place: Place): HTMLElement {
  const folder = folderOf(place);
  const name = folder ? folder.slice(folder.lastIndexOf("/") + 1) : place.root || t("title.files");
  const label = t("title.back", { folder: name });
  return h("a", { class: "back-link", title: label, attrs: { href: folderAddress({ root: place.root, path: folder }), "aria-label": label } }, icon("back"), h("span", { class: "back-folder" }, name));
}

/** The name as a button that renames, where the person may. */
export class Title {
  readonly element = h("div", { class: "doc-title" });

  constructor(private place: Place, private readonly mayRename: boolean, private readonly backShown: boolean, private readonly renameBy: ((name: string) => Promise<string>) | null = null) {
    this.draw();
  }

  get name(): string {
    return this.place.path.slice(this.place.path.lastIndexOf("/") + 1);
  }

  /** The document is elsewhere now. */
  move(place: Place): void {
    this.place = place;
    this.draw();
  }

  rename(): void {
    const dot = this.name.lastIndexOf(".");
    promptDialog({
      title: t("title.rename"),
      label: t("title.new_name"),
      value: this.name,
      action: t("title.rename"),
      ...(dot > 0 ? { select: dot } : {}),
      submit: async (value) => {
        const folder = folderOf(this.place);
        if (this.renameBy) return this.move({ root: this.place.root, path: await this.renameBy(value) });
        const entry = await api.rename(this.place, folder ? `${folder}/${value}` : value);
        this.move({ root: this.place.root, path: entry.path });
      },
    });
  }

  private draw(): void {
    document.title = this.name;
    const name = this.mayRename
      ? h("button", { class: "doc-name doc-rename", type: "button", title: t("title.rename"), on: { click: () => this.rename() } }, h("span", {}, this.name), icon("pencil", 14))
      : h("span", { class: "doc-name" }, this.name);
    replaceChildren(this.element, this.backShown ? backLink(this.place) : null, h("h1", {}, name));
  }
}
