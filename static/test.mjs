// Runs src/**/*.test.ts with node's test runner: bundled by esbuild first, because node does not read TypeScript of every kind.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { glob, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const entryPoints = await Array.fromAsync(glob("src/**/*.test.ts", { cwd: here }));
const outdir = await mkdtemp(join(tmpdir(), "pages-test-"));
try {
  await build({
    absWorkingDir: here,
    entryPoints,
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    loader: { ".css": "empty", ".wasm": "file" },
    define: { CATALOGUE_FOLDER: JSON.stringify(join(here, "locales")), FORMULA_WORKER: '""', SOURCE_FOLDER: JSON.stringify(join(here, "src")) },
    logLevel: "warning",
  });
  const files = await Array.fromAsync(glob("**/*.mjs", { cwd: outdir }));
  const run = spawnSync(process.execPath, ["--test", ...files.map((file) => join(outdir, file))], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(outdir, { recursive: true, force: true });
}
