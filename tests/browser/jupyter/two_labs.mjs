// Unmodified JupyterLabs, each with its own Jupyter server and kernel, in one notebook. Run by test_two_labs.py.
// argv: {labs: [{url, path}], file, server: {command, ready} or null, restarts}, browser. One JSON line for each check.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../static/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [setting, executablePath] = [JSON.parse(process.argv[2]), process.argv[3]];
const WAIT_MS = 90_000;
let running = null;

async function startServer() {
  if (!setting.server) return;
  const [program, ...options] = setting.server.command;
  const spawned = () => spawn(program, options, { stdio: "ignore", env: process.env, detached: true });
  running = spawned();
  await until(async () => {
    // What was killed may still hold its folder for a moment.
    if (running.exitCode !== null) running = spawned();
    return (await fetch(setting.server.ready)).ok;
  });
}

async function stopServer(signal) {
  if (!running || running.exitCode !== null) return;
  const gone = new Promise((resolve) => running.once("exit", resolve));
  process.kill(signal === "SIGKILL" ? -running.pid : running.pid, signal); // as a power cut: its workers, too
  await gone;
}

async function until(reached, told = () => "") {
  const end = Date.now() + WAIT_MS;
  let last = "";
  while (Date.now() < end) {
    try {
      if (await reached()) return;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never happened: ${reached} ${last} ${await told()}`);
}

class Lab {
  constructor(page, { url, path }) {
    Object.assign(this, { page, url, path });
  }

  async open() {
    await this.page.goto(this.url);
    await this.page.waitForFunction(() => globalThis.jupyterapp?.started, null, { timeout: WAIT_MS });
    await this.page.evaluate(() => globalThis.jupyterapp.started);
    await this.page.evaluate((path) => void globalThis.jupyterapp.commands.execute("docmanager:open", { path }), this.path);
    await until(async () => (await this.sources()).length > 0);
    await until(() => this.page.evaluate(() => globalThis.jupyterapp.shell.currentWidget.context.isReady));
  }

  /** The cells as this tab has them. */
  sources() {
    return this.page.evaluate(() =>
      globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel.cells.map((cell) => cell.getSource()),
    );
  }

  outputs() {
    return this.page.evaluate(() =>
      JSON.stringify(
        globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel.cells.map((cell) =>
          cell.cell_type === "code" ? cell.getOutputs() : [],
        ),
      ),
    );
  }

  async type(text) {
    await this.page.locator(".jp-Notebook .jp-Cell .cm-content").first().click();
    await this.page.keyboard.press("Control+End");
    await this.page.keyboard.type(text, { delay: 20 });
  }

  command(name) {
    return this.page.evaluate((id) => globalThis.jupyterapp.commands.execute(id), name);
  }

  dialogs() {
    return this.page.locator(".jp-Dialog").allTextContents();
  }

  /** Let it choose its kernel. */
  async answerKernel() {
    const dialog = this.page.locator(".jp-Dialog", { hasText: "Select Kernel" });
    if (await dialog.count()) await dialog.locator(".jp-mod-accept").click();
  }
}

const cases = {
  "typing reaches the other within a moment, both ways": async (labs) => {
    const times = [];
    for (const [from, to] of [labs, labs.toReversed()]) {
      for (let round = 0; round < 10; round += 1) {
        const mark = `#${times.length}.`;
        const began = Date.now();
        await from.page.evaluate((text) => {
          const cell = globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel.cells[0];
          cell.updateSource(cell.getSource().length, cell.getSource().length, text);
        }, mark);
        await to.page.waitForFunction(
          (text) => globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel.cells[0].getSource().includes(text),
          mark,
          { timeout: WAIT_MS, polling: 5 },
        );
        times.push(Date.now() - began);
      }
    }
    times.sort((a, b) => a - b);
    return `median ${times[times.length / 2]} ms, worst ${times.at(-1)} ms`;
  },

  "cells that are added and deleted are the same for both": async ([ann, bob]) => {
    const before = (await ann.sources()).length;
    await ann.command("notebook:insert-cell-below");
    await until(async () => (await bob.sources()).length === before + 1);
    await bob.page.evaluate(() => {
      const model = globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel;
      model.deleteCell(model.cells.length - 1);
    });
    await until(async () => (await ann.sources()).length === before);
    assert.deepEqual(await ann.sources(), await bob.sources());
  },

  "what one runs the other sees": async ([ann, bob]) => {
    await ann.answerKernel();
    await ann.page.evaluate(() => {
      const model = globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel;
      model.insertCell(0, { cell_type: "code", source: "print('ran ' + str(6 * 7))", metadata: {}, outputs: [] });
      const content = globalThis.jupyterapp.shell.currentWidget.content;
      content.activeCellIndex = 0;
      content.deselectAll();
    });
    await until(async () => {
      await ann.answerKernel();
      return ann.page.evaluate(() => globalThis.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === "idle");
    });
    await ann.command("notebook:run-cell");
    await until(async () => (await bob.outputs()).includes("ran 42"));
  },

  "a save is answered, leaves a valid file and asks nothing": async ([ann, bob]) => {
    await ann.type("# saved");
    await ann.command("docmanager:save");
    await until(() => JSON.parse(readFileSync(setting.file)).cells[0].source.join("").includes("# saved"));
    await until(async () => {
      const hash = createHash("sha256").update(readFileSync(setting.file)).digest("hex");
      return bob.page.evaluate(
        (wanted) => globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel.ystate.get("hash") === wanted,
        hash,
      );
    });
    await bob.command("docmanager:save");
    for (const lab of [ann, bob]) assert.deepEqual(await lab.dialogs(), []);
    assert.ok(!readFileSync(setting.file, "utf8").includes('"trusted"'));
  },

  "a change of the file is merged and asks nothing": async ([ann, bob]) => {
    await ann.command("docmanager:save");
    const whole = JSON.parse(readFileSync(setting.file));
    whole.cells.push({ cell_type: "markdown", id: "outside", metadata: {}, source: ["from outside"] });
    writeFileSync(`${setting.file}.new`, `${JSON.stringify(whole, null, 1)}\n`);
    renameSync(`${setting.file}.new`, setting.file);
    for (const lab of [ann, bob]) await until(async () => (await lab.sources()).at(-1) === "from outside");
    await ann.command("docmanager:save");
    for (const lab of [ann, bob]) assert.deepEqual(await lab.dialogs(), []);
  },

  "restarts while both type lose nothing and double nothing": async ([ann, bob]) => {
    const typed = { a: 0, b: 0 };
    let over = false;
    const write = async (lab, letter, index) => {
      while (!over) {
        typed[letter] += 1;
        await lab.page.evaluate(
          ([text, at]) => {
            const cell = globalThis.jupyterapp.shell.currentWidget.context.model.sharedModel.cells[at];
            const end = cell.getSource().length;
            cell.updateSource(end, end, text);
          },
          [`<${letter}${typed[letter]}>`, index],
        );
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    };
    const writing = [write(ann, "a", 0), write(bob, "b", 1)];
    try {
      for (let round = 0; round < setting.restarts; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 700));
        await stopServer(round % 2 ? "SIGTERM" : "SIGKILL");
        await startServer();
      }
    } finally {
      over = true;
      await Promise.all(writing);
    }
    const wanted = (letter) => Array.from({ length: typed[letter] }, (_, at) => `<${letter}${at + 1}>`).join("");
    for (const lab of [ann, bob]) {
      await until(
        async () => {
          const [first, second] = await lab.sources();
          return first.includes(wanted("a")) && second.includes(wanted("b"));
        },
        async () => JSON.stringify(await lab.sources()).slice(0, 400),
      );
      const [first, second] = await lab.sources();
      assert.equal(first.split("<a1>").length, 2);
      assert.equal(second.split("<b1>").length, 2);
      assert.deepEqual(await lab.dialogs(), []);
    }
    await until(() => JSON.parse(readFileSync(setting.file)).cells[0].source.join("").includes(wanted("a")));
    return `${setting.restarts} restarts, ${typed.a + typed.b} edits`;
  },

  "after a silence both are still connected": async (labs) => {
    await new Promise((resolve) => setTimeout(resolve, setting.silence_ms));
    await cases["typing reaches the other within a moment, both ways"](labs);
  },
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  await startServer();
  const labs = [];
  for (const lab of setting.labs) labs.push(new Lab(await (await browser.newContext()).newPage(), lab));
  for (const lab of labs) await lab.open();
  for (const [name, run] of Object.entries(cases)) {
    const began = performance.now();
    let [problem, told] = [null, ""];
    try {
      told = (await run(labs)) ?? "";
    } catch (error) {
      problem = String(error.stack ?? error);
    }
    console.log(JSON.stringify({ name, problem, told, took_s: Math.round(performance.now() - began) / 1000 }));
  }
} finally {
  await browser.close();
  await stopServer("SIGTERM");
}
