/** Owns the address of the start page: root, folder, search and the file that is looked at. */

export interface Where {
  readonly root: string;
  readonly path: string;
  readonly query: string;
  /** A file that is shown instead of the list, because it is not edited here. */
  readonly file: string;
}

export function parseWhere(search: string): Where {
  const values = new URLSearchParams(search);
  const get = (name: string): string => values.get(name) ?? "";
  return { root: get("root"), path: cleanPath(get("path")), query: get("q"), file: cleanPath(get("file")) };
}

/** `lang` and other parameters that are not ours stay. */
export function formatWhere(where: Where, search = ""): string {
  const values = new URLSearchParams(search);
  const ours: readonly (readonly [string, string])[] = [["root", where.root], ["path", where.path], ["q", where.query], ["file", where.file]];
  for (const [name, value] of ours) {
    if (value) values.set(name, value);
    else values.delete(name);
  }
  const text = values.toString();
  return text ? `/?${text}` : "/";
}

function cleanPath(path: string): string {
  return path.split("/").filter(Boolean).join("/");
}

/** The folders above a path, each with its name: `a/b` -> a, a/b. */
export function ancestors(path: string): { name: string; path: string }[] {
  const names = path ? path.split("/") : [];
  return names.map((name, index) => ({ name, path: names.slice(0, index + 1).join("/") }));
}
