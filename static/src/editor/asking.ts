/** Owns a reader's question to be allowed to edit, and the owners' answers to such questions. */
import { api, type AccessAnswer } from "../shell/api";
import { button, openDialog } from "../shell/dialog";
import { h, replaceChildren } from "../shell/dom";
import { t } from "../shell/i18n";
import { icon } from "../shell/icons";
import { announce } from "../shell/live-region";
import { avatar } from "../shell/people";
import { problemToast, toast } from "../shell/toast";
import { readUser, text, type Notice, type User } from "../sync/wire";

/** More do not help anybody to decide; the others may ask again. */
const MOST = 5;

export interface AskingOptions {
  readonly documentId: () => string;
  readonly name: () => string;
}

export class Asking {
  /** For the place below the top bar. */
  readonly element = h("div", { class: "access-requests", role: "region", attrs: { "aria-label": t("access.region") } });
  private readonly waiting = new Map<string, User>();
  private unsay: () => void = () => undefined;

  constructor(private readonly options: AskingOptions) {
    this.element.hidden = true;
  }

  /** Ask those who are here; when nobody of them may decide, help to ask elsewhere. */
  async ask(): Promise<void> {
    try {
      const { told } = await api.askAccess(this.options.documentId());
      if (told > 0) this.unsay = toast(t("access.asked"), { sticky: true });
      else askElsewhere(this.options.name());
    } catch (error) {
      problemToast(error);
    }
  }

  /** Our question was answered: with a right, maybe with a link of one's own, or denied. */
  heard(notice: Notice): void {
    this.unsay();
    if (notice.code === "access_denied") return void toast(t("access.denied"));
    const url = text(notice.fields.get("url"));
    if (url === null) return void toast(t("access.given"));
    const run = (): void => void navigator.clipboard.writeText(url).then(() => toast(t("share.copied")), () => toast(url, { sticky: true }));
    toast(t("access.given_link"), { sticky: true, action: { label: t("access.copy_link"), run } });
  }

  /** Somebody asks. */
  asked(notice: Notice): void {
    const id = text(notice.fields.get("request_id"));
    const user = readUser(notice.fields.get("user"));
    if (id === null || !user || this.waiting.has(id) || this.waiting.size >= MOST) return;
    this.waiting.set(id, user);
    announce(t("access.wants", { name: user.name }));
    this.draw();
  }

  /** Somebody answered, here or in another window. */
  answered(notice: Notice): void {
    if (this.waiting.delete(text(notice.fields.get("request_id")) ?? "")) this.draw();
  }

  private async answer(id: string, answer: AccessAnswer): Promise<void> {
    this.waiting.delete(id);
    this.draw();
    await api.answerAccess(this.options.documentId(), id, answer).catch(problemToast);
  }

  private draw(): void {
    this.element.hidden = this.waiting.size === 0;
    replaceChildren(this.element, ...[...this.waiting].map(([id, user]) => this.row(id, user)));
  }

  private row(id: string, user: User): HTMLElement {
    const choice = (label: string, answer: AccessAnswer, look: "plain" | "primary" = "plain"): HTMLElement => button(label, () => void this.answer(id, answer), look);
    const row = h("div", { class: "state-banner access-request" }, avatar({ name: user.name, color: user.color, color_dark: user.colorDark }, "small"));
    row.append(h("span", { class: "state-banner-text" }, t("access.wants", { name: user.name })));
    row.append(choice(t("access.once"), "once", "primary"), choice(t("access.lasting"), "editor"), choice(t("access.deny"), "deny"));
    return row;
  }
}

/** Words to be sent by mail or otherwise. */
function askElsewhere(name: string): void {
  const words = t("access.words", { name, link: location.href });
  const dialog = openDialog({ title: t("access.title") });
  const field = h("textarea", { class: "field access-words", attrs: { readonly: true, rows: 4, "aria-label": t("access.message") } });
  field.value = words;
  const subject = encodeURIComponent(t("access.subject", { name }));
  const mail = h("a", { class: "button", attrs: { href: `mailto:?subject=${subject}&body=${encodeURIComponent(words)}` } }, t("access.mail"));
  const copy = button(t("action.copy"), () => void copyWords(field, copy), "primary");
  dialog.body.append(h("p", {}, t("access.nobody")), field);
  dialog.footer.append(mail, copy);
  copy.focus();
}

async function copyWords(field: HTMLTextAreaElement, copy: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(field.value);
    replaceChildren(copy, icon("check"), t("share.copied"));
    announce(t("share.copied"));
  } catch {
    field.select(); // the browser does not allow the clipboard: the selected text can be copied by key
  }
}
