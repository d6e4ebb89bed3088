/** Owns the text editor: CodeMirror on a Y.Text with our keys, manners and looks. Knows no server and no page around it. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionSource } from "@codemirror/autocomplete";
import { defaultKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorSelection, EditorState, type Extension } from "@codemirror/state";
import {
  EditorView, crosshairCursor, drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars,
  keymap, lineNumbers, placeholder, rectangularSelection, type Command,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { icon } from "../shell/icons";
import { adoptStyles } from "./adopt-styles";
import { bindingOf, textOf } from "./binding";
import { changeMarks } from "./change-marks";
import { cursorsOf } from "./cursors";
import { languageOf, type Manners } from "./languages";
import { textTheme } from "./theme";
import { OwnUndo } from "./undo";

export interface TextEditorOptions {
  readonly parent: HTMLElement;
  readonly ytext: Y.Text;
  readonly awareness: Awareness;
  readonly format: string;
  readonly path: string;
  readonly readOnly: boolean;
  /** What a screen reader calls the text. */
  readonly label: string;
  readonly emptyHint: string;
  /** Words of CodeMirror's own panels. */
  readonly phrases: Readonly<Record<string, string>>;
  readonly completions?: readonly CompletionSource[];
  readonly extensions?: Extension;
}

export interface TextEditor {
  readonly view: EditorView;
  readonly languageName: string;
  readonly manners: Manners;
  setReadOnly(readOnly: boolean): void;
  setWrap(wrap: boolean): void;
  readonly wraps: boolean;
  undo(): void;
  redo(): void;
  find(): void;
  /** Put the cursor there and show it; the focus goes along. */
  goTo(position: number): void;
  destroy(): void;
}

let adopted = false;

export function createTextEditor(options: TextEditorOptions): TextEditor {
  if (!adopted) adoptStyles();
  adopted = true;
  const { name, manners, load } = languageOf(options.format, options.path);
  const language = new Compartment();
  const access = new Compartment();
  const wrapping = new Compartment();
  const undo = new OwnUndo(options.ytext);
  let wraps = manners.wrap;
  const view = new EditorView({
    parent: options.parent,
    doc: textOf(options.ytext),
    extensions: [
      // A lone or paired \r is a character here as it is in the Y.Text: places must agree.
      EditorState.lineSeparator.of("\n"),
      access.of(accessOf(options.readOnly)),
      bindingOf(options.ytext, undo.beforeEdit),
      cursorsOf(options.ytext, options.awareness),
      undo.extension(),
      options.extensions ?? [],
      habits(manners),
      completionsOf(options.completions),
      wrapping.of(wraps ? EditorView.lineWrapping : []),
      language.of([]),
      labels(options, manners),
      changeMarks,
      textTheme,
    ],
  });
  undo.attach(view);
  void load?.().then((extension) => view.dispatch({ effects: language.reconfigure(extension) }));
  return {
    view,
    languageName: name,
    manners,
    setReadOnly: (readOnly) => view.dispatch({ effects: access.reconfigure(accessOf(readOnly)) }),
    setWrap: (wrap) => {
      wraps = wrap;
      view.dispatch({ effects: wrapping.reconfigure(wrap ? EditorView.lineWrapping : []) });
    },
    get wraps() {
      return wraps;
    },
    undo: () => void undo.undo(),
    redo: () => void undo.redo(),
    find: () => void openSearchPanel(view),
    goTo: (position) => goTo(view, position),
    destroy: () => {
      undo.destroy();
      view.destroy();
    },
  };
}

/** A reader may still put the cursor into the text, select and search. */
function accessOf(readOnly: boolean): Extension {
  return [EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ "aria-readonly": String(readOnly) })];
}

function habits(manners: Manners): Extension {
  return [
    lineNumbers(),
    foldGutter({ markerDOM: foldMarker }),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    highlightSelectionMatches(),
    drawSelection(),
    dropCursor(),
    rectangularSelection(),
    crosshairCursor(),
    EditorState.allowMultipleSelections.of(true),
    EditorState.tabSize.of(manners.tabSize),
    indentUnit.of(manners.hardTabs ? "\t" : " ".repeat(manners.tabSize)),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    search({ top: true }),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
    keymap.of([
      { key: "Tab", run: insertTab, shift: indentLess },
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...foldKeymap,
      ...completionKeymap,
    ]),
  ];
}

function foldMarker(open: boolean): HTMLElement {
  const marker = icon(open ? "chevronDown" : "chevronRight", 14);
  marker.classList.toggle("is-folded", !open);
  const holder = document.createElement("span");
  holder.append(marker);
  return holder;
}

/** Indent a selection; without one write up to the next tab stop. Escape, then Tab leaves the editor. */
const insertTab: Command = (view) => {
  const { state } = view;
  if (state.readOnly) return false;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  const unit = state.facet(indentUnit);
  const change = state.changeByRange((range) => {
    const column = range.head - state.doc.lineAt(range.head).from;
    const insert = unit === "\t" ? unit : " ".repeat(unit.length - (column % unit.length));
    return { changes: { from: range.head, insert }, range: EditorSelection.cursor(range.head + insert.length) };
  });
  view.dispatch(state.update(change, { userEvent: "input.indent", scrollIntoView: true }));
  return true;
};

function completionsOf(sources: readonly CompletionSource[] | undefined): Extension {
  return sources ? autocompletion({ override: [...sources], icons: false }) : autocompletion({ icons: false });
}

function labels(options: TextEditorOptions, manners: Manners): Extension {
  const spelling = manners.prose ? { spellcheck: "true", autocorrect: "on", autocapitalize: "sentences" } : { spellcheck: "false" };
  return [
    EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0", ...spelling }),
    placeholder(options.emptyHint),
    EditorState.phrases.of(options.phrases),
  ];
}

function goTo(view: EditorView, position: number): void {
  const anchor = Math.min(position, view.state.doc.length);
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "start", yMargin: 48 }) });
  view.focus();
}
