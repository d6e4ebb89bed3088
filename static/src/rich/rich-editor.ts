/** Owns the editor of rich documents: ProseMirror on the shared tree, and what belongs to a document, for the editor page. */
import { baseKeymap } from "prosemirror-commands";
import { keymap } from "prosemirror-keymap";
import { DOMSerializer, type Node } from "prosemirror-model";
import { EditorState, Plugin, Selection, TextSelection } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { initProseMirrorDoc, redo, relativePositionToAbsolutePosition, undo, yCursorPlugin, ySyncPlugin, ySyncPluginKey, yUndoPlugin } from "y-prosemirror";
import type * as Y from "yjs";
import type { Copy, Editor, EditorHost, Heading, Outline, PeoplePlaces, StatusItem } from "../editor/contract";
import type { Command } from "../shell/commands";
import { h } from "../shell/dom";
import { t } from "../shell/i18n";
import type { Peer } from "../sync/peers";
import { caretOf, selectionOf } from "./carets";
import { FindBar, findPlugin } from "./find";
import { listsOf, richKeys, richRules } from "./keys";
import { Looks } from "./looks";
import { keepKnown } from "./paste";
import "./rich.css";
import { schema, SCHEMA_VERSION } from "./schema";
import { tablePlugin } from "./tables";
import { Toolbar } from "./toolbar";
import { nodeViews } from "./views";

export function create(host: EditorHost): Editor {
  return new RichEditor(host);
}

class RichEditor implements Editor {
  readonly element = h("div", { class: "rich-editor" });
  readonly outline: Outline = { headings: () => this.headings(), current: () => this.currentHeading(), goTo: (index) => this.goToHeading(index) };
  readonly people: PeoplePlaces = { show: (peer) => this.showPeer(peer, false), goTo: (peer) => this.showPeer(peer, true) };
  readonly commands: readonly Command[];
  private readonly view: EditorView;
  private readonly looks: Looks;
  private readonly toolbar: Toolbar;
  private readonly findBar: FindBar;
  private readonly page = h("div", { class: "rich-page" });
  private readOnly = true;
  private words = 0;
  private counting: number | undefined;

  constructor(private readonly host: EditorHost) {
    const { doc, provider } = host.live;
    const body = doc.getXmlFragment("body");
    const { doc: first, mapping } = initProseMirrorDoc(body, schema);
    this.looks = new Looks(doc.getMap("styles"), doc.getMap("meta"), ".rich-page");
    const lists = (): ReturnType<typeof listsOf> => listsOf(doc.getMap("meta"));
    const state = EditorState.create({
      doc: first,
      schema,
      plugins: [
        ySyncPlugin(body, { mapping }),
        yCursorPlugin(provider.awareness, { cursorBuilder: caretOf(provider.awareness), selectionBuilder: selectionOf }),
        yUndoPlugin(),
        findPlugin(),
        richRules(lists),
        richKeys(lists, this.looks),
        keymap({ "Mod-z": undo, "Mod-y": redo, "Mod-Shift-z": redo }),
        tablePlugin(),
        keymap(baseKeymap),
        emptyDocument(),
      ],
    });
    this.view = new EditorView(this.page, {
      state,
      editable: () => !this.readOnly && this.matches(),
      nodeViews: nodeViews(host),
      attributes: { class: "rich-body", role: "textbox", "aria-multiline": "true", "aria-label": t("rich.label", { name: host.name }) },
      transformPasted: (slice) => keepKnown(slice, doc.getMap("sources")),
      dispatchTransaction: (transaction) => this.apply(transaction),
    });
    this.toolbar = new Toolbar(this.view, this.looks, lists);
    this.findBar = new FindBar(this.view);
    this.element.append(this.toolbar.element, this.findBar.element, h("div", { class: "rich-scroll" }, this.page));
    doc.getMap("meta").observe(this.onMeta);
    body.observeDeep(this.onBody);
    this.commands = this.toolbar.commands();
    this.countSoon();
  }

  setReadOnly(readOnly: boolean): void {
    this.readOnly = readOnly;
    this.onMeta();
  }

  focus(): void {
    this.view.focus();
  }

  undo(): void {
    undo(this.view.state);
  }

  redo(): void {
    redo(this.view.state);
  }

  find(): void {
    this.findBar.open();
  }

  status(): readonly StatusItem[] {
    const items: StatusItem[] = [{ id: "words", text: t("rich.words", { count: this.words }) }];
    return this.matches() ? items : [{ id: "schema", text: t("rich.other_version") }, ...items];
  }

