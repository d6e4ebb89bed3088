/** Owns the "now" strip: the documents that somebody has open at this moment, asked for while the page is seen. */
import { api, editAddress, type LiveDocument, type Person } from "../shell/api";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { formatIcon, icon } from "../shell/icons";
import { avatarStack } from "../shell/people";

const EVERY_MS = 4_000;
const MOST = 12;

export class LiveStrip {
  readonly element = h("nav", { class: "now", hidden: true });
  private readonly list = h("ul", { class: "now-list" });
  private shown = "";
  private documents: readonly LiveDocument[] = [];

  constructor(private readonly onChange: () => void) {
    this.element.setAttribute("aria-label", t("now.label"));
    this.element.append(h("h2", { class: "now-title" }, h("span", { class: "now-dot" }), t("now.title")), this.list);
    window.setInterval(() => void this.ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => void this.ask());
    void this.ask();
  }

  /** Who is in which file of a root now. */
  peopleIn(root: string): ReadonlyMap<string, readonly Person[]> {
    return new Map(this.documents.filter((item) => item.root === root).map((item) => [item.path, item.people]));
  }

  /** Without an answer nothing is shown, rather than old news. */
  private async ask(): Promise<void> {
    if (document.visibilityState === "hidden") return;
    const documents = await api.live().then((answer) => answer.documents, () => []);
    const now = JSON.stringify(documents);
    if (now === this.shown) return;
    this.shown = now;
    this.documents = documents;
    this.draw();
    this.onChange();
  }

  private draw(): void {
    const live = this.documents.filter((item) => item.people.length > 0).slice(0, MOST);
    this.element.hidden = live.length === 0;
    replaceChildren(this.list, ...live.map(cardOf));
  }
}

function cardOf(item: LiveDocument): HTMLElement {
  const attrs = { href: editAddress({ root: item.root, path: item.path }) };
  const name = h("span", { class: "now-name" }, item.name);
  return h("li", {}, h("a", { class: "now-card", title: item.path, attrs }, icon(formatIcon(item.format, true)), name, avatarStack(item.people, "small")));
}
