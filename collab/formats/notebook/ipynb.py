"""Owns the format `ipynb` behind the contract of formats: notebooks, and what is to be done with files that are none.

Invalid files become a text that nobody can edit here, older ones a converted notebook that nobody can edit: neither is
ever written. Knows no storage and no room.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from collab.document import CONFLICTS, STATE, Document, Kind
from collab.errors import FormatError, LimitExceeded
from collab.formats.base import READ_ONLY, Decoded, Merged
from collab.formats.notebook.encode import encode_notebook, fresh_file
from collab.formats.notebook.live import CELLS, META, NEWEST, LiveNotebook, fresh_update, read_live
from collab.formats.notebook.merge import common_cells, merge_notebook
from collab.formats.notebook.model import Json, cell_model, clean
from collab.formats.notebook.old import convert
from collab.formats.notebook.source import NoNotebook, NotebookSource, parse, parse_any, with_ids
from collab.formats.text import MORE_THAN_TEXT, OPEN_CONFLICTS, TextFormat
from collab.limits import Limits

HASH, DIRTY = "hash", "dirty"
"""Keys of the `state` map that JupyterLab reads: sha-256 of the file, and whether the room has more than that."""
INVALID, OLD = "invalid_notebook", "old_notebook"
"""Why a document is read-only."""
_OWN_ROOTS = frozenset({STATE, META, CELLS, CONFLICTS})


class IpynbFormat:
    """Jupyter notebooks."""

    name = "ipynb"
    kind = Kind.NOTEBOOK
    sandboxed = False

    def decode(self, content: bytes, limits: Limits, client_id: int) -> Decoded:
        """Make the update of a fresh document. Raises: FormatError (not even a text), LimitExceeded."""
        if len(content) > limits.notebook_size_bytes:
            raise LimitExceeded("notebook_size_bytes", f"{len(content)} bytes")
        if not content.strip():
            return self._decoded(LiveNotebook([], {}, *NEWEST), content, {}, client_id)
        try:
            source = parse(content)
        except NoNotebook as broken:
            return _older(self, content, client_id) or _as_text(content, broken, limits, client_id)
        return self._decoded(_named(_notebook(source)), content, {}, client_id)

    def _decoded(self, live: LiveNotebook, content: bytes, state: dict[str, object], client_id: int) -> Decoded:
        """Raises: FormatError (nested too deeply)."""
        state = {HASH: content_hash(content), DIRTY: False, **state}
        try:
            update = fresh_update(live, state, client_id)
        except RecursionError:
            raise FormatError("nested too deeply", public="This notebook is nested too deeply.") from None
        return Decoded(update, self.kind, _facts(live, state))

    def encode(self, document: Document, base: bytes) -> bytes:
        """The file; cells that nobody touched keep their bytes. Raises: FormatError (never, of our own bases)."""
        live = read_live(document)
        if document.map_value(STATE, READ_ONLY) is not None and base:
            return base
        if not base.strip():
            return fresh_file(live) if live.cells or live.metadata else base
        try:
            return encode_notebook(live, parse(base))
        except NoNotebook:
            return fresh_file(live)

    def rescue(self, document: Document) -> bytes:
        """The content as a file of its own, whatever the file is."""
        return fresh_file(read_live(document))

    def is_blank(self, content: bytes) -> bool:
        """Whether a file has nothing that could be lost."""
        try:
            return not content.strip() or not parse(content).cells
        except NoNotebook:
            return False

    def renew(self, document: Document, client_id: int) -> Document:
        """A fresh document of the same notebook. Raises: FormatError (something would be lost)."""
        if document.roots() - _OWN_ROOTS:
            raise FormatError("it has root types of another program", public=MORE_THAN_TEXT)
        if document.map_values(CONFLICTS):
            raise FormatError("it has conflicts", public=OPEN_CONFLICTS)
        live, state = read_live(document), document.read_map(STATE)
        fresh = Document.from_updates([fresh_update(live, state, client_id)], client_id)
        if read_live(fresh) != live:
            raise FormatError("the fresh document is not the same")
        return fresh

    def merge(self, base: bytes, theirs: bytes, document: Document, source: str, at_ms: int) -> Merged:
        """Three-way merge by cells, as one transaction. Raises: FormatError (theirs is no notebook)."""
        return merge_notebook(_read(base), _read(theirs), document, source, at_ms)

    def common(self, document: Document, theirs: bytes) -> bytes:
        """A stand-in for a lost ancestor: the cells that live document and file share. Raises: FormatError."""
        return fresh_file(common_cells(read_live(document), _read(theirs)))


def content_hash(content: bytes) -> str:
    """What JupyterLab compares with its own server's hash of the file."""
    return hashlib.sha256(content).hexdigest()


def _read(content: bytes) -> LiveNotebook:
    """A file as it is, with the ids that it has and no others. Raises: NoNotebook."""
    return _notebook(parse(content)) if content.strip() else LiveNotebook([], {}, *NEWEST)


def _notebook(source: NotebookSource) -> LiveNotebook:
    return LiveNotebook([cell.model for cell in source.cells], source.metadata, source.major, source.minor)


def _named(notebook: LiveNotebook) -> LiveNotebook:
    return replace(notebook, cells=with_ids(notebook.cells))


def _older(file_format: IpynbFormat, content: bytes, client_id: int) -> Decoded | None:
    """A file of an older version, converted for reading; None when it is something else."""
    try:
        old: Json = clean(parse_any(content))
        converted = convert(old)
    except (NoNotebook, RecursionError):
        return None
    if converted is None:
        return None
    cells = with_ids([cell_model(cell) for cell in converted["cells"]])
    live = LiveNotebook(cells, converted["metadata"], *NEWEST)
    version = str(old["nbformat"])
    return file_format._decoded(live, content, {READ_ONLY: OLD, "stored_nbformat": version}, client_id)


def _as_text(content: bytes, broken: NoNotebook, limits: Limits, client_id: int) -> Decoded:
    """What is no notebook is shown as it is. Raises: FormatError (no text either), LimitExceeded."""
    shown = TextFormat().decode(content, limits, client_id)
    document = Document.from_updates([shown.update], client_id)
    with document.transaction():
        document.set_map_value(STATE, READ_ONLY, INVALID)
        document.set_map_value(STATE, "error", broken.why)
    facts = {**shown.facts, READ_ONLY: INVALID, "error": broken.why}
    return Decoded(document.diff(), Kind.TEXT, facts)


def _facts(live: LiveNotebook, state: dict[str, object]) -> dict[str, str]:
    facts = {"nbformat": str(state.get("stored_nbformat", f"{live.major}.{live.minor}"))}
    language = live.metadata.get("language_info") or live.metadata.get("kernelspec")
    name = language.get("name") if isinstance(language, dict) else None
    if isinstance(name, str) and name:
        facts["language"] = name
    if READ_ONLY in state:
        facts[READ_ONLY] = str(state[READ_ONLY])
    return facts
