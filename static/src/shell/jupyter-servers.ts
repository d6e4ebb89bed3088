/** Owns which Jupyter servers this page may reach: the operator's setting, as the server wrote it into the page. */

/** Origins; empty where notebooks can be edited and not run. */
export function jupyterServers(): readonly string[] {
  const content = document.querySelector<HTMLMetaElement>('meta[name="jupyter-servers"]')?.content ?? "";
  return content.split(" ").filter((part) => /^https?:\/\//.test(part));
}
