/** Owns tables: cell selection and Tab, and the commands for rows and columns; never "fixes" what the file has. */
import { keymap } from "prosemirror-keymap";
import { type Command, Plugin } from "prosemirror-state";
import { addColumnAfter, addRowAfter, deleteColumn, deleteRow, deleteTable, goToNextCell, isInTable, tableEditing } from "prosemirror-tables";
import { schema } from "./schema";

export function tablePlugin(): Plugin {
  const { spec } = tableEditing();
  // Its own repairs would be edits: a file may have rows of different lengths.
  const { appendTransaction: _repairs, ...kept } = spec;
  return new Plugin({ ...kept, props: { ...kept.props, handleKeyDown: keymapWith(kept.props?.handleKeyDown) } });
}

type KeyHandler = NonNullable<NonNullable<Plugin["spec"]["props"]>["handleKeyDown"]>;

function keymapWith(own: unknown): KeyHandler {
  const tabs = keymap({ Tab: goToNextCell(1), "Shift-Tab": goToNextCell(-1) }).props.handleKeyDown as KeyHandler;
  return function (this: Plugin, view, event) {
    return tabs.call(this, view, event) || (typeof own === "function" && Boolean((own as KeyHandler).call(this, view, event)));
  };
}

/** A table with merged cells keeps its rows and columns: they could not be written back for certain. */
function whereFree(command: Command): Command {
  return (state, dispatch, view) => {
    const { $from } = state.selection;
    for (let depth = $from.depth; depth > 0; depth -= 1) {
      const node = $from.node(depth);
      if (node.type.name === "table") return node.attrs.fixed ? false : command(state, dispatch, view);
    }
    return false;
  };
}

export const insertTable: Command = (state, dispatch) => {
  if (isInTable(state)) return false;
  const cell = (): ReturnType<typeof schema.node> => schema.node("table_cell", null, [schema.node("paragraph")]);
  const row = (): ReturnType<typeof schema.node> => schema.node("table_row", null, [cell(), cell(), cell()]);
  dispatch?.(state.tr.replaceSelectionWith(schema.node("table", null, [row(), row(), row()])).scrollIntoView());
  return true;
};

export const addRow = whereFree(addRowAfter);
export const addColumn = whereFree(addColumnAfter);
export const removeRow = whereFree(deleteRow);
export const removeColumn = whereFree(deleteColumn);
export const removeTable: Command = deleteTable;
