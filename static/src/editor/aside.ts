/** Owns the dialog for edits of another history that this browser kept: what is not in the document, to be put in by hand. */
import { button, openDialog } from "../shell/dialog";
import { h } from "../shell/dom";
import { formatMoment, t } from "../shell/i18n";

export interface AsideText {
  readonly historyId: string;
  readonly text: string;
  readonly savedAtMs: number | null;
}

/** Passages of `kept` whose lines `current` does not have, with one line before each for orientation. */
export function newPassages(kept: string, current: string): { text: string; before: string }[] {
  const known = new Set(current.split("\n").map((line) => line.trimEnd()));
  const passages: { text: string; before: string }[] = [];
  let lines: string[] = [];
  let before = "";
  const close = (): void => {
    if (lines.some((line) => line.trim())) passages.push({ text: lines.join("\n"), before });
    lines = [];
  };
  for (const line of kept.split("\n")) {
    if (!known.has(line.trimEnd())) {
      lines.push(line);
      continue;
    }
    close();
    if (line.trim()) before = line;
  }
  close();
  return passages;
}

export interface AsideActions {
  readonly texts: readonly AsideText[];
  readonly current: string;
  readonly readOnly: boolean;
  readonly insert: (text: string, before: string) => void;
  readonly download: (text: string) => void;
  readonly discard: () => void;
}

export function openAside(actions: AsideActions): void {
  const dialog = openDialog({ title: t("aside.title"), kind: "wide" });
  dialog.body.classList.add("conflicts");
  dialog.body.append(h("p", { class: "hint" }, t("aside.text")));
  for (const kept of actions.texts) dialog.body.append(...cardsOf(kept, actions));
  const all = actions.texts.map((kept) => kept.text).join("\n\n");
  const discard = button(t("aside.discard"), () => (dialog.close(), actions.discard()), "danger");
  dialog.footer.append(discard, button(t("action.download"), () => actions.download(all)), button(t("action.close"), dialog.close, "primary"));
}

function cardsOf(kept: AsideText, actions: AsideActions): HTMLElement[] {
  const when = kept.savedAtMs === null ? null : h("h3", {}, formatMoment(kept.savedAtMs));
  const passages = newPassages(kept.text, actions.current);
  if (passages.length === 0) return [h("section", { class: "conflict" }, when, h("p", {}, t("aside.nothing_new")))];
  return passages.map((passage, index) => {
    const insert = button(t("aside.insert"), () => {
      actions.insert(passage.text, passage.before);
      insert.disabled = true;
      insert.textContent = t("aside.inserted");
    });
    const card = h("section", { class: "conflict" }, index === 0 ? when : null, h("pre", { tabIndex: 0 }, passage.text));
    if (!actions.readOnly) card.append(h("div", { class: "conflict-actions" }, insert));
    return card;
  });
}
