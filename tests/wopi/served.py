"""The WOPI host of tests behind a socket of its own, with pages that open files in a frame."""

from __future__ import annotations

import html
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.http import HttpRequest
from tests.wopi.host import WopiHost

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Files</title></head><body>
<h1>Files</h1>
<form id="launch" method="post" action="{action}" target="editor">
<input type="hidden" name="access_token" value="{token}"><input type="hidden" name="access_token_ttl" value="{ttl}">
<input type="hidden" name="ui_defaults" value="{ui}"></form>
<iframe name="editor" title="editor" {sandbox} style="width:1100px;height:640px"></iframe>
<script>
  globalThis.received = [];
  addEventListener("message", (event) => {{
    if (event.source === frames[0]) received.push({{ origin: event.origin, ...JSON.parse(event.data) }});
  }});
  globalThis.say = (id, values = {{}}) =>
    frames[0].postMessage(JSON.stringify({{ MessageId: id, SendTime: Date.now(), Values: values }}), "{editor}");
  document.getElementById("launch").submit();
</script></body></html>"""


def build_app(host: WopiHost, editor: str) -> Starlette:
    """The host's API, and its page at `/open/{file}`."""

    async def wopi(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        raw_path = request.scope["raw_path"].decode().partition("?")[0]
        body = await request.body()
        asked = HttpRequest(request.method, f"{host.origin}{raw_path}{query}", dict(request.headers), body)
        answer = host.answer(asked, chunked="content-length" not in request.headers)
        return Response(answer.content, answer.status, dict(answer.headers))

    async def page(request: Request) -> Response:
        file_id, query = request.path_params["file"], request.query_params
        token = query.get("token") or host.grant(file_id, query.get("user", "anna"), can_write="view" not in query)
        action = f"{editor}/wopi/edit?WOPISrc={host.source(file_id).replace('/', '%2F').replace(':', '%3A')}"
        if "lang" in query:
            action += f"&lang={query['lang']}"
        shown = PAGE.format(
            action=html.escape(action),
            token=html.escape(token),
            ttl=query.get("ttl", "0"),
            ui=html.escape(query.get("ui", "")),
            sandbox='sandbox="allow-scripts allow-same-origin"' if "sandbox" in query else "",
            editor=editor,
        )
        return HTMLResponse(shown)

    async def outside(request: Request) -> Response:
        """What tests do behind the host's back, and what they ask of it."""
        said = await request.json()
        file_id = said["file"]
        if said["do"] == "write":
            host.put(file_id, said["content"].encode(), file_id)
        elif said["do"] == "grant":
            return JSONResponse({"token": host.grant(file_id, said.get("user", "anna"))})
        elif said["do"] == "rights":
            for token in host.tokens.values():
                if token.file_id == file_id and token.user_id == said["user"]:
                    token.can_write = said["can_write"]
        elif said["do"] == "withdraw":
            kept = host.tokens.items()
            host.tokens = {key: one for key, one in kept if one.user_id != said["user"] or one.file_id != file_id}
        elif said["do"] == "lock":
            host.lock_by_others(file_id)
        elif said["do"] == "unlock":
            host.drop_lock(file_id)
        file = host.files.get(file_id)
        return JSONResponse(
            {
                "content": None if file is None else file.content.decode(),
                "name": None if file is None else file.name,
                "lock": None if file is None else host.lock_of(file_id),
                "files": sorted(one.name for one in host.files.values()),
            }
        )

    return Starlette(
        routes=[
            Route("/wopi/files/{rest:path}", wopi, methods=["GET", "POST"]),
            Route("/open/{file}", page),
            Route("/outside", outside, methods=["POST"]),
        ]
    )


@contextmanager
def serve(host: WopiHost, editor: str, listening: socket.socket | None = None) -> Iterator[str]:
    """Serve the host on a port of loopback; gives its address, which is also its origin."""
    listening = listening or socket.create_server(("127.0.0.1", 0))
    host.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(build_app(host, editor), log_level="warning", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="wopi-host")
    thread.start()
    try:
        yield host.origin
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
