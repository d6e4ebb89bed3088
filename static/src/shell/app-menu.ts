/** Owns the menu behind one's own avatar, and the commands that every page has. */
import { api, type Me } from "./api";
import { promptDialog } from "./dialog";
import { h, replaceChildren } from "./dom";
import { registerCommands, runCommand, keyText } from "./commands";
import { openHelp } from "./help";
import { t } from "./i18n";
import { guestName, setGuestName } from "./identity";
import { attachMenu, type MenuEntry } from "./menu";
import { openCommandPalette } from "./palette";
import { avatar } from "./people";
import { setTheme, storedTheme, THEMES, type Theme } from "./theme";
import { problemToast } from "./toast";
import type { IconName } from "./icons";

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: "monitor", light: "sun", dark: "moon" };

export interface AccountOptions {
  /** Hears of a new name. */
  readonly onName?: (name: string) => void;
  /** What the page adds to the menu. */
  readonly more?: () => readonly MenuEntry[];
}

/** The person's avatar with the menu: name, theme, commands, keys, sign out. */
export function accountButton(me: Me, { onName, more }: AccountOptions = {}): HTMLElement {
  const trigger = h("button", { class: "account", type: "button" });
  const draw = (): void => {
    const name = displayName(me);
    trigger.setAttribute("aria-label", t("account.label", { name }));
    trigger.title = name;
    replaceChildren(trigger, avatar({ ...me.user, name, color: me.user?.color ?? "" }));
  };
  const rename = (): void => askForName((name) => (draw(), onName?.(name)));
  draw();
  attachMenu(trigger, () => [...nameEntries(me, rename), ...(more?.() ?? []), ...commonEntries(me)]);
  registerCommands(commonCommands(me, rename));
  return trigger;
}

/** Guests carry the name that this browser keeps, others the one of their account. */
export function displayName(me: Me): string {
  return me.mode === "open" || !me.user ? guestName() : me.user.name;
}

/** Ask a guest for the name that others see. */
export function askForName(onName: (name: string) => void): void {
  promptDialog({
    title: t("name.title"),
    label: t("name.label"),
    hint: t("name.hint"),
    value: guestName(),
    action: t("action.save"),
    submit: async (value) => onName(setGuestName(value)),
  });
}

function nameEntries(me: Me, rename: () => void): MenuEntry[] {
  if (me.mode !== "open") return [{ label: displayName(me), icon: "user", disabled: true, run: () => undefined }, "separator"];
  return [{ label: t("name.change", { name: guestName() }), icon: "user", run: rename }, "separator"];
}

function commonEntries(me: Me): MenuEntry[] {
  const themes = THEMES.map((theme) => ({ label: themeLabel(theme), icon: THEME_ICONS[theme], checked: storedTheme() === theme, run: () => setTheme(theme) }));
  const entries: MenuEntry[] = [
    ...themes,
    "separator",
    { label: t("command.palette"), icon: "search", key: keyText("Mod+K"), run: () => runCommand("palette") },
    { label: t("command.help"), icon: "keyboard", key: keyText("Mod+/"), run: () => runCommand("help") },
  ];
  return me.mode === "token" ? [...entries, "separator", { label: t("command.sign_out"), icon: "signOut", run: () => void signOut() }] : entries;
}

function themeLabel(theme: Theme): string {
  return t(theme === "system" ? "theme.system" : theme === "light" ? "theme.light" : "theme.dark");
}

function commonCommands(me: Me, rename: () => void): Parameters<typeof registerCommands>[0] {
  const group = t("group.general");
  return [
    { id: "palette", label: t("command.palette"), group, keys: ["Mod+K"], run: openCommandPalette },
    { id: "help", label: t("command.help"), group, keys: ["Mod+/"], run: openHelp },
    ...THEMES.map((theme) => ({ id: `theme.${theme}`, label: themeLabel(theme), group, run: () => setTheme(theme) })),
    { id: "name", label: t("name.title"), group, enabled: () => me.mode === "open", run: rename },
    { id: "sign-out", label: t("command.sign_out"), group, enabled: () => me.mode === "token", run: () => void signOut() },
  ];
}

async function signOut(): Promise<void> {
  try {
    await api.signOut();
    location.assign("/");
  } catch (error) {
    problemToast(error);
  }
}
