/** Owns the commands of a notebook with JupyterLab's keys, and which key means which in command and in edit mode. */
import { keyText, matchesKey, type Command } from "../shell/commands";
import { t, type MessageKey } from "../shell/i18n";
import type { Actions } from "./actions";

export interface NotebookCommand {
  readonly id: string;
  readonly label: MessageKey;
  /** In command mode; two letters are pressed one after the other. */
  readonly keys?: readonly string[];
  /** In both modes. */
  readonly anywhere?: readonly string[];
  /** Not for who may only read. */
  readonly writes?: boolean;
  /** Stands in the palette. */
  readonly listed?: boolean;
  readonly run: () => void;
}

const SEQUENCE_MS = 800;

export function notebookCommands(actions: Actions): NotebookCommand[] {
  const writes = true;
  return [
    { id: "nb-run-next", label: "notebook.run_next", anywhere: ["Shift+Enter"], run: () => actions.run("next") },
    { id: "nb-run", label: "notebook.run", anywhere: ["Mod+Enter", "Ctrl+Enter"], run: () => actions.run("stay") },
    { id: "nb-run-insert", label: "notebook.run_insert", anywhere: ["Alt+Enter"], writes, run: () => actions.run("insert") },
    { id: "nb-run-all", label: "notebook.run_all", run: () => actions.runAll() },
    { id: "nb-interrupt", label: "notebook.interrupt", keys: ["i i"], run: () => actions.interrupt() },
    { id: "nb-restart", label: "notebook.restart", keys: ["0 0"], run: () => actions.restart() },
    { id: "nb-kernel", label: "notebook.kernel_connect", run: () => actions.connect() },
    { id: "nb-edit", label: "notebook.edit", keys: ["Enter"], listed: false, run: () => actions.edit() },
    { id: "nb-command", label: "notebook.command_mode", anywhere: ["Escape", "Ctrl+M"], listed: false, run: () => actions.leaveText() },
    { id: "nb-up", label: "notebook.up", keys: ["ArrowUp", "k"], listed: false, run: () => actions.step(-1) },
    { id: "nb-down", label: "notebook.down", keys: ["ArrowDown", "j"], listed: false, run: () => actions.step(1) },
    { id: "nb-extend-up", label: "notebook.extend_up", keys: ["Shift+ArrowUp", "Shift+k"], listed: false, run: () => actions.step(-1, true) },
    { id: "nb-extend-down", label: "notebook.extend_down", keys: ["Shift+ArrowDown", "Shift+j"], listed: false, run: () => actions.step(1, true) },
    { id: "nb-all", label: "notebook.select_all", keys: ["Mod+A"], run: () => actions.selectAll() },
    { id: "nb-first", label: "notebook.first", keys: ["Home", "Mod+ArrowUp", "Mod+Home"], listed: false, run: () => actions.toEnd(-1) },
    { id: "nb-last", label: "notebook.last", keys: ["End", "Mod+ArrowDown", "Mod+End"], listed: false, run: () => actions.toEnd(1) },
    { id: "nb-above", label: "notebook.add_above", keys: ["a"], writes, run: () => actions.add(0) },
    { id: "nb-below", label: "notebook.add_below", keys: ["b"], writes, run: () => actions.add(1) },
    { id: "nb-cut", label: "notebook.cut", keys: ["x"], writes, run: () => actions.cut() },
    { id: "nb-copy", label: "notebook.copy", keys: ["c"], run: () => actions.copy() },
    { id: "nb-paste", label: "notebook.paste", keys: ["v"], writes, run: () => actions.paste(1) },
    { id: "nb-paste-above", label: "notebook.paste_above", keys: ["Shift+v"], writes, run: () => actions.paste(0) },
    { id: "nb-delete", label: "notebook.delete", keys: ["d d"], writes, run: () => actions.remove() },
    { id: "nb-undo", label: "command.undo", keys: ["z", "Mod+Z"], writes, listed: false, run: () => actions.undo() },
    { id: "nb-redo", label: "command.redo", keys: ["Shift+z", "Mod+Shift+Z", "Mod+Y"], writes, listed: false, run: () => actions.redo() },
    { id: "nb-move-up", label: "notebook.move_up", anywhere: ["Ctrl+Shift+ArrowUp"], writes, run: () => actions.move(-1) },
    { id: "nb-move-down", label: "notebook.move_down", anywhere: ["Ctrl+Shift+ArrowDown"], writes, run: () => actions.move(1) },
    { id: "nb-split", label: "notebook.split", anywhere: ["Ctrl+_"], writes, run: () => actions.split() },
    { id: "nb-merge", label: "notebook.merge", keys: ["Shift+m"], writes, run: () => actions.merge() },
    { id: "nb-merge-above", label: "notebook.merge_above", keys: ["Mod+Backspace"], writes, listed: false, run: () => actions.mergeWith(-1) },
    { id: "nb-merge-below", label: "notebook.merge_below", keys: ["Mod+Shift+M"], writes, listed: false, run: () => actions.mergeWith(1) },
    { id: "nb-code", label: "notebook.to_code", keys: ["y"], writes, run: () => actions.changeType("code") },
    { id: "nb-markdown", label: "notebook.to_markdown", keys: ["m"], writes, run: () => actions.changeType("markdown") },
    { id: "nb-raw", label: "notebook.to_raw", keys: ["r"], writes, run: () => actions.changeType("raw") },
    ...[1, 2, 3, 4, 5, 6].map((level): NotebookCommand => ({ id: `nb-h${level}`, label: "notebook.heading", keys: [String(level)], writes, listed: false, run: () => actions.heading(level) })),
    { id: "nb-fold-source", label: "notebook.fold_source", writes, run: () => actions.fold("source") },
    { id: "nb-fold-outputs", label: "notebook.fold_outputs", keys: ["o"], writes, run: () => actions.fold("outputs") },
    { id: "nb-clear", label: "notebook.clear_outputs", writes, run: () => actions.clearOutputs() },
    { id: "nb-lines", label: "notebook.line_numbers", keys: ["Shift+l"], run: () => actions.toggleLineNumbers() },
    { id: "nb-scroll-down", label: "notebook.scroll", keys: [" "], listed: false, run: () => actions.scroll(1) },
    { id: "nb-scroll-up", label: "notebook.scroll", keys: ["Shift+ "], listed: false, run: () => actions.scroll(-1) },
  ];
}

