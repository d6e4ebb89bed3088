/** Owns the name that a guest has in open mode: pleasant, generated once, kept in this browser, changeable. */
import { t } from "./i18n";
import { readSetting, writeSetting } from "./theme";

const KEY = "collab.name";
const LONGEST = 60;
const QUALITIES = ["Amber", "Bright", "Calm", "Clever", "Coral", "Gentle", "Golden", "Happy", "Kind", "Lively", "Merry", "Misty", "Quiet", "Silver", "Sunny", "Swift"];
const ANIMALS = ["Badger", "Crane", "Dolphin", "Falcon", "Finch", "Fox", "Hare", "Heron", "Ibex", "Lark", "Lynx", "Marten", "Otter", "Owl", "Robin", "Seal"];

/** The name to join with; a first visit gets one. */
export function guestName(): string {
  const kept = readSetting(KEY);
  if (kept) return kept;
  const name = generateName((bound) => crypto.getRandomValues(new Uint32Array(1))[0]! % bound);
  writeSetting(KEY, name);
  return name;
}

/** Keep the name that the person typed; an empty one changes nothing. Answers the name now. */
export function setGuestName(name: string): string {
  const clean = cleanName(name) || guestName();
  writeSetting(KEY, clean);
  return clean;
}

/** One line, no control or direction-changing characters, of bounded length. */
export function cleanName(name: string): string {
  const visible = name.normalize("NFC").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").replace(/\s+/g, " ");
  return [...visible.trim()].slice(0, LONGEST).join("");
}

export function generateName(random: (bound: number) => number): string {
  const quality = QUALITIES[random(QUALITIES.length)] ?? "Kind";
  const animal = ANIMALS[random(ANIMALS.length)] ?? "Owl";
  return t("people.guest", { quality, animal });
}
