// The formula worker under the real policies: of the page, and of its own script. Run by test_formula_worker.py.
import assert from "node:assert/strict";
import { runCases } from "./driver.mjs";

const { worker } = JSON.parse(process.argv[2]);

/** Runs in the page: one order to a fresh worker, and its answer. */
function asked({ address, workbook }) {
  const policy = globalThis.trustedTypes?.createPolicy("formula-worker", { createScriptURL: (url) => url });
  const started = new Worker(policy?.createScriptURL(address) ?? address, { type: "module" });
  return new Promise((resolve, reject) => {
    started.onmessage = ({ data }) => resolve(data);
    started.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    started.postMessage({ kind: "load", turn: 1, workbook });
  });
}

await runCases({
  "the worker starts, compiles its engine and computes": {
    async run(page) {
      const cells = [[0, 0, { value: 20 }], [1, 0, { formula: "SUM(A1:A1)*2+2" }]];
      const workbook = { sheets: [{ id: "s1", name: "Sheet 1", cells, edited: [[0, 0]] }] };
      const answer = await page.evaluate(asked, { address: worker, workbook });
      assert.deepEqual(answer, { turn: 1, changed: [{ sheet: "s1", row: 1, col: 0, value: { kind: "number", value: 42 } }] });
    },
  },
  "the page itself may compile nothing": {
    async run(page) {
      const module = [0, 97, 115, 109, 1, 0, 0, 0];
      const outcome = await page.evaluate((bytes) => WebAssembly.compile(new Uint8Array(bytes)).then(() => "done", (error) => error.name), module);
      assert.equal(outcome, "CompileError");
    },
  },
});