/** For the palette and the help; the notebook listens for the keys itself. */
export function listedCommands(commands: readonly NotebookCommand[], mayWrite: () => boolean): Command[] {
  return commands.filter(({ listed }) => listed !== false).map(({ id, label, keys, anywhere, writes, run }) => ({
    id,
    label: t(label),
    group: t("notebook.group"),
    keys: [...(anywhere ?? []).slice(0, 1), ...(keys ?? []).slice(0, 1).map((key) => (key.length === 3 && key[1] === " " ? key.toUpperCase().replace(" ", ", ") : key.replace(/[a-z]$/, (letter) => letter.toUpperCase())))],
    handledElsewhere: true,
    enabled: () => !writes || mayWrite(),
    run,
  }));
}

/** Which key stands beside a command in a menu or on a button. */
export function keyOf(commands: readonly NotebookCommand[], id: string): string | undefined {
  const command = commands.find((item) => item.id === id);
  const key = command?.anywhere?.[0] ?? command?.keys?.[0];
  return key === undefined ? undefined : /^\S \S$/.test(key) ? key.toUpperCase().replace(" ", ", ") : keyText(key.replace(/\b[a-z]$/, (letter) => letter.toUpperCase()));
}

export class NotebookKeys {
  private pending = "";
  private pendingAt = 0;

  constructor(private readonly commands: readonly NotebookCommand[]) {}

  /** The command that a key means now, null when none does. `typing`: the keyboard is in a text. */
  find(event: KeyboardEvent, typing: boolean): NotebookCommand | null {
    const anywhere = this.commands.find((item) => item.anywhere?.some((key) => matchesKey(event, key)));
    if (anywhere || typing) return anywhere ?? null;
    const before = event.timeStamp - this.pendingAt < SEQUENCE_MS ? this.pending : "";
    this.pending = "";
    const sequence = this.commands.find((item) => before !== "" && item.keys?.includes(`${before} ${event.key}`));
    if (sequence) return sequence;
    if (this.begins(event)) {
      this.pending = event.key;
      this.pendingAt = event.timeStamp;
      return null;
    }
    return this.commands.find((item) => item.keys?.some((key) => single(key) && matchesKey(event, key))) ?? null;
  }

  private begins(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    return this.commands.some((item) => item.keys?.some((key) => /^\S \S$/.test(key) && key[0] === event.key));
  }
}

function single(key: string): boolean {
  return !/^\S \S$/.test(key);
}
