/** Owns the worker: loads the engine, answers one order after the other. Whoever started it ends it when it hangs. */
import start from "@ironcalc/wasm";
import wasm from "@ironcalc/wasm/wasm_bg.wasm";
import { Computing } from "./computing";
import type { Answer, ChangedValue, Order } from "./workbook";

declare const self: {
  postMessage(answer: Answer): void;
  onmessage: ((event: { data: Order }) => void) | null;
  readonly location: { readonly href: string };
};

let computing: Computing | null = null;
const ready = start({ module_or_path: new URL(wasm, self.location.href) });

self.onmessage = async ({ data: order }) => {
  try {
    await ready;
    self.postMessage({ turn: order.turn, changed: obey(order) });
  } catch (error) {
    // After a trap the engine's memory is in no known state: the page starts another worker.
    self.postMessage({ turn: order.turn, failed: String(error) });
  }
};

function obey(order: Order): ChangedValue[] {
  if (order.kind === "set") return computing?.set(order.cells) ?? [];
  computing?.close();
  computing = new Computing(order.workbook);
  return computing.start();
}
