/** Owns the way of a kernel's outputs into the shared notebook: gathered for a moment, then one transaction; bounded. */
import * as Y from "yjs";
import { overwritten } from "./ansi";
import { RAN_HERE } from "./changes";
import { outputOf, type KernelMessage } from "./kernel-messages";
import { outputsOf, outputType, record, type Plain, type YCell } from "./schema";

const GATHER_MS = 60;
/** Characters of text and data that one run may write; the rest is told and left out. */
const MOST_CHARACTERS = 8_000_000;
const MOST_OUTPUTS = 5_000;
/** Characters of a stream that wait for their moment; what a return at their beginning writes over is known only then. */
const MOST_GATHERED = 1_000_000;

type Step = { readonly output: Plain; readonly displayId: string | null } | { readonly clear: true } | { readonly update: string; readonly output: Plain };

export class OutputWriter {
  private steps: Step[] = [];
  private timer: number | undefined;
  private clearNext = false;
  private written = 0;
  private full = false;
  private readonly displays = new Map<string, Y.Map<unknown>>();

  /** `tooMuch` is the sentence that stands for what is left out. */
  constructor(private readonly doc: Y.Doc, private readonly cell: YCell, private readonly tooMuch: string) {}

  /** Take what the kernel says of the run; answers whether it is about outputs. */
  take(message: KernelMessage): boolean {
    if (message.type === "clear_output") {
      if (message.content.wait === true) this.clearNext = true;
      else this.add({ clear: true });
      return true;
    }
    const output = outputOf(message);
    if (!output) return false;
    const id = record(message.content.transient).display_id;
    const displayId = typeof id === "string" ? id : null;
    if (message.type === "update_display_data") {
      if (displayId) this.add({ update: displayId, output });
      return true;
    }
    if (this.clearNext) this.add({ clear: true });
    this.clearNext = false;
    this.add({ output, displayId });
    return true;
  }

  /** Write what was gathered. */
  flush(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    const { steps } = this;
    const outputs = outputsOf(this.cell);
    this.steps = [];
    if (steps.length === 0 || !outputs?.doc) return; // the cell was deleted meanwhile
    this.doc.transact(() => steps.forEach((step) => this.write(step, outputs)), RAN_HERE);
  }

  private add(step: Step): void {
    const last = this.steps.at(-1);
    if ("output" in step && "displayId" in step && last && "displayId" in last && isSameStream(step.output, last.output)) {
      const text = String(last.output.text) + String(step.output.text);
      this.steps[this.steps.length - 1] = { output: { ...last.output, text }, displayId: null };
      if (text.length > MOST_GATHERED) this.flush();
    } else {
      this.steps.push(step);
    }
    this.timer ??= window.setTimeout(() => this.flush(), GATHER_MS);
  }

  private write(step: Step, outputs: Y.Array<unknown>): void {
    if ("clear" in step) {
      outputs.delete(0, outputs.length);
      this.displays.clear();
      return;
    }
    if ("update" in step) return this.replace(this.displays.get(step.update), step.output);
    if (this.full) return;
    this.written += JSON.stringify(step.output).length;
    this.full = this.written > MOST_CHARACTERS || outputs.length >= MOST_OUTPUTS;
    const output = this.full ? { output_type: "stream", name: "stderr", text: `\n${this.tooMuch}\n` } : step.output;
    const last: unknown = outputs.length > 0 ? outputs.get(outputs.length - 1) : null;
    if (last instanceof Y.Map && isSameStream(output, record({ output_type: last.get("output_type"), name: last.get("name") }))) {
      const text = last.get("text");
      if (text instanceof Y.Text) return appendStream(text, String(output.text));
    }
    const map = outputType(output.output_type === "stream" ? { ...output, text: continued("", String(output.text)) } : output);
    outputs.push([map]);
    if (step.displayId) this.displays.set(step.displayId, map);
  }

  private replace(map: Y.Map<unknown> | undefined, output: Plain): void {
    map?.set("data", output.data);
    map?.set("metadata", output.metadata);
  }
}

function isSameStream(left: Plain, right: Plain): boolean {
  return left.output_type === "stream" && right.output_type === "stream" && left.name === right.name;
}

/** Add to a stream; what a carriage return writes over is replaced, so that a progress bar stays one line. */
export function appendStream(text: Y.Text, more: string): void {
  if (!/[\r\u0008]/.test(more)) return text.insert(text.length, more);
  const before = text.toString();
  const start = before.lastIndexOf("\n") + 1;
  const old = before.slice(start);
  const next = continued(old, more);
  let same = 0;
  while (same < Math.min(old.length, next.length) && old[same] === next[same]) same += 1;
  if (same < old.length) text.delete(start + same, old.length - same);
  if (same < next.length) text.insert(start + same, next.slice(same));
}

/** A line and what follows it, as shown. A return at the very end writes over with the next text: it stays until then. */
function continued(line: string, more: string): string {
  return overwritten(line + more.replace(/\r$/, "")) + (more.endsWith("\r") ? "\r" : "");
}
