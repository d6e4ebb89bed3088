/** Owns the toolbar of rich documents: one row with roving focus, made of the same commands as the palette. */
import { toggleMark } from "prosemirror-commands";
import { AllSelection, type Command as Change } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import type { Command } from "../shell/commands";
import { promptDialog } from "../shell/dialog";
import { h } from "../shell/dom";
import { t, type MessageKey } from "../shell/i18n";
import { icon, ICONS, type IconName } from "../shell/icons";
import { canList, changeBlocks, setStyle, toggle, toggleList, type Lists } from "./keys";
import type { Looks } from "./looks";
import { schema } from "./schema";
import { addColumn, addRow, insertTable, removeColumn, removeRow, removeTable } from "./tables";

interface Tool {
  readonly id: string;
  readonly label: MessageKey;
  /** Drawn in the button, as an icon where there is one of this name. */
  readonly sign: string;
  readonly key?: string;
  readonly change: Change;
  readonly pressed?: () => boolean;
  readonly enabled?: () => boolean;
}

function isIcon(sign: string): sign is IconName {
  return Object.hasOwn(ICONS, sign);
}

export class Toolbar {
  readonly element = h("div", { class: "rich-toolbar", role: "toolbar", attrs: { "aria-label": t("rich.toolbar") } });
  private readonly tools: readonly Tool[];
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly style = h("select", { class: "select", attrs: { "aria-label": t("rich.style") } });
  private writes = false;
  private pending = 0;

  constructor(private readonly view: EditorView, private readonly looks: Looks, private readonly lists: () => Lists) {
    this.tools = this.makeTools();
    this.style.addEventListener("change", () => this.chooseStyle());
    this.style.addEventListener("focus", () => this.fillStyles());
    this.element.append(this.style, ...this.tools.map((tool) => this.makeButton(tool)));
    this.element.addEventListener("keydown", (event) => this.move(event));
    this.fillStyles();
    this.draw();
  }

  setEnabled(writes: boolean): void {
    this.writes = writes;
    this.element.hidden = !writes;
    this.draw();
  }

