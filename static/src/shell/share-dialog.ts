/** Owns the share dialog: make a link with a role and an end, copy it (it is shown once), list and revoke. */
import { api, type NewShare, type Role, type Share } from "./api";
import { button, confirmDialog, errorText, iconButton, openDialog } from "./dialog";
import { h, replaceChildren, uniqueId } from "./dom";
import { formatMoment, t, type MessageKey } from "./i18n";
import { icon } from "./icons";
import { announce } from "./live-region";

const ROLES: readonly Role[] = ["editor", "viewer"];
const ROLE_TEXTS: Readonly<Record<Role, MessageKey>> = { viewer: "role.viewer", commenter: "role.commenter", editor: "role.editor", owner: "role.owner" };
const DAY_S = 86_400;
const ENDS: readonly (readonly [MessageKey, number | undefined])[] = [
  ["share.end_day", DAY_S],
  ["share.end_week", 7 * DAY_S],
  ["share.end_month", 30 * DAY_S],
  ["share.end_never", undefined],
];

/** What a role may do, in words. */
export function roleText(role: Role): string {
  return t(ROLE_TEXTS[role]);
}

/** Open the dialog for a live document. */
export function openShareDialog(documentId: string, name: string): void {
  const dialog = openDialog({ title: t("share.title", { name }), kind: "wide" });
  const made = h("div", { class: "share-made" });
  const problem = h("div", { class: "problem", role: "alert" });
  const list = h("div", { class: "share-list" });
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    replaceChildren(problem);
    await work().catch((error: unknown) => replaceChildren(problem, errorText(error)));
  };
  const refresh = async (): Promise<void> => {
    const { shares } = await api.shares(documentId);
    drawList(list, shares, (share) => void revoke(share));
  };
  const revoke = async (share: Share): Promise<void> => {
    if (!(await confirmDialog(t("share.revoke_title"), t("share.revoke_text"), t("share.revoke"), true))) return;
    await attempt(async () => {
      await api.revokeShare(documentId, share.share_id);
      announce(t("share.revoked"));
      await refresh();
    });
  };
  const create = (role: Role, expiresInS?: number): Promise<void> =>
    attempt(async () => {
      drawMade(made, await api.share(documentId, role, expiresInS));
      await refresh();
    });
  dialog.body.append(h("p", { class: "hint" }, t("share.text")), createForm(create), problem, made, list);
  void attempt(refresh);
}

function createForm(create: (role: Role, expiresInS?: number) => Promise<void>): HTMLElement {
  const role = select(t("share.role"), ROLES.map((item) => [item, roleText(item)]));
  const end = select(t("share.end"), ENDS.map(([key], index) => [String(index), t(key)]));
  end.field.value = "1";
  const send = h("button", { class: "button button-primary", type: "submit" }, icon("link"), t("share.create"));
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    send.disabled = true;
    await create(role.field.value as Role, ENDS[Number(end.field.value)]?.[1]);
    send.disabled = false;
  };
  return h("form", { class: "share-form", on: { submit: (event) => void submit(event) } }, role.element, end.element, send);
}

function select(label: string, options: readonly (readonly [string, string])[]): { element: HTMLElement; field: HTMLSelectElement } {
  const field = h("select", { class: "field", id: uniqueId("select") });
  for (const [value, text] of options) field.append(new Option(text, value));
  return { field, element: h("div", { class: "share-field" }, h("label", { attrs: { for: field.id } }, label), field) };
}

function drawMade(made: HTMLElement, share: NewShare): void {
  const field = h("input", { class: "field", type: "text", attrs: { readonly: true, "aria-label": t("share.link") }, on: { focus: () => field.select() } });
  field.value = share.url;
  const copy = button(t("action.copy"), () => void copyLink(field, copy), "primary");
  replaceChildren(made, h("p", {}, t("share.made")), h("div", { class: "share-link" }, field, copy));
  copy.focus();
}

async function copyLink(field: HTMLInputElement, copy: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(field.value);
    replaceChildren(copy, icon("check"), t("share.copied"));
    announce(t("share.copied"));
  } catch {
    // The browser does not allow the clipboard: the selected text can be copied by key.
    field.focus();
  }
}

function drawList(list: HTMLElement, shares: readonly Share[], revoke: (share: Share) => void): void {
  if (!shares.length) return replaceChildren(list);
  const rows = shares.map((share) => {
    const end = share.expires_at === null ? t("share.no_end") : t("share.ends", { when: formatMoment(share.expires_at * 1000) });
    const text = h("span", { class: "share-row-text" }, roleText(share.role), h("small", {}, end));
    return h("li", { class: "share-row" }, icon("link"), text, iconButton("trash", t("share.revoke"), () => revoke(share)));
  });
  replaceChildren(list, h("h3", {}, t("share.links")), h("ul", {}, ...rows));
}
