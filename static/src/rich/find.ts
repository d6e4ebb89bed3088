/** Owns find and replace: matches as decorations, and the bar that steps through them. */
import type { Node } from "prosemirror-model";
import { Plugin, PluginKey, TextSelection } from "prosemirror-state";
import { Decoration, DecorationSet, type EditorView } from "prosemirror-view";
import { iconButton, button } from "../shell/dialog";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";

interface Match {
  readonly from: number;
  readonly to: number;
}

interface Found {
  readonly query: string;
  readonly matches: readonly Match[];
  readonly shown: DecorationSet;
}

const MOST = 5_000;
const NONE: Found = { query: "", matches: [], shown: DecorationSet.empty };
const key = new PluginKey<Found>("find");

export function findPlugin(): Plugin {
  return new Plugin<Found>({
    key,
    state: {
      init: () => NONE,
      apply: (transaction, found) => {
        const query = transaction.getMeta(key) as string | undefined;
        if (query === undefined && !transaction.docChanged) return found;
        return search(transaction.doc, query ?? found.query);
      },
    },
    props: { decorations: (state) => key.getState(state)?.shown ?? null },
  });
}

/** Matches within one text block; atoms stand for one character each. */
function search(doc: Node, query: string): Found {
  if (!query) return NONE;
  const wanted = query.toLocaleLowerCase();
  const matches: Match[] = [];
  doc.descendants((node, position) => {
    if (!node.isTextblock) return matches.length < MOST;
    const text = node.textBetween(0, node.content.size, undefined, "\ufffc").toLocaleLowerCase();
    for (let at = text.indexOf(wanted); at >= 0 && matches.length < MOST; at = text.indexOf(wanted, at + wanted.length)) {
      matches.push({ from: position + 1 + at, to: position + 1 + at + query.length });
    }
    return false;
  });
  const shown = DecorationSet.create(doc, matches.map(({ from, to }) => Decoration.inline(from, to, { class: "find-match" })));
  return { query, matches, shown };
}

export class FindBar {
  readonly element: HTMLElement;
  private readonly query = h("input", { type: "search", class: "input", attrs: { "aria-label": t("rich.find"), placeholder: t("rich.find") } });
  private readonly replacement = h("input", { type: "text", class: "input", attrs: { "aria-label": t("rich.replace_with"), placeholder: t("rich.replace_with") } });
  private readonly count = h("span", { class: "find-count", attrs: { "aria-live": "polite" } });

  constructor(private readonly view: EditorView) {
    this.query.addEventListener("input", () => this.search());
    this.query.addEventListener("keydown", (event) => event.key === "Enter" && this.step(event.shiftKey ? -1 : 1));
    const replace = button(t("rich.replace"), () => this.replaceOne());
    const all = button(t("rich.replace_all"), () => this.replaceAll());
    this.element = h("div", { class: "find-bar", role: "search", hidden: true }, this.query, this.count, this.replacement, replace, all, iconButton("close", t("action.close"), () => this.close()));
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  open(): void {
    this.element.hidden = false;
    const { from, to } = this.view.state.selection;
    const chosen = this.view.state.doc.textBetween(from, to, "\n");
    if (chosen && !chosen.includes("\n")) this.query.value = chosen;
    this.query.select();
    this.query.focus();
    this.search();
  }

  private close(): void {
    this.element.hidden = true;
    this.view.dispatch(this.view.state.tr.setMeta(key, ""));
    this.view.focus();
  }

  private search(): void {
    this.view.dispatch(this.view.state.tr.setMeta(key, this.query.value));
    this.count.textContent = t("rich.found", { count: this.matches().length });
  }

  private matches(): readonly Match[] {
    return key.getState(this.view.state)?.matches ?? [];
  }

  private step(way: 1 | -1): void {
    const matches = this.matches();
    const { from } = this.view.state.selection;
    const next = way > 0 ? matches.find((match) => match.from > from) ?? matches[0] : matches.findLast((match) => match.from < from) ?? matches.at(-1);
    if (next) this.select(next);
  }

  private select({ from, to }: Match): void {
    const { state } = this.view;
    this.view.dispatch(state.tr.setSelection(TextSelection.create(state.doc, from, to)).scrollIntoView());
  }

  private replaceOne(): void {
    if (!this.view.editable) return;
    const { from, to } = this.view.state.selection;
    if (this.matches().some((match) => match.from === from && match.to === to)) this.view.dispatch(this.view.state.tr.insertText(this.replacement.value, from, to));
    this.step(1);
    this.search();
  }

  private replaceAll(): void {
    if (!this.view.editable) return;
    const { tr } = this.view.state;
    for (const { from, to } of [...this.matches()].reverse()) tr.insertText(this.replacement.value, from, to);
    if (tr.docChanged) this.view.dispatch(tr);
    this.search();
  }
}
