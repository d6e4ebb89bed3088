/** Owns CodeMirror in one cell: bound to its source, with the others' cursors; what is about cells it tells its owner. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { Compartment, EditorSelection, EditorState, Prec, type Extension } from "@codemirror/state";
import { crosshairCursor, drawSelection, dropCursor, EditorView, highlightSpecialChars, keymap, lineNumbers, rectangularSelection, type Command } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { adoptStyles } from "../text/adopt-styles";
import { authors, bindingOf, isRemote, textOf } from "../text/binding";
import { cursorsOf } from "../text/cursors";
import { languageOf } from "../text/languages";
import { searchPhrases } from "../text/phrases";
import { textTheme } from "../text/theme";
import { matchMarks } from "./match-marks";
import type { CellType } from "./schema";

export interface CellEditorOptions {
  readonly parent: HTMLElement;
  readonly ytext: Y.Text;
  readonly awareness: Awareness;
  readonly type: CellType;
  /** Of code cells. */
  readonly language: string;
  readonly readOnly: boolean;
  readonly lineNumbers: boolean;
  readonly label: string;
  readonly beforeEdit: () => void;
  readonly keys: CellKeys;
  /** Other people's clients wrote here. */
  readonly edited: (clients: readonly number[]) => void;
  readonly selected: () => void;
}

/** Keys that lead out of the text or concern the notebook; false: not meant. */
export interface CellKeys {
  leave(step: -1 | 1): boolean;
  undo(): void;
  redo(): void;
}

const cellLook = EditorView.theme({
  "&": { height: "auto", backgroundColor: "transparent" },
  ".cm-scroller": { scrollPaddingTop: "0", overflowX: "auto" },
  ".cm-content": { padding: "8px 0" },
  ".cm-line": { padding: "0 12px 0 10px" },
  ".cm-gutters": { paddingLeft: "0" },
});

let adopted = false;

export class CellEditor {
  readonly view: EditorView;
  private readonly access = new Compartment();
  private readonly numbers = new Compartment();

  constructor(private readonly options: CellEditorOptions) {
    if (!adopted) adoptStyles();
    adopted = true;
    const { ytext, awareness, type, beforeEdit } = options;
    const language = new Compartment();
    const { manners, load } = languageOf(type === "code" ? options.language : type === "markdown" ? "markdown" : "text", "");
    const prose = type !== "code";
    this.view = new EditorView({
      parent: options.parent,
      doc: textOf(ytext),
      extensions: [
        EditorState.lineSeparator.of("\n"),
        this.access.of(accessOf(options.readOnly)),
        bindingOf(ytext, beforeEdit),
        cursorsOf(ytext, awareness, false),
        Prec.high(keymap.of(this.keys())),
        this.listener(),
        habits(manners.tabSize),
        this.numbers.of(options.lineNumbers ? lineNumbers() : []),
        prose ? EditorView.lineWrapping : [],
        language.of([]),
        EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "-1", spellcheck: String(prose) }),
        EditorState.phrases.of(searchPhrases()),
        matchMarks,
        cellLook,
        textTheme,
      ],
    });
    void load?.().then((extension) => this.view.dispatch({ effects: language.reconfigure(extension) }));
  }

  setReadOnly(readOnly: boolean): void {
    this.view.dispatch({ effects: this.access.reconfigure(accessOf(readOnly)) });
  }

  setLineNumbers(shown: boolean): void {
    this.view.dispatch({ effects: this.numbers.reconfigure(shown ? lineNumbers() : []) });
  }

  /** Put the keyboard into the text: where it was, at an end, or at a position. */
  focus(at?: "start" | "end" | number): void {
    const { length } = this.view.state.doc;
    const anchor = at === undefined ? null : at === "start" ? 0 : at === "end" ? length : Math.min(at, length);
    if (anchor !== null) this.view.dispatch({ selection: { anchor } });
    this.view.focus();
  }

  destroy(): void {
    this.view.destroy();
  }

  private keys() {
    const { keys } = this.options;
    const edge = (step: -1 | 1): Command => (view) => {
      const { main } = view.state.selection;
      const line = view.state.doc.lineAt(main.head);
      const atEdge = step < 0 ? line.number === 1 : line.number === view.state.doc.lines;
      return main.empty && atEdge && completionStatus(view.state) === null && keys.leave(step);
    };
    return [
      { key: "ArrowUp", run: edge(-1) },
      { key: "ArrowDown", run: edge(1) },
      { key: "Mod-z", run: () => (keys.undo(), true), preventDefault: true },
      { key: "Mod-y", mac: "Mod-Shift-z", run: () => (keys.redo(), true), preventDefault: true },
      { key: "Mod-Shift-z", run: () => (keys.redo(), true), preventDefault: true },
      { key: "Tab", run: insertTab, shift: indentLess },
    ];
  }

  private listener(): Extension {
    return [
      EditorView.updateListener.of((update) => {
        for (const transaction of update.transactions) {
          const clients = isRemote(transaction) ? transaction.annotation(authors) : undefined;
          if (clients && update.docChanged) this.options.edited(clients);
        }
        if (update.selectionSet || update.focusChanged || update.docChanged) this.options.selected();
      }),
      EditorView.domEventHandlers({
        beforeinput: (event) => {
          if (event.inputType === "historyUndo") return this.options.keys.undo(), true;
          return event.inputType === "historyRedo" ? (this.options.keys.redo(), true) : false;
        },
      }),
    ];
  }
}

/** A reader may still put the cursor into the text, select and copy. */
function accessOf(readOnly: boolean): Extension {
  return [EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ "aria-readonly": String(readOnly) })];
}

function habits(tabSize: number): Extension {
  return [
    highlightSpecialChars(),
    drawSelection(),
    dropCursor(),
    rectangularSelection(),
    crosshairCursor(),
    EditorState.allowMultipleSelections.of(true),
    EditorState.tabSize.of(tabSize),
    indentUnit.of(" ".repeat(tabSize)),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false }),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter" && key !== "Shift-Mod-k")]),
  ];
}

/** Indent a selection; without one write up to the next tab stop. */
const insertTab: Command = (view) => {
  const { state } = view;
  if (state.readOnly) return false;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  const unit = state.facet(indentUnit).length;
  const change = state.changeByRange((range) => {
    const column = range.head - state.doc.lineAt(range.head).from;
    const insert = " ".repeat(unit - (column % unit));
    return { changes: { from: range.head, insert }, range: EditorSelection.cursor(range.head + insert.length) };
  });
  view.dispatch(state.update(change, { userEvent: "input.indent", scrollIntoView: true }));
  return true;
};
