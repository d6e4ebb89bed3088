/** Owns the words of the editor's own panels in the page's language. */
import { t, type MessageKey } from "../shell/i18n";

const PHRASES = new Map<string, MessageKey>([
  ["Find", "search.find"], ["Replace", "search.replace_with"], ["next", "search.next"], ["previous", "search.previous"], ["all", "search.all"],
  ["match case", "search.case"], ["by word", "search.word"], ["regexp", "search.regexp"], ["replace", "search.replace"],
  ["replace all", "search.replace_all"], ["close", "action.close"], ["current match", "search.current"], ["on line", "search.on_line"],
  ["Go to line", "search.go_to_line"], ["go", "search.go"], ["Fold line", "fold.line"], ["Unfold line", "fold.unfold"],
  ["folded code", "fold.folded"], ["unfold", "fold.unfold"], ["Selection deleted", "search.deleted"], ["Completions", "completion.label"],
]);

export function searchPhrases(): Record<string, string> {
  return Object.fromEntries([...PHRASES].map(([phrase, key]) => [phrase, t(key)]));
}