  /** The selection is another: shown at the next frame. */
  refresh(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  commands(): Command[] {
    return this.tools.map((tool) => ({
      id: `rich.${tool.id}`,
      label: t(tool.label),
      group: t("rich.group"),
      handledElsewhere: true,
      ...(tool.key ? { keys: [tool.key] } : {}),
      enabled: () => this.writes && tool.change(this.view.state),
      run: () => this.run(tool),
    }));
  }

  private makeTools(): Tool[] {
    const mark = (name: "strong" | "em" | "underline" | "strike" | "sub" | "sup", label: MessageKey, sign: string, key?: string): Tool => ({ id: name, label, sign, ...(key ? { key } : {}), change: toggle(name), pressed: () => this.hasMark(name) });
    const align = (value: string, label: MessageKey, sign: string): Tool => ({ id: value, label, sign, change: changeBlocks({ align: value }), pressed: () => this.view.state.selection.$from.parent.attrs.align === value });
    const list = (ordered: boolean, label: MessageKey, sign: string, key: string): Tool => ({ id: ordered ? "ordered" : "bullet", label, sign, key, change: (state, dispatch, view) => toggleList(this.lists(), ordered)(state, dispatch, view), enabled: () => canList(this.lists(), ordered) });
    return [
      mark("strong", "rich.strong", "B", "Mod+B"),
      mark("em", "rich.em", "I", "Mod+I"),
      mark("underline", "rich.underline", "U", "Mod+U"),
      mark("strike", "rich.strike", "S", "Mod+Shift+X"),
      mark("sub", "rich.sub", "subscript"),
      mark("sup", "rich.sup", "superscript"),
      { id: "link", label: "rich.link", sign: "link", change: (state, dispatch) => this.link(state, dispatch), pressed: () => this.hasMark("link") },
      list(false, "rich.bullet", "list", "Mod+Shift+8"),
      list(true, "rich.ordered", "ordered", "Mod+Shift+7"),
      align("left", "rich.left", "alignStart"),
      align("center", "rich.center", "alignCenter"),
      align("right", "rich.right", "alignEnd"),
      align("justify", "rich.justify", "alignJustify"),
      { id: "table", label: "rich.table", sign: "table", change: insertTable },
      { id: "add_row", label: "rich.add_row", sign: "+↓", change: addRow, enabled: () => addRow(this.view.state) },
      { id: "add_column", label: "rich.add_column", sign: "+→", change: addColumn, enabled: () => addColumn(this.view.state) },
      { id: "remove_row", label: "rich.remove_row", sign: "−↓", change: removeRow, enabled: () => removeRow(this.view.state) },
      { id: "remove_column", label: "rich.remove_column", sign: "−→", change: removeColumn, enabled: () => removeColumn(this.view.state) },
      { id: "remove_table", label: "rich.remove_table", sign: "⊟", change: removeTable, enabled: () => removeTable(this.view.state) },
    ];
  }

  private makeButton(tool: Tool): HTMLButtonElement {
    const title = tool.key ? `${t(tool.label)} (${tool.key})` : t(tool.label);
    const made = h("button", { class: `tool tool-${tool.id}`, type: "button", title, tabIndex: -1, attrs: { "aria-label": t(tool.label) } }, isIcon(tool.sign) ? icon(tool.sign) : h("span", { attrs: { "aria-hidden": "true" } }, tool.sign));
    // The selection stays where it is.
    made.addEventListener("mousedown", (event) => event.preventDefault());
    made.addEventListener("click", () => this.run(tool));
    this.buttons.set(tool.id, made);
    return made;
  }

  private run(tool: Tool): void {
    if (!this.writes) return;
    tool.change(this.view.state, this.view.dispatch, this.view);
    this.view.focus();
  }

  private draw(): void {
    for (const tool of this.tools) {
      const button = this.buttons.get(tool.id);
      if (!button) continue;
      if (tool.pressed) button.setAttribute("aria-pressed", String(tool.pressed()));
      button.disabled = tool.enabled ? !tool.enabled() : false;
      button.hidden = button.disabled && /_(row|column|table)$/.test(tool.id);
    }
    const { style, level } = this.view.state.selection.$from.parent.attrs as { style?: string; level?: number };
    const wanted = `${style ?? ""}/${level ?? 0}`;
    if (![...this.style.options].some((option) => option.value === wanted)) this.style.append(h("option", { attrs: { value: wanted } }, this.nameOf(style ?? "", level ?? 0)));
    this.style.value = wanted;
  }

  private nameOf(style: string, level: number): string {
    const known = this.looks.choices().find((choice) => choice.name === style);
    return known?.label ?? (level ? t("rich.heading", { level }) : t("rich.paragraph"));
  }

  private fillStyles(): void {
    const { value } = this.style;
    const plain = [h("option", { attrs: { value: "/0" } }, t("rich.paragraph")), ...[1, 2, 3].map((level) => h("option", { attrs: { value: `/${level}` } }, t("rich.heading", { level })))];
    const known = this.looks.choices();
    const headed = new Set(known.map((choice) => choice.level));
    const own = known.map((choice) => h("option", { attrs: { value: `${choice.name}/${choice.level}` } }, choice.label));
    this.style.replaceChildren(...plain.filter((_option, level) => level === 0 || !headed.has(level)), ...own);
    this.style.value = value;
  }

  private chooseStyle(): void {
    const at = this.style.value.lastIndexOf("/");
    setStyle(this.style.value.slice(0, at), Number(this.style.value.slice(at + 1)))(this.view.state, this.view.dispatch);
    this.view.focus();
  }

  private hasMark(name: string): boolean {
    const { selection } = this.view.state;
    if (selection instanceof AllSelection) return false;
    const { from, to, empty, $from } = selection;
    const type = schema.marks[name];
    if (!type) return false;
    return empty ? Boolean(type.isInSet(this.view.state.storedMarks ?? $from.marks())) : this.view.state.doc.rangeHasMark(from, to, type);
  }

  private link(state: Parameters<Change>[0], dispatch: Parameters<Change>[1]): boolean {
    const type = schema.marks.link;
    if (!type || state.selection.empty) return false;
    if (!dispatch) return true;
    if (this.hasMark("link")) return toggleMark(type)(state, dispatch);
    const submit = (href: string): Promise<void> => {
      toggleMark(type, { href })(this.view.state, this.view.dispatch);
      return Promise.resolve();
    };
    promptDialog({ title: t("rich.link"), label: t("rich.link_address"), value: "https://", action: t("rich.link_set"), submit });
    return true;
  }

  /** Arrow keys move within the toolbar (WAI-ARIA toolbar). */
  private move(event: KeyboardEvent): void {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const shown = [this.style, ...this.buttons.values()].filter((item) => !item.hidden && !item.disabled);
    const at = shown.indexOf(event.target as HTMLButtonElement);
    const next = shown[(at + (event.key === "ArrowRight" ? 1 : -1) + shown.length) % shown.length];
    if (at < 0 || !next || (event.target === this.style && event.altKey)) return;
    event.preventDefault();
    next.focus();
  }
}
