/** Owns how a person looks: one name, one colour, everywhere. */
import type { Person } from "./api";
import { h } from "./dom";
import { formatList, t } from "./i18n";

const SHOWN = 5;

/** First letters of the first and last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase() || "?";
}

const COLOR = /^#[0-9a-f]{6}$/i;
const GREY = { light: "#667085", dark: "#a6aec0" };

/** Give an element a person's two colours; the style sheet takes the one for the ground. They came over the wire. */
export function wearColors(element: HTMLElement, light: string, dark = ""): void {
  const known = COLOR.test(light);
  element.classList.add("person");
  element.style.setProperty("--person-light", known ? light : GREY.light);
  element.style.setProperty("--person-dark", COLOR.test(dark) ? dark : GREY.dark);
}

/** A round chip with the initials on the person's colour. */
export function avatar(person: Person, size: "small" | "normal" = "normal"): HTMLElement {
  const chip = h("span", { class: `avatar avatar-${size}`, title: person.name, attrs: { "aria-hidden": "true", "data-initials": initials(person.name) } });
  wearColors(chip, person.color, person.color_dark);
  return chip;
}

/** At most five avatars and a count; the names are read as one sentence. */
export function avatarStack(people: readonly Person[], size: "small" | "normal" = "normal"): HTMLElement {
  const names = formatList(people.map((person) => person.name));
  const stack = h("span", { class: "avatars", role: "img", title: names, attrs: { "aria-label": names } });
  for (const person of people.slice(0, SHOWN)) stack.append(avatar(person, size));
  if (people.length > SHOWN) stack.append(h("span", { class: "avatar-more" }, t("people.more", { count: people.length - SHOWN })));
  return stack;
}
