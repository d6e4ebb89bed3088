// Owns what every peer under Node does at its start and end: says its port as one JSON line, ends when its starter is gone.
import { readFileSync } from "node:fs";

/** Called when the server listens; `packages` are those whose versions matter. */
export function listening(port, packages) {
  const versions = Object.fromEntries(
    packages.map((name) => [name, JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version]),
  );
  console.log(JSON.stringify({ port, versions: { node: process.versions.node, ...versions } }));
}

process.stdin.on("end", () => process.exit(0)).resume();
