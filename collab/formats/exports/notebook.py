"""Owns notebooks as a script, as Markdown and as a web page; of outputs only what is text or a picture.

Nothing of an output runs: HTML, widgets and scripts are shown by their plain text, or named.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from collab.errors import FormatError
from collab.formats.exports.markdown_read import markdown_fragment
from collab.formats.exports.page import web_page
from collab.formats.notebook.model import Json, cell_model, clean

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_EXTENSION = re.compile(r"^\.?[A-Za-z][A-Za-z0-9]{0,9}$")
_LANGUAGE = re.compile(r"^[\w+#.-]{1,30}$")
_COMMENTS = {"r": "#", "julia": "#", "python": "#", "bash": "#", "ruby": "#", "perl": "#", "octave": "#", "sos": "#"}
_NO_NOTEBOOK = "This notebook is damaged, so it cannot be exported."


@dataclass(frozen=True, slots=True)
class Notebook:
    """Its cells as models, its language, and the extension of a script in that language."""

    cells: tuple[Json, ...]
    language: str
    extension: str


def read_notebook(content: bytes) -> Notebook:
    """Raises: FormatError."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise FormatError("no JSON", public=_NO_NOTEBOOK) from None
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list):
        raise FormatError("no cells", public=_NO_NOTEBOOK)
    info = _object(_object(found.get("metadata")).get("language_info"))
    spec = _object(_object(found.get("metadata")).get("kernelspec"))
    language = str(info.get("name") or spec.get("language") or "python").lower()
    extension = str(info.get("file_extension") or ("py" if language == "python" else "txt"))
    return Notebook(
        tuple(cell_model(clean(cell)) for cell in cells if isinstance(cell, dict)),
        language if _LANGUAGE.match(language) else "",
        extension.lstrip(".") if _EXTENSION.match(extension) else "txt",
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def to_script(notebook: Notebook) -> str:
    """Code as it is, all else as comments; `# %%` begins a cell, as several editors read it."""
    sign = _COMMENTS.get(notebook.language, "#" if notebook.extension in ("py", "r", "jl", "sh", "rb") else "//")
    parts = []
    for cell in notebook.cells:
        kind = str(cell["cell_type"])
        head = f"{sign} %%" if kind == "code" else f"{sign} %% [{'markdown' if kind == 'markdown' else 'raw'}]"
        source = str(cell["source"]).rstrip("\n")
        lines = source if kind == "code" else "\n".join(f"{sign} {line}".rstrip() for line in source.split("\n"))
        parts.append(f"{head}\n{lines}\n")
    return "\n".join(parts)


def to_markdown(notebook: Notebook) -> str:
    """Text cells as they are, code and text outputs fenced."""
    parts = []
    for cell in notebook.cells:
        source = str(cell["source"]).strip("\n")
        if cell["cell_type"] == "code":
            parts.append(_fence(source, notebook.language))
            parts += [_fence(text.rstrip("\n"), "") for kind, text in _outputs(cell) if kind == "text" and text.strip()]
        elif source:
            parts.append(source if cell["cell_type"] == "markdown" else _fence(source, ""))
    return "\n\n".join(parts) + "\n"


def _fence(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def to_html(notebook: Notebook, title: str) -> str:
    """A web page with the stored outputs."""
    parts = []
    for cell in notebook.cells:
        source = str(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(f"<section>{markdown_fragment(source)}</section>")
        else:
            parts.append(f"<pre><code>{escape(source)}</code></pre>")
        parts += [_shown(kind, content) for kind, content in _outputs(cell)]
    return web_page(title, "\n".join(parts))


def _shown(kind: str, content: str) -> str:
    if kind == "text":
        return f'<pre class="quiet">{escape(content)}</pre>' if content.strip() else ""
    return f'<p><img alt="" src="data:{kind};base64,{content}"></p>'


def _outputs(cell: Json) -> Iterator[tuple[str, str]]:
    """What of each output can be shown: `text` and its characters, or a media type and base64."""
    for output in cell.get("outputs") or ():
        if output.get("output_type") == "stream":
            yield "text", _TERMINAL.sub("", str(output.get("text", "")))
        elif output.get("output_type") == "error":
            yield "text", f"{output.get('ename', '')}: {output.get('evalue', '')}"
        else:
            yield _best(_object(output.get("data")))


def _best(data: Mapping[str, Any]) -> tuple[str, str]:
    for media_type in _PICTURES:
        value = data.get(media_type)
        if isinstance(value, str) and (encoded := _base64(value)):
            return media_type, encoded
    plain = data.get("text/plain")
    return "text", _TERMINAL.sub("", plain) if isinstance(plain, str) else f"[{', '.join(sorted(data))}]"


def _base64(value: str) -> str:
    """The same bytes in letters that need no escape."""
    try:
        return base64.b64encode(base64.b64decode("".join(value.split()), validate=True)).decode()
    except (binascii.Error, ValueError):
        return ""
