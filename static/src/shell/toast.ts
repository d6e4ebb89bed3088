/** Owns the short notes at the bottom of the page: what happened, and one thing to do about it. */
import { button, copyDetails, errorText, iconButton } from "./dialog";
import { h } from "./dom";
import { t } from "./i18n";
import { announce } from "./live-region";

const SHOWN_MS = 6_000;
const MOST = 4;

export interface ToastOptions {
  look?: "plain" | "problem";
  action?: { label: string; run: () => void };
  /** Stays until it is closed. */
  sticky?: boolean;
}

let shelf: HTMLElement | undefined;

/** Show a note. Answers what removes it. */
export function toast(text: string, options: ToastOptions = {}): () => void {
  shelf ??= h("div", { class: "toasts", role: "region", attrs: { "aria-label": t("toast.region") } });
  // A modal dialog makes the rest of the page inert: the note has to be inside it to be read and used.
  const home = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (shelf.parentElement !== home) home.append(shelf);
  const note = h("div", { class: `toast toast-${options.look ?? "plain"}` }, h("span", { class: "toast-text" }, text));
  const remove = (): void => note.remove();
  const { action } = options;
  if (action) note.append(button(action.label, () => (remove(), action.run())));
  note.append(iconButton("close", t("action.close"), remove));
  while (shelf.childElementCount >= MOST) shelf.firstElementChild?.remove();
  shelf.append(note);
  announce(text);
  if (!options.sticky) removeLater(note, remove);
  return remove;
}

/** A note about a failure, with "copy details" for the administrator. */
export function problemToast(error: unknown): void {
  const action = { label: t("action.copy_details"), run: () => void copyDetails(error) };
  toast(errorText(error), { look: "problem", action, sticky: true });
}

/** The time stops while the pointer or the focus is on the note. */
function removeLater(note: HTMLElement, remove: () => void): void {
  const check = (): void => {
    if (note.matches(":hover, :focus-within")) window.setTimeout(check, SHOWN_MS / 2);
    else remove();
  };
  window.setTimeout(check, SHOWN_MS);
}
