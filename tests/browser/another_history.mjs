// A document whose history was replaced while somebody was away: their edits are kept aside. Run by test_another_history.py.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertAccessible, runCases } from "./driver.mjs";
import { banner, button, content, open, ready, stateIs, textIs, typeAtEnd } from "./editor_steps.mjs";

const { python } = JSON.parse(process.argv[2]);
const TRIES = 600;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that may be stopped, changed behind its back and started again on the same port. */
async function makeServer(text) {
  const [folder, data, port] = [mkdtempSync(join(tmpdir(), "files-")), mkdtempSync(join(tmpdir(), "data-")), await freePort()];
  const base = `http://127.0.0.1:${port}`;
  writeFileSync(join(folder, "a.md"), text);
  let child;
  const start = async () => {
    child = spawn(python, ["-m", "collab", "serve", folder, "--port", String(port), "--data", data], { stdio: "ignore" });
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the server does not start");
  };
  const stop = () => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", resolve);
    child.kill("SIGTERM");
  });
  const replaceHistory = (words) => {
    const made = spawnSync(python, ["-m", "tests.browser.another_history", data, words], { encoding: "utf8" });
    assert.equal(made.stdout.trim(), "1", made.stderr);
  };
  await start();
  return { address: `${base}/edit/a.md`, disk: join(folder, "a.md"), start, stop, replaceHistory };
}

/** Someone writes while the server is away; meanwhile the document gets another history. */
async function writeAway(page, server, words) {
  await open(page, server.address);
  await stateIs(page, "state.stored_at");
  await server.stop();
  await page.locator('.state-line[data-key^="state.offline"], .state-line[data-key^="state.restarting"]').first().waitFor();
  await typeAtEnd(page, words);
  await stateIs(page, "state.offline_kept");
  writeFileSync(server.disk, "restored\n");
  server.replaceHistory("restored\n");
  await server.start();
}

async function withServer(work) {
  const server = await makeServer("one\n");
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

await runCases({
  "4409: what was written for the old history is offered, inserted and then gone": {
    path: "about:blank",
    run: (page) => withServer(async (server) => {
      await writeAway(page, server, "written on the train");
      await banner(page, "aside").waitFor();
      await textIs(page, "restored\n");
      await ready(page);
      await banner(page, "aside").getByRole("button", { name: "Compare and insert" }).click();
      const dialog = page.getByRole("dialog", { name: "Your offline edits" });
      await dialog.getByText("written on the train").waitFor();
      await assertAccessible(page);
      await button(page, "Insert").click();
      await button(page, "Inserted").waitFor();
      await dialog.getByRole("button", { name: "Discard" }).click();
      await banner(page, "aside").waitFor({ state: "detached" });
      assert.match(await content(page).textContent(), /written on the train/);
      await stateIs(page, "state.stored_at");
      assert.match(readFileSync(server.disk, "utf8"), /^restored\n[^]*written on the train/);
      await page.reload();
      await ready(page);
      await stateIs(page, "state.stored_at");
      assert.equal(await banner(page, "aside").count(), 0);
    }),
  },
  "4409: without edits of one's own the new history simply comes": {
    path: "about:blank",
    run: (page) => withServer(async (server) => {
      await open(page, server.address);
      await stateIs(page, "state.stored_at");
      await server.stop();
      writeFileSync(server.disk, "restored\n");
      server.replaceHistory("restored\n");
      await server.start();
      await textIs(page, "restored\n");
      await ready(page);
      assert.equal(await banner(page, "aside").count(), 0);
    }),
  },
});
