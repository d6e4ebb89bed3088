/**
 * Owns the command registry: every command once, with its key. The key listener, the palette, the help overlay and
 * the menus are made from it, so that they cannot disagree.
 */
import { h } from "./dom";

export interface Command {
  readonly id: string;
  readonly label: string;
  /** Heading in the palette and in the help. */
  readonly group: string;
  /** `Mod+K`, `Shift+F2`, `/`; Mod is Cmd on a Mac, Ctrl elsewhere. Several may do the same. */
  readonly keys?: readonly string[];
  /** Keys are only shown, because a part of the page (an editor) listens to them itself. */
  readonly handledElsewhere?: boolean;
  readonly enabled?: () => boolean;
  readonly run: () => void;
}

const isMac = typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.userAgent);
const registered = new Map<string, Command>();

/** Add commands; answers what takes them away again. */
export function registerCommands(commands: readonly Command[]): () => void {
  for (const command of commands) registered.set(command.id, command);
  return () => commands.forEach((command) => registered.get(command.id) === command && registered.delete(command.id));
}

export function commands(): readonly Command[] {
  return [...registered.values()];
}

export function isEnabled(command: Command): boolean {
  return command.enabled?.() ?? true;
}

/** Run a command by its id, when it may be run now. */
export function runCommand(id: string): void {
  const command = registered.get(id);
  if (command && isEnabled(command)) command.run();
}

/** Whether a key event is the key written as `Mod+Shift+K`. */
export function matchesKey(event: KeyboardEvent, key: string, mac = isMac): boolean {
  const parts = key.split("+");
  const wanted = parts.pop() || "+";
  const has = (name: string): boolean => parts.includes(name);
  const control = has("Ctrl") || (has("Mod") && !mac);
  const meta = has("Mod") && mac;
  if (event.ctrlKey !== control || event.metaKey !== meta || event.altKey !== has("Alt")) return false;
  // A sign like / or ? is already the key with Shift where the layout needs it.
  const letter = /^([a-z0-9]|[A-Z]\w+)$/i.test(wanted);
  if (letter && event.shiftKey !== has("Shift")) return false;
  return event.key.toLowerCase() === wanted.toLowerCase();
}

const MAC_SIGNS = new Map([["Mod", "⌘"], ["Shift", "⇧"], ["Alt", "⌥"], ["Ctrl", "⌃"]]);
const SIGNS = new Map([["ArrowUp", "↑"], ["ArrowDown", "↓"], ["ArrowLeft", "←"], ["ArrowRight", "→"], ["Delete", "Del"], ["Escape", "Esc"]]);

/** The parts of a key as this machine's keyboard writes them. */
export function keyParts(key: string, mac = isMac): string[] {
  const parts = key === "+" ? ["+"] : key.split("+");
  return parts.map((part) => SIGNS.get(part) ?? (mac ? MAC_SIGNS.get(part) : undefined) ?? (part === "Mod" ? "Ctrl" : part));
}

export function keyText(key: string, mac = isMac): string {
  return keyParts(key, mac).join(mac ? "" : "+");
}

/** `<kbd>Ctrl</kbd> <kbd>K</kbd>`. */
export function keyCaps(key: string): HTMLElement {
  return h("span", { class: "keys" }, ...keyParts(key).map((part) => h("kbd", {}, part)));
}

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return Boolean(element?.isContentEditable || element?.matches("input, textarea, select"));
}

/** Run the command whose key was pressed. Keys without Ctrl, Cmd or Alt do nothing while somebody types. */
function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const command = commands().find((item) => !item.handledElsewhere && isEnabled(item) && item.keys?.some((key) => matchesKey(event, key)));
  if (!command) return;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && (isTyping(event.target) || document.querySelector("dialog[open]"))) return;
  event.preventDefault();
  command.run();
}

/** Listen for keys in the whole page; once. */
export function listenForKeys(): void {
  document.addEventListener("keydown", onKey);
}
