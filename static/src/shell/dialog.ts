/** Owns dialogs: the browser's <dialog>, which traps focus, closes on Escape and gives the focus back. */
import { ApiError } from "./api";
import { h, replaceChildren, uniqueId } from "./dom";
import { t } from "./i18n";
import { icon } from "./icons";
import { announce } from "./live-region";

export interface DialogOptions {
  title: string;
  /** `wide` for tables, `top` for the palette. */
  kind?: "normal" | "wide" | "top";
  onClose?: () => void;
}

export interface OpenDialog {
  readonly body: HTMLElement;
  readonly footer: HTMLElement;
  close(): void;
}

/** Open a modal dialog; fill `body` and `footer`. A click beside it closes it. */
export function openDialog(options: DialogOptions): OpenDialog {
  const id = uniqueId("dialog");
  const body = h("div", { class: "dialog-body" });
  const footer = h("div", { class: "dialog-footer" });
  const dialog = h("dialog", { class: `dialog dialog-${options.kind ?? "normal"}`, attrs: { "aria-labelledby": id } });
  const close = (): void => dialog.close();
  const head = h("div", { class: "dialog-head" }, h("h2", { id }, options.title), iconButton("close", t("action.close"), close));
  dialog.append(head, body, footer);
  dialog.addEventListener("close", () => {
    dialog.remove();
    options.onClose?.();
  });
  dialog.addEventListener("mousedown", (event) => event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
  return { body, footer, close };
}

export function button(label: string, onClick: () => void, look: "plain" | "primary" | "danger" = "plain"): HTMLButtonElement {
  return h("button", { class: `button button-${look}`, type: "button", on: { click: onClick } }, label);
}

export function iconButton(name: Parameters<typeof icon>[0], label: string, onClick: () => void): HTMLButtonElement {
  return h("button", { class: "icon-button", type: "button", title: label, attrs: { "aria-label": label }, on: { click: onClick } }, icon(name));
}

/** A yes-or-no question; resolves to false when it is closed in any other way. */
export function confirmDialog(title: string, text: string, action: string, danger = false): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = openDialog({ title, onClose: () => resolve(answer) });
    const yes = button(action, () => ((answer = true), dialog.close()), danger ? "danger" : "primary");
    dialog.body.append(h("p", {}, text));
    dialog.footer.append(button(t("action.cancel"), dialog.close), yes);
    yes.focus();
  });
}

export interface PromptOptions {
  title: string;
  label: string;
  value: string;
  action: string;
  /** How much of the value is selected: a file's name without its extension. */
  select?: number;
  hint?: string;
  /** Do it; throws to keep the dialog open with the reason. */
  submit: (value: string) => Promise<void>;
}

/** Ask for one line; the dialog stays open, with the reason, until `submit` succeeds or the person gives up. */
export function promptDialog(options: PromptOptions): void {
  const dialog = openDialog({ title: options.title });
  const input = h("input", { class: "field", type: "text", id: uniqueId("field"), attrs: { autocomplete: "off", spellcheck: "false" } });
  const problem = h("div", { class: "problem", id: uniqueId("problem"), role: "alert" });
  const send = h("button", { class: "button button-primary", type: "submit" }, options.action);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!input.value.trim() || send.disabled) return;
    send.disabled = true;
    try {
      await options.submit(input.value.trim());
      dialog.close();
    } catch (error) {
      replaceChildren(problem, errorText(error));
      setInvalid(input, problem.id);
    } finally {
      send.disabled = false;
    }
  };
  const form = h("form", { id: uniqueId("form"), on: { submit: (event) => void submit(event) } });
  form.append(h("label", { attrs: { for: input.id } }, options.label), input);
  if (options.hint) form.append(h("p", { class: "hint" }, options.hint));
  form.append(problem);
  send.setAttribute("form", form.id);
  dialog.body.append(form);
  dialog.footer.append(button(t("action.cancel"), dialog.close), send);
  input.value = options.value;
  input.focus();
  input.setSelectionRange(0, options.select ?? options.value.length);
}

function setInvalid(input: HTMLInputElement, problemId: string): void {
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", problemId);
  input.focus();
}

/** What happened, in words: the server's public sentence, or ours when no answer came. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t("error.unexpected");
  if (error.code === "network") return t("error.network");
  return error.message || (error.temporary ? t("error.busy") : t("error.unexpected"));
}

/** Put what an administrator needs on the clipboard. */
export async function copyDetails(error: unknown): Promise<void> {
  const text = error instanceof ApiError ? error.details(new Date()) : `${new Date().toISOString()}\n${String(error)}`;
  await navigator.clipboard.writeText(text);
  announce(t("error.details_copied"));
}
