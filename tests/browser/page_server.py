"""Owns a small stand-in for the HTTP API: one folder tree in memory, so that pages can be looked at alone.

It serves the built pages with the server's content security policy and answers docs/http-api.md for folders and files.
It is for the tests of the start page; what the real server does is tested with the real server.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

PAGES = Path(__file__).resolve().parents[2] / "collab" / "static"
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'nonce-for-tests'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types dompurify formula-worker",
    )
)
FORMATS = {
    "md": "markdown",
    "tex": "latex",
    "bib": "bibtex",
    "py": "python",
    "csv": "csv",
    "json": "json",
    "txt": "text",
    "png": "image",
}
PEOPLE = [
    {"name": "Anna Weber", "color": "#b42368"},
    {"name": "Mikael Berg", "color": "#1f6feb"},
    {"name": "Kim", "color": "#7a3ff2"},
]


@dataclass
class Tree:
    """Files by path (bytes) and folders, with what the API says about them."""

    files: dict[str, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    live: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    mode: str = "open"
    token: str | None = None
    signed_in: bool = False
    roots: tuple[str, ...] = ("files",)
    writable: bool = True
    started: float = field(default_factory=time.time)

    def entry(self, path: str) -> dict[str, object]:
        name = path.rpartition("/")[2]
        folder = path in self.folders
        kind = FORMATS.get(name.rpartition(".")[2], "binary")
        size = 0 if folder else self.sizes.get(path, len(self.files.get(path, b"")))
        editable = not folder and kind not in ("image", "binary") and size < 10_000_000
        age = (sum(path.encode()) * 7919) % 2_000_000
        return {
            "name": name,
            "path": path,
            "kind": "folder" if folder else "file",
            "size_bytes": size,
            "modified_ms": int((self.started - age) * 1000),
            "format": "" if folder else kind,
            "editable": editable,
            "people": self.live.get(path, []),
        }

    def children(self, folder: str) -> list[dict[str, object]]:
        known = [*self.files, *self.folders]
        return [self.entry(path) for path in known if path.rpartition("/")[0] == folder and path]


def problem(status: int, code: str, message: str) -> JSONResponse:
    error = {"code": code, "message": message, "correlation_id": "0f3a9c21d4e5"}
    return JSONResponse({"error": error}, status_code=status)


def sample_tree() -> Tree:
    """A folder as people have it."""
    tree = Tree(live={"notes.md": PEOPLE[:2], "thesis/chapter-2.tex": PEOPLE})
    tree.folders |= {"thesis", "Measurements 2026", "empty"}
    names = [
        "notes.md",
        "README.md",
        "budget.csv",
        "analysis.py",
        "references.bib",
        "paper.tex",
        "settings.json",
        "todo.txt",
    ]
    names += [
        "A rather long name of a document that somebody wrote without thinking of narrow screens.md",
        "photo.png",
        "archive.zip",
    ]
    for number, name in enumerate(
        [*names, "thesis/chapter-1.tex", "thesis/chapter-2.tex", "Measurements 2026/run-1.csv"]
    ):
        tree.files[name] = b"text of the file\n" * (number * 37 + 1)
    tree.sizes |= {"archive.zip": 48_300_000, "photo.png": 2_410_000}
    tree.files["huge.csv"] = b""
    tree.sizes["huge.csv"] = 64_000_000
    return tree


def large_tree(count: int) -> Tree:
    """A folder with many files."""
    tree = Tree()
    for number in range(count):
        tree.files[f"measurement-{number:05d}.csv"] = b"1,2\n" * (number % 50)
    return tree


def build_app(tree: Tree) -> Starlette:
    """The pages and the API over `tree`."""

    async def page(request: Request) -> Response:
        name = {"/": "start", "/s": "share"}.get(request.url.path, "edit")
        text = (PAGES / f"{name}.html").read_text(encoding="utf-8").replace("{{nonce}}", "for-tests")
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})

    async def me(request: Request) -> Response:
        signed_in = tree.mode == "open" or tree.signed_in
        user = {"id": "u1", "name": "Anna Weber", "color": "#2f55d4"}
        roots = [{"name": root, "writable": tree.writable} for root in tree.roots] if signed_in else []
        return JSONResponse(
            {
                "mode": tree.mode,
                "signed_in": signed_in,
                "user": user if signed_in else None,
                "role": "owner",
                "roots": roots,
                "version": "0",
            }
        )

    async def session(request: Request) -> Response:
        if (await request.json())["token"] != tree.token:
            return problem(401, "unauthenticated", "Please sign in again.")
        tree.signed_in = True
        return JSONResponse({})

    async def folders(request: Request) -> Response:
        if request.method == "POST":
            path = (await request.json())["path"]
            if path in tree.folders:
                return problem(409, "already_there", "There is something of this name.")
            tree.folders.add(path)
            return JSONResponse(tree.entry(path))
        path = request.query_params.get("path", "")
        if path and path not in tree.folders:
            return problem(404, "not_found", "This folder does not exist.")
        return JSONResponse(
            {"root": tree.roots[0], "path": path, "writable": tree.writable, "entries": tree.children(path)}
        )

    async def search(request: Request) -> Response:
        wanted = request.query_params["q"].casefold()
        found = [path for path in [*tree.files, *tree.folders] if wanted in path.rpartition("/")[2].casefold()]
        return JSONResponse({"entries": [tree.entry(path) for path in found[:200]], "truncated": len(found) > 200})

    async def live(request: Request) -> Response:
        documents = [
            {**tree.entry(path), "root": tree.roots[0], "people": people} for path, people in tree.live.items()
        ]
        return JSONResponse({"documents": documents})

    async def files(request: Request) -> Response:
        if request.method == "DELETE":
            path = request.query_params["path"]
            tree.files.pop(path, None)
            tree.folders.discard(path)
            return Response(status_code=204)
        body = await request.json()
        if body["path"] in tree.files:
            return problem(409, "already_there", "There is something of this name.")
        tree.files[body["path"]] = body.get("template", body.get("content", "")).encode()
        return JSONResponse(tree.entry(body["path"]))

    async def templates(request: Request) -> Response:
        return JSONResponse({"templates": [{"name": "Minutes.md", "format": "markdown"}]})

    async def content(request: Request) -> Response:
        path = request.query_params["path"]
        if request.method == "GET":
            return Response(tree.files[path], media_type="application/octet-stream")
        if path in tree.files and request.query_params.get("replace") != "1":
            return problem(409, "already_there", "There is something of this name.")
        tree.files[path] = await request.body()
        return JSONResponse(tree.entry(path))

    async def rename(request: Request) -> Response:
        body = await request.json()
        old, new = body["path"], body["new_path"]
        if new in tree.files:
            return problem(409, "already_there", "There is something of this name.")
        tree.files[new] = tree.files.pop(old)
        return JSONResponse(tree.entry(new))

    async def opened(request: Request) -> Response:
        body = await request.json()
        if request.url.path.endswith("redeem") and body["secret"] != "right":
            return problem(403, "permission_denied", "This link does not work any more.")
        path = body.get("path", "notes.md")
        return JSONResponse({"document_id": "d1", "path": path, "root": tree.roots[0], "name": path, "role": "editor"})

    async def shares(request: Request) -> Response:
        if request.method == "GET":
            listed = [{"share_id": "s1", "role": "viewer", "expires_at": int(time.time()) + 86_400}]
            return JSONResponse({"shares": listed})
        return JSONResponse(
            {
                "share_id": "s2",
                "url": "http://127.0.0.1/s#right",
                "role": (await request.json())["role"],
                "expires_at": None,
            }
        )

    api = [
        Route("/me", me),
        Route("/session", session, methods=["POST"]),
        Route("/folders", folders, methods=["GET", "POST"]),
        Route("/search", search),
        Route("/live", live),
        Route("/files", files, methods=["POST", "DELETE"]),
        Route("/templates", templates),
        Route("/files/content", content, methods=["GET", "PUT"]),
        Route("/files/rename", rename, methods=["POST"]),
        Route("/documents/open", opened, methods=["POST"]),
        Route("/shares/redeem", opened, methods=["POST"]),
        Route("/documents/d1/shares", shares, methods=["GET", "POST"]),
    ]
    return Starlette(
        routes=[
            Mount("/api/v1", routes=api),
            Mount("/static", StaticFiles(directory=PAGES)),
            Route("/", page),
            Route("/s", page),
            Route("/edit/{path:path}", page),
        ]
    )


def trees() -> dict[str, Tree]:
    """One tree for each kind of server that the page meets."""
    shown = {name: sample_tree() for name in ("sample", "reader", "roots", "token", "closed")}
    shown["many"] = large_tree(10_000)
    shown["reader"].writable = False
    shown["roots"].roots = ("files", "team")
    for name in ("token", "closed"):
        shown[name].mode, shown[name].token = "token", "good-token"
    return shown


@contextmanager
def serve_all() -> Iterator[dict[str, str]]:
    """Serve every tree on a free port of this machine; gives name -> address."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(_serve(tree)) for name, tree in trees().items()}


@contextmanager
def _serve(tree: Tree) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build_app(tree), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="page-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def main() -> None:
    """`python tests/browser/page_server.py`, to look at the pages by hand."""
    with serve_all() as addresses:
        print(json.dumps(addresses), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
