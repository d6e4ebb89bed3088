/** Owns who is asking: the exchange of a token for a session, and the page that asks for one. */
import { api, ApiError, type Me } from "./api";
import { errorText } from "./dialog";
import { h, replaceChildren, uniqueId } from "./dom";
import { t } from "./i18n";
import { mountPage } from "./topbar";

/** The token in what somebody pasted: the whole link, its fragment, or the bare token. */
export function tokenIn(text: string): string {
  const clean = text.trim();
  const marked = /[#?&]token=([^&#\s]+)/.exec(clean);
  return marked?.[1] ? decodeURIComponent(marked[1]) : clean;
}

/** Who asks; draws the sign-in page and waits when nobody is signed in. A `#token=` leaves the address at once. */
export async function ensureSignedIn(): Promise<Me> {
  const token = /[#&]token=/.test(location.hash) ? tokenIn(location.hash) : null;
  let problem: unknown;
  if (token) {
    history.replaceState(history.state, "", location.pathname + location.search);
    problem = await api.signIn(token).catch((error: unknown) => error ?? true);
  }
  const me = await api.me();
  if (me.mode === "open" || me.signed_in) return me;
  await askForToken(me, token && problem instanceof ApiError ? problem : undefined);
  return api.me();
}

/** The link to the sign-in that the server was given, which leads back here; null: there is none. */
export function signInLink(me: Me, here: string): HTMLAnchorElement | null {
  if (!me.sign_in) return null;
  const address = `${me.sign_in.url}?next=${encodeURIComponent(here)}`;
  return h("a", { class: "button button-primary signin-with", attrs: { href: address } }, t("signin.with", { name: me.sign_in.name }));
}

/** Draw the sign-in page; resolves when a token was taken. */
function askForToken(me: Me, earlier?: ApiError): Promise<void> {
  return new Promise((resolve) => {
    const input = h("input", { class: "field", type: "password", id: uniqueId("token"), attrs: { autocomplete: "off", spellcheck: "false" } });
    const problem = h("div", { class: "problem", role: "alert" }, earlier ? signInProblem(earlier) : "");
    const link = signInLink(me, location.pathname + location.search);
    const send = h("button", { class: link ? "button" : "button button-primary", type: "submit" }, t("signin.action"));
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      if (!input.value.trim()) return;
      send.disabled = true;
      try {
        await api.signIn(tokenIn(input.value));
        resolve();
      } catch (error) {
        replaceChildren(problem, signInProblem(error));
        input.select();
      } finally {
        send.disabled = false;
      }
    };
    const form = h("form", { class: "signin", on: { submit: (event) => void submit(event) } });
    form.append(h("h1", {}, t("signin.title")));
    if (link) form.append(link);
    form.append(h("p", {}, t(link ? "signin.or_text" : "signin.text")), h("label", { attrs: { for: input.id } }, t("signin.label")), input, problem, send);
    document.title = t("signin.title");
    mountPage(null, h("main", { class: "signin-page" }, form));
    (link ?? input).focus();
  });
}

function signInProblem(error: unknown): string {
  const refused = error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 400);
  return refused ? t("signin.refused") : errorText(error);
}
