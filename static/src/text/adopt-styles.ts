/** Owns where CodeMirror's style rules go: into a constructed style sheet, because the page's policy forbids <style>. */
import { StyleModule } from "style-mod";

/** Call once, before the first editor is made.
 *
 * style-mod uses constructed sheets for roots without a `head`, and remembers its choice on the root: a view of the
 * document without its head makes that choice for the document itself.
 */
export function adoptStyles(): void {
  const headless = new Proxy(document, {
    get: (target, key) => (key === "head" ? undefined : Reflect.get(target, key, target)),
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  StyleModule.mount(headless, []);
}
