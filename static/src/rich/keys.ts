/** Owns the keyboard of rich documents: marks, headings, lists, and Markdown-like input rules. */
import { chainCommands, createParagraphNear, exitCode, liftEmptyBlock, newlineInCode, splitBlockAs, toggleMark } from "prosemirror-commands";
import { InputRule, inputRules } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import type { NodeType } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { Selection, type Command, type Plugin } from "prosemirror-state";
import type * as Y from "yjs";
import { fieldsOf, text } from "../sync/wire";
import type { Looks } from "./looks";
import { schema } from "./schema";

/** How this file makes lists. */
export interface Lists {
  /** Lists are nodes (odt); otherwise a property of paragraphs (docx), of the numbering with this number. */
  readonly nested: boolean;
  readonly bullet: string;
  readonly ordered: string;
}

type MarkName = "strong" | "em" | "underline" | "strike" | "sub" | "sup" | "link" | "span";

export const node = (name: string): NodeType => schema.nodes[name] as NodeType;
export const toggle = (name: MarkName): Command => toggleMark(schema.marks[name] as NonNullable<(typeof schema.marks)[string]>);

export function listsOf(meta: Y.Map<unknown>): Lists {
  const fields = fieldsOf(meta.get("lists"));
  return { nested: text(fields.get("kind")) !== "flat", bullet: text(fields.get("bullet")) ?? "", ordered: text(fields.get("ordered")) ?? "" };
}

export function canList(lists: Lists, ordered: boolean): boolean {
  return lists.nested || Boolean(ordered ? lists.ordered : lists.bullet);
}

/** Make the chosen paragraphs a list, or no list when they are one. */
export function toggleList(lists: Lists, ordered: boolean): Command {
  if (lists.nested) {
    const wrap = wrapInList(node("list"), { ordered: ordered ? "1" : "" });
    return (state, dispatch, view) => {
      const inside = state.selection.$from.depth > 1 && state.selection.$from.node(-1).type.name === "list_item";
      return inside ? liftListItem(node("list_item"))(state, dispatch, view) : wrap(state, dispatch, view);
    };
  }
  const number = ordered ? lists.ordered : lists.bullet;
  return (state, dispatch) => {
    if (!number) return false;
    const list = `${number}/0`;
    const on = state.selection.$from.parent.attrs.list === list;
    return changeBlocks({ list: on ? "" : list, numbered: ordered && !on ? "1" : "" })(state, dispatch);
  };
}

/** Set attributes of all chosen paragraphs and headings. */
export function changeBlocks(attrs: Readonly<Record<string, string>>): Command {
  return (state, dispatch) => {
    const { tr } = state;
    const { from, to } = state.selection;
    state.doc.nodesBetween(from, to, (found, position) => {
      if (found.isTextblock) for (const [name, value] of Object.entries(attrs)) if (found.attrs[name] !== value) tr.setNodeAttribute(position, name, value);
    });
    if (tr.docChanged) dispatch?.(tr);
    return true;
  };
}

/** Give the chosen blocks a style of the file; one that has a level makes headings. */
export function setStyle(name: string, level: number): Command {
  return (state, dispatch) => {
    const { tr } = state;
    const { from, to } = state.selection;
    state.doc.nodesBetween(from, to, (found, position) => {
      if (!found.isTextblock) return;
      const kept = { ...found.attrs, style: name };
      if (level) tr.setNodeMarkup(position, node("heading"), { ...kept, level });
      else tr.setNodeMarkup(position, node("paragraph"), kept);
    });
    if (tr.docChanged) dispatch?.(tr);
    return true;
  };
}

function headingStyle(looks: Looks, level: number): string {
  return looks.choices().find((choice) => choice.level === level)?.name ?? "";
}

/** After a heading comes a paragraph; everything else goes on as it is. */
const split = splitBlockAs((found, atEnd) => {
  if (!atEnd || found.type.name !== "heading") return null;
  return { type: node("paragraph"), attrs: {} };
});

const hardBreak: Command = (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(schema.node("hard_break")).scrollIntoView());
  return true;
};

const tabKey: Command = (state, dispatch) => {
  if (!state.selection.$from.parent.isTextblock) return false;
  dispatch?.(state.tr.replaceSelectionWith(schema.node("tab")).scrollIntoView());
  return true;
};

/** Ctrl+Enter: a page break where the file has such a thing within text. */
const pageBreak = (lists: () => Lists): Command => (state, dispatch) => {
  if (lists().nested) return false;
  dispatch?.(state.tr.replaceSelectionWith(schema.node("page_break")).scrollIntoView());
  return true;
};

export function richKeys(lists: () => Lists, looks: Looks): Plugin {
  const item = node("list_item");
  const headings = Object.fromEntries([1, 2, 3, 4, 5, 6].map((level): [string, Command] => [`Mod-Alt-${level}`, (state, dispatch) => setStyle(headingStyle(looks, level), level)(state, dispatch)]));
  return keymap({
    ...headings,
    "Mod-Alt-0": (state, dispatch) => setStyle("", 0)(state, dispatch),
    "Mod-b": toggle("strong"),
    "Mod-i": toggle("em"),
    "Mod-u": toggle("underline"),
    "Mod-Shift-x": toggle("strike"),
    "Mod-Shift-8": (state, dispatch, view) => toggleList(lists(), false)(state, dispatch, view),
    "Mod-Shift-7": (state, dispatch, view) => toggleList(lists(), true)(state, dispatch, view),
    Enter: chainCommands(splitListItem(item), newlineInCode, createParagraphNear, liftEmptyBlock, split),
    "Shift-Enter": chainCommands(exitCode, hardBreak),
    "Mod-Enter": pageBreak(lists),
    Tab: (state, dispatch, view) => inTable(state) ? false : chainCommands(sinkListItem(item), tabKey)(state, dispatch, view),
    "Shift-Tab": (state, dispatch, view) => inTable(state) ? false : liftListItem(item)(state, dispatch, view),
  });
}

function inTable(state: Parameters<Command>[0]): boolean {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) if ($from.node(depth).type.name === "table_cell") return true;
  return false;
}

/** `# ` makes a heading, `- ` and `1. ` make lists. */
export function richRules(lists: () => Lists): Plugin {
  const rule = (match: RegExp, command: (found: RegExpMatchArray) => Command): InputRule =>
    new InputRule(match, (state, found, start, end) => {
      const made = state.tr.delete(start, end);
      let result: typeof made | null = null;
      const after = state.apply(made);
      if (!command(found)(after, (tr) => (result = joined(made, tr)))) return null;
      return result;
    });
  return inputRules({
    rules: [
      rule(/^(#{1,6})\s$/, (found) => setStyle("", found[1]?.length ?? 1)),
      rule(/^[-*]\s$/, () => toggleList(lists(), false)),
      rule(/^1[.)]\s$/, () => toggleList(lists(), true)),
    ],
  });
}

/** Both transactions as one, so that one undo takes the rule back. */
function joined(first: Parameters<NonNullable<Parameters<Command>[1]>>[0], second: typeof first): typeof first {
  for (const step of second.steps) first.step(step);
  return first.setSelection(Selection.near(first.doc.resolve(Math.min(second.selection.from, first.doc.content.size))));
}
