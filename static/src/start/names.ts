/** Owns what may be a file's name, and names made from others; plain text, touches no page. */

const LONGEST_BYTES = 255;

export type NameProblem = "name.problem_empty" | "name.problem_slash" | "name.problem_dots" | "name.problem_long" | "name.problem_control";

/** What is wrong with a name, as the key of the sentence that says it. */
export function nameProblem(name: string): NameProblem | null {
  if (!name.trim()) return "name.problem_empty";
  if (/[/\\]/.test(name)) return "name.problem_slash";
  if (/^\.\.?$/.test(name)) return "name.problem_dots";
  if (/\p{Cc}/u.test(name)) return "name.problem_control";
  return new TextEncoder().encode(name).length > LONGEST_BYTES ? "name.problem_long" : null;
}

/** How long the name is without its extension, for the selection in the rename dialog. */
export function stemLength(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? dot : name.length;
}

/** `notes.md` -> `notes (2).md`, the first number that is free. */
export function freeName(name: string, taken: (name: string) => boolean): string {
  const length = stemLength(name);
  let candidate = name;
  for (let number = 2; taken(candidate); number += 1) candidate = `${name.slice(0, length)} (${number})${name.slice(length)}`;
  return candidate;
}

export function joinPath(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

export function parentOf(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

/** A file whose end says nothing gets the kind's one: `report` -> `report.md`. */
export function withExtension(name: string, extension: string): string {
  return stemLength(name) === name.length ? name + extension : name;
}
