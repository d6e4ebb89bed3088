/** Owns how a page around this one colours it: which of its variables are known, and what they are called here. */

/** The host's variables, and what they are called here. A Map: the names come from outside. */
const COLORS: ReadonlyMap<string, string> = new Map([
  ["--co-primary-element", "--host-accent"],
  ["--co-primary", "--host-accent"],
  ["--co-main-background", "--host-ground"],
  ["--co-color-main-background", "--host-ground"],
  ["--co-color-main-text", "--host-ink"],
  ["--oc-role-primary", "--host-accent"],
  ["--oc-role-surface", "--host-ground"],
  ["--oc-role-on-surface", "--host-ink"],
  ["--host-accent", "--host-accent"],
  ["--host-ground", "--host-ground"],
  ["--host-ink", "--host-ink"],
]);

/** Take over the host's colours. */
export function applyColors(colors: Readonly<Record<string, string>>, root: HTMLElement = document.documentElement): void {
  for (const [name, value] of Object.entries(colors)) {
    const ours = COLORS.get(name);
    if (ours !== undefined && CSS.supports("color", value)) root.style.setProperty(ours, value);
  }
}