  copyOfContent(): Copy {
    const page = document.implementation.createHTMLDocument(this.host.name);
    page.body.append(DOMSerializer.fromSchema(schema).serializeFragment(this.view.state.doc.content, { document: page }));
    const content = new Blob([`<!doctype html>\n${page.documentElement.outerHTML}`], { type: "text/html;charset=utf-8" });
    return { name: `${this.host.name}.html`, content };
  }

  destroy(): void {
    window.clearTimeout(this.counting);
    this.host.live.doc.getMap("meta").unobserve(this.onMeta);
    this.host.live.doc.getXmlFragment("body").unobserveDeep(this.onBody);
    this.looks.destroy();
    this.view.destroy();
  }

  /** Whether this page knows the schema that the document was made with. */
  private matches(): boolean {
    const version = this.host.live.doc.getMap("meta").get("schema");
    return version === undefined || version === SCHEMA_VERSION;
  }

  private readonly onMeta = (): void => {
    const writes = !this.readOnly && this.matches();
    this.view.setProps({ editable: () => writes });
    this.toolbar.setEnabled(writes);
    this.host.statusChanged();
  };

  /** Who else wrote, for status bar and screen reader. */
  private readonly onBody = (_events: unknown, transaction: Y.Transaction): void => {
    if (transaction.local) return;
    const clients = [...transaction.afterState].filter(([client, clock]) => (transaction.beforeState.get(client) ?? 0) < clock).map(([client]) => client);
    if (clients.length > 0) this.host.edited(clients, null);
  };

  private apply(transaction: Parameters<NonNullable<EditorView["props"]["dispatchTransaction"]>>[0]): void {
    this.view.updateState(this.view.state.apply(transaction));
    // The first transactions come while this object is being made.
    (this.toolbar as Toolbar | undefined)?.refresh();
    if (transaction.docChanged) {
      this.countSoon();
      this.host.outlineChanged();
    } else if (transaction.selectionSet) this.host.outlineChanged();
  }

  private countSoon(): void {
    window.clearTimeout(this.counting);
    this.counting = window.setTimeout(() => {
      this.words = this.view.state.doc.textBetween(0, this.view.state.doc.content.size, " ", " ").split(/\s+/u).filter(Boolean).length;
      this.host.statusChanged();
    }, 400);
  }

  // -- outline --

  private places(): { title: string; level: number; position: number }[] {
    const found: { title: string; level: number; position: number }[] = [];
    this.view.state.doc.descendants((node: Node, position) => {
      if (node.type.name === "heading" && node.textContent.trim()) found.push({ title: node.textContent.trim(), level: Number(node.attrs.level) || 1, position });
      return !node.isTextblock;
    });
    return found;
  }

  private headings(): readonly Heading[] {
    return this.places().map(({ title, level }) => ({ title, level }));
  }

  private currentHeading(): number {
    const { from } = this.view.state.selection;
    return this.places().findLastIndex(({ position }) => position <= from);
  }

  private goToHeading(index: number): void {
    const place = this.places()[index];
    if (place) this.goTo(place.position + 1);
  }

  private goTo(position: number, focus = true): void {
    const { state } = this.view;
    const selection = TextSelection.near(state.doc.resolve(Math.min(position, state.doc.content.size)));
    this.view.dispatch(state.tr.setSelection(selection).scrollIntoView());
    if (focus) this.view.focus();
  }

  // -- people --

  private showPeer(peer: Peer, go: boolean): void {
    const sync = ySyncPluginKey.getState(this.view.state);
    if (!peer.cursor || !sync) return;
    const position = relativePositionToAbsolutePosition(sync.doc, sync.type, peer.cursor.head, sync.binding.mapping);
    if (position === null) return;
    if (go) return this.goTo(position);
    const { node } = this.view.domAtPos(position);
    (node instanceof Element ? node : node.parentElement)?.scrollIntoView({ block: "center" });
  }
}

/** A document without a block gets one when somebody writes; never by itself, or two openers would add two. */
function emptyDocument(): Plugin {
  const begin = (view: EditorView): boolean => {
    if (view.state.doc.childCount > 0 || !view.editable) return false;
    const { tr } = view.state;
    tr.insert(0, schema.node("paragraph"));
    view.dispatch(tr.setSelection(Selection.atStart(tr.doc)));
    return false;
  };
  return new Plugin({ props: { handleDOMEvents: { beforeinput: begin, mousedown: begin } } });
}

