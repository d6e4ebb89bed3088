// Owns the bundles: src/ -> ../collab/static (pages with hashed asset names, size gate, licences). Run by build.py.
import { build, context } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUTPUT = resolve(HERE, "../collab/static");
const STAGING = `${OUTPUT}.new`;
const ASSETS = join(STAGING, "assets");
const ASSET_URL = "/static/assets/";

/** Page -> its entry and the most it may weigh before it can be used (gzip, scripts and styles together). */
const PAGES = {
  start: { entry: "src/start.ts", title: "Files", limitKb: 60 },
  edit: { entry: "src/edit.ts", title: "Editor", limitKb: 100 },
  wopi: { entry: "src/wopi.ts", title: "Editor", limitKb: 100 },
  embed: { entry: "src/embed.ts", title: "Editor", limitKb: 100 },
  share: { entry: "src/share.ts", title: "Shared document", limitKb: 40 },
};

/** Editors that the editor page loads when a document of their kind is opened, and the most that each adds to it. */
const EDITORS = {
  text: { entry: "src/text/text-editor.ts", limitKb: 170 },
  rich: { entry: "src/rich/rich-editor.ts", limitKb: 110 },
  notebook: { entry: "src/notebook/notebook-editor.ts", limitKb: 250 },
  sheet: { entry: "src/sheet/sheet-editor.ts", limitKb: 60 },
};

/** The formula engine, loaded when there is something to compute: the worker's script and its engine, and the most that both may weigh. */
const WORKER = { entry: "src/sheet/formula/worker.ts", name: "formula-worker", limitKb: 720 };

const OPTIONS = {
  absWorkingDir: HERE,
  bundle: true,
  minify: true,
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  outdir: ASSETS,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file", ".svg": "file", ".wasm": "file" },
  metafile: true,
  logLevel: "warning",
};

/** Browsers that run this build know woff2: leave KaTeX's older font files out. */
const modernFonts = {
  name: "modern-fonts",
  setup(plugins) {
    plugins.onLoad({ filter: /katex[\\/]dist[\\/]katex[^\\/]*\.css$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: text.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, ""), loader: "css" };
    });
  },
};

function pageOptions(worker) {
  const entryPoints = Object.values(PAGES).map((page) => page.entry);
  return { ...OPTIONS, entryPoints, format: "esm", splitting: true, plugins: [modernFonts], define: { FORMULA_WORKER: JSON.stringify(worker) } };
}

/** The worker's address. The pages name it, so it is built before them. */
async function buildWorker() {
  const { metafile } = await build({ ...OPTIONS, entryPoints: { [WORKER.name]: WORKER.entry }, format: "esm" });
  const kb = (await weigh(Object.keys(metafile.outputs))) / 1024;
  console.log(`${"formulas".padEnd(8)} ${kb.toFixed(1).padStart(6)} kB gzip when needed (at most ${WORKER.limitKb})`);
  if (kb > WORKER.limitKb) throw new Error(`The formula engine weighs ${kb.toFixed(1)} kB gzip, more than ${WORKER.limitKb}`);
  return { metafile, address: ASSET_URL + basename(filesOf(metafile, WORKER.entry).scripts[0]) };
}

function bootOptions() {
  return { ...OPTIONS, entryPoints: ["src/theme-boot.ts"], format: "iife" };
}

/** The SDK for other people's pages: one module and one style sheet under names that stay. */
function sdkOptions() {
  return { ...OPTIONS, entryPoints: ["src/sdk/collab-embed.ts"], format: "esm", outdir: STAGING, entryNames: "[name]", metafile: false, plugins: [modernFonts] };
}

/** Output files that an entry loads before it runs: itself and its static imports. */
function filesOf(metafile, entry) {
  const [first] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry);
  const scripts = new Set();
  const visit = (path) => {
    if (scripts.has(path)) return;
    scripts.add(path);
    for (const item of metafile.outputs[path].imports) if (item.kind === "import-statement") visit(item.path);
  };
  visit(first);
  return { scripts: [...scripts], style: metafile.outputs[first].cssBundle };
}

