/** Owns menus: a button that opens a list with roving focus (WAI-ARIA menu button). */
import { h, replaceChildren, uniqueId } from "./dom";
import { icon, type IconName } from "./icons";

export interface MenuItem {
  label: string;
  icon?: IconName;
  /** The key that does the same, shown at the right. */
  key?: string;
  checked?: boolean;
  /** On or off by itself, not one of several. */
  toggle?: boolean;
  disabled?: boolean;
  /** Why it is disabled, or what it does. */
  hint?: string;
  danger?: boolean;
  run: () => void;
}

export type MenuEntry = MenuItem | "separator";

let openMenu: (() => void) | undefined;

/** Make `trigger` open a menu; its entries are asked for each time. */
export function attachMenu(trigger: HTMLElement, entries: () => readonly MenuEntry[]): void {
  trigger.setAttribute("aria-haspopup", "menu");
  trigger.setAttribute("aria-expanded", "false");
  trigger.addEventListener("click", () => {
    if (trigger.getAttribute("aria-expanded") === "true") openMenu?.();
    else showMenu(entries(), trigger);
  });
  trigger.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    showMenu(entries(), trigger, { last: event.key === "ArrowUp" });
  });
}

export interface MenuPlace {
  /** Where a context menu was asked for; otherwise the menu is below its anchor. */
  point?: { x: number; y: number } | undefined;
  /** Begin at the last item. */
  last?: boolean;
  /** Gives the focus back; for anchors that may be drawn again meanwhile. */
  refocus?: () => void;
}

/** Show a menu at an element or at a point; the focus returns to `anchor`. */
export function showMenu(entries: readonly MenuEntry[], anchor: HTMLElement, at: MenuPlace = {}): void {
  openMenu?.();
  const menu = h("div", { class: "menu", role: "menu", id: uniqueId("menu") });
  const close = (refocus: boolean): void => {
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", gone);
    anchor.setAttribute("aria-expanded", "false");
    menu.remove();
    openMenu = undefined;
    if (refocus) (at.refocus ?? (() => anchor.focus()))();
  };
  const gone = (): void => close(false);
  const outside = (event: Event): void => {
    if (!menu.contains(event.target as Node) && !anchor.contains(event.target as Node)) close(false);
  };
  const items = entries.map((entry) => (entry === "separator" ? h("div", { class: "menu-separator", role: "separator" }) : itemOf(entry, close)));
  replaceChildren(menu, ...items);
  menu.addEventListener("keydown", (event) => onKey(event, menu, close));
  (anchor.closest("dialog, header, main") ?? document.body).append(menu);
  place(menu, anchor, at.point);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  window.addEventListener("resize", gone);
  openMenu = () => close(true);
  const focusable = focusableItems(menu);
  focusable.at(at.last ? -1 : 0)?.focus();
}

function itemOf(entry: MenuItem, close: (refocus: boolean) => void): HTMLElement {
  const checkable = entry.checked !== undefined;
  const item = h("button", {
    class: `menu-item${entry.danger ? " menu-danger" : ""}`,
    type: "button",
    role: !checkable ? "menuitem" : entry.toggle ? "menuitemcheckbox" : "menuitemradio",
    tabIndex: -1,
    disabled: entry.disabled ?? false,
    title: entry.hint ?? "",
    attrs: { "aria-checked": checkable ? String(entry.checked) : null },
    on: { click: () => (close(true), entry.run()) },
  });
  item.append(entry.icon ? icon(entry.icon) : h("span", { class: "icon" }), h("span", { class: "menu-label" }, entry.label));
  if (entry.checked) item.append(icon("check"));
  if (entry.key) item.append(h("kbd", {}, entry.key));
  return item;
}

function focusableItems(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>(".menu-item:not(:disabled)")];
}

function onKey(event: KeyboardEvent, menu: HTMLElement, close: (refocus: boolean) => void): void {
  const items = focusableItems(menu);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = nextIndex(event.key, at, items.length) ?? byLetter(event, items, at);
  if (event.key === "Escape") close(true);
  else if (event.key === "Tab") return close(true);
  else if (next === undefined) return;
  else items[next]?.focus();
  event.preventDefault();
  event.stopPropagation();
}

function nextIndex(key: string, at: number, count: number): number | undefined {
  const steps = new Map([["ArrowDown", (at + 1) % count], ["ArrowUp", (at - 1 + count) % count], ["Home", 0], ["End", count - 1]]);
  return steps.get(key);
}

function byLetter(event: KeyboardEvent, items: readonly HTMLElement[], at: number): number | undefined {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey) return undefined;
  const letter = event.key.toLocaleLowerCase();
  const order = items.map((_, index) => (at + 1 + index) % items.length);
  return order.find((index) => items[index]?.textContent?.trim().toLocaleLowerCase().startsWith(letter));
}

const GAP = 4;

/** Below the anchor, its right edge kept inside the window; above when there is no room below. */
function place(menu: HTMLElement, anchor: HTMLElement, point?: { x: number; y: number }): void {
  const box = point ? new DOMRect(point.x, point.y, 0, 0) : anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.min(box.left, window.innerWidth - width - 2 * GAP);
  const below = box.bottom + GAP;
  const top = below + height > window.innerHeight ? Math.max(GAP, box.top - height - GAP) : below;
  menu.style.left = `${Math.max(GAP, left)}px`;
  menu.style.top = `${top}px`;
}
