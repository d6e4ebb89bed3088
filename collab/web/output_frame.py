"""Owns the page in which a notebook's html and scripts are shown: without an origin, without a network.

The editor's page puts it into a sandboxed frame and sends it one message with the markup; it answers with its height.
Its policy is its own, so that nothing in an output can load, send or ask anything, whatever it is.
"""

from __future__ import annotations

import secrets

from starlette.responses import HTMLResponse, Response

from collab.web.access import Permission
from collab.web.routes import Call, Route

_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src {script}; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; media-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_RUNNING = "'unsafe-inline' 'unsafe-eval' blob:"

_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Output</title>
<style>
body { margin: 0; padding: 4px 0; font: 14px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
table { border-collapse: collapse; } th, td { padding: 4px 8px; text-align: right; }
img, svg { max-width: 100%; } main { display: flow-root; }
</style></head><body><script nonce="{{nonce}}">
addEventListener("message", (event) => {
  if (event.source !== parent) return;
  const { markup, colors } = event.data;
  document.documentElement.style.colorScheme = colors.scheme;
  document.body.style.color = colors.ink;
  const place = document.createElement("main");
  document.body.replaceChildren(place);
  const tell = () => parent.postMessage({ height: place.getBoundingClientRect().height + 10 }, "*");
  new ResizeObserver(tell).observe(place);
  place.append({{content}});
  tell();
}, { once: true });
</script></body></html>
"""

_SHOWN = """...(() => {
    const { head, body } = new DOMParser().parseFromString(markup, "text/html");
    for (const part of [head, body]) {
      for (const item of part.querySelectorAll("script, iframe, object, embed, link, meta, base")) item.remove();
      for (const item of part.querySelectorAll("*")) {
        for (const name of item.getAttributeNames()) if (/^on/i.test(name)) item.removeAttribute(name);
        if (item.src && !/^(data|blob):/.test(item.src)) item.removeAttribute("src");
      }
    }
    return [...head.childNodes, ...body.childNodes];
  })()"""
"""What could not run or load anyway is taken out before, so that the browser has nothing to complain about."""
_RUN = "document.createRange().createContextualFragment(markup)"


async def output_frame(call: Call) -> Response:
    """Shows, and runs nothing: only the page's own script has the nonce."""
    nonce = secrets.token_urlsafe(16)
    return _answer(_PAGE.replace("{{nonce}}", nonce).replace("{{content}}", _SHOWN), f"'nonce-{nonce}'")


async def running_frame(call: Call) -> Response:
    """Runs the output's scripts too, because somebody asked for it."""
    return _answer(_PAGE.replace(' nonce="{{nonce}}"', "").replace("{{content}}", _RUN), _RUNNING)


def _answer(page: str, script: str) -> Response:
    policy = _POLICY.format(script=script)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


ROUTES = (
    Route("GET", "/output-frame", Permission.ANYBODY, output_frame, "The frame of a notebook's html"),
    Route("GET", "/output-frame/run", Permission.ANYBODY, running_frame, "The same, which runs scripts"),
)