async function weigh(paths) {
  const sizes = await Promise.all(paths.map(async (path) => gzipSync(await readFile(resolve(HERE, path))).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function writePage(name, page, metafile, shared) {
  const { scripts, style } = filesOf(metafile, page.entry);
  const [entry, ...chunks] = scripts.map((path) => ASSET_URL + basename(path));
  const head = [
    ...(style ? [`<link rel="stylesheet" href="${ASSET_URL}${basename(style)}">`] : []),
    ...chunks.map((url) => `<link rel="modulepreload" href="${url}">`),
    `<script type="module" src="${entry}"></script>`,
  ].join("\n");
  const template = await readFile(join(HERE, "src/page.html"), "utf8");
  // The server puts a fresh nonce in (CodeMirror makes style elements), and the Jupyter servers that a page may reach.
  const values = { ...shared, head, title: page.title, nonce: "{{nonce}}", jupyter: "{{jupyter}}" };
  await writeFile(join(STAGING, `${name}.html`), template.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key]));
  const kb = (await weigh(style ? [...scripts, style] : scripts)) / 1024;
  console.log(`${name.padEnd(8)} ${kb.toFixed(1).padStart(6)} kB gzip (at most ${page.limitKb})`);
  if (kb > page.limitKb) throw new Error(`${name} weighs ${kb.toFixed(1)} kB gzip, more than ${page.limitKb}: load something lazily`);
}

/** What an editor adds to the page that loads it. */
async function weighEditor(name, editor, metafile) {
  const there = new Set(filesOf(metafile, PAGES.edit.entry).scripts);
  const scripts = filesOf(metafile, editor.entry).scripts.filter((path) => !there.has(path));
  const kb = (await weigh(scripts)) / 1024;
  console.log(`${name.padEnd(8)} ${kb.toFixed(1).padStart(6)} kB gzip more (at most ${editor.limitKb})`);
  if (kb > editor.limitKb) throw new Error(`The editor ${name} adds ${kb.toFixed(1)} kB gzip, more than ${editor.limitKb}: load something lazily`);
}

async function writeIcon() {
  const content = await readFile(join(HERE, "src/icon.svg"));
  const name = `icon-${createHash("sha256").update(content).digest("hex").slice(0, 8)}.svg`;
  await writeFile(join(ASSETS, name), content);
  return ASSET_URL + name;
}

/** The licence texts of every package that got into a bundle. */
async function writeLicences(...metafiles) {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const inputs = outputs.flatMap((output) => Object.keys(output.inputs));
  const roots = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const parts = [];
  for (const root of [...roots].sort()) {
    const folder = resolve(HERE, root);
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((item) => /^(licen[cs]e|copying)/i.test(item));
    const text = file ? await readFile(join(folder, file), "utf8") : "";
    parts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  await writeFile(join(STAGING, "LICENSES.txt"), parts.join(`\n${"-".repeat(72)}\n\n`));
}

async function finish(pages, boot, worker) {
  const metafile = pages.metafile;
  const theme = ASSET_URL + basename(Object.keys(boot.metafile.outputs)[0]);
  const shared = { theme, icon: await writeIcon() };
  for (const [name, page] of Object.entries(PAGES)) await writePage(name, page, metafile, shared);
  for (const [name, editor] of Object.entries(EDITORS)) await weighEditor(name, editor, metafile);
  await writeLicences(metafile, worker.metafile);
  if (process.env.COLLAB_METAFILE) await writeFile(process.env.COLLAB_METAFILE, JSON.stringify(metafile));
}

/** Replace the old output as a whole, so that a failed build leaves the last good one. */
async function publish() {
  await rm(OUTPUT, { recursive: true, force: true });
  await rename(STAGING, OUTPUT);
  console.log(`written to ${relative(process.cwd(), OUTPUT) || OUTPUT}`);
}

async function once() {
  await rm(STAGING, { recursive: true, force: true });
  await mkdir(ASSETS, { recursive: true });
  const worker = await buildWorker();
  await finish(await build(pageOptions(worker.address)), await build(bootOptions()), worker);
  await build(sdkOptions());
  await cp(join(HERE, "sdk/collab-embed.d.ts"), join(STAGING, "collab-embed.d.ts"));
  await publish();
}

/** Rebuild whenever a source changes; for people who work on the pages. */
async function watch() {
  const again = {
    name: "again",
    setup(plugins) {
      plugins.onEnd(async (result) => {
        if (result.errors.length) return;
        await finish(result, await build(bootOptions()), worker);
        await cp(STAGING, OUTPUT, { recursive: true });
        console.log("ready");
      });
    },
  };
  await mkdir(ASSETS, { recursive: true });
  const worker = await buildWorker();
  const options = pageOptions(worker.address);
  const watcher = await context({ ...options, sourcemap: "inline", minify: false, plugins: [...options.plugins, again] });
  await watcher.watch();
}

await (process.argv.includes("--watch") ? watch() : once());
