/** Owns the theme: system, light or dark, kept in this browser. */

export type Theme = "system" | "light" | "dark";

export const THEMES: readonly Theme[] = ["system", "light", "dark"];
const KEY = "collab.theme";

export function storedTheme(): Theme {
  const value = readSetting(KEY);
  return THEMES.find((theme) => theme === value) ?? "system";
}

export function setTheme(theme: Theme): void {
  writeSetting(KEY, theme === "system" ? null : theme);
  applyTheme(theme);
}

/** `data-theme` on the root wins over the system's preference (tokens.css). */
export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.documentElement.dispatchEvent(new CustomEvent("themechange"));
}

/** Whether the page is dark now, whoever decided it. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** A setting of this browser; a browser that refuses storage has none. */
export function readSetting(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeSetting(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse: the setting then lasts as long as the page.
  }
}
