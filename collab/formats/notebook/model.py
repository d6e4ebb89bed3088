"""Owns what a cell is, whoever wrote it: the same plain value for a file's JSON and for the live document.

Multi-line strings are joined, line ends unified, what is only live or only local (`execution_state`, `trusted`) is left
out. Two cells are the same exactly when their models are. Knows no text positions and no document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from collab.formats.lines import unify

Json = dict[str, Any]
CODE = "code"
TRUSTED = "trusted"
_LIVE_ONLY = frozenset({"execution_state"})
_SPLIT_ANYWAY = frozenset({"application/javascript", "image/svg+xml"})
_EXACT = 2**53
"""Whole numbers up to this are the same for everybody; JavaScript has floats only."""


def clean(value: Any) -> Any:
    """A JSON value as a shared document can hold it: no lone surrogates, no NaN, no integers beyond floats."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, float):
        return _clean_float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= _EXACT else _clean_integer(value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean_text(key): clean(item) for key, item in value.items()}
    return value


def _clean_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _clean_float(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


def _clean_integer(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def same(one: Any, other: Any) -> bool:
    """Equality of JSON: 1 is 1.0, and neither is true."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def joined(value: Any) -> Any:
    """A multi-line string of a file: a list of strings is their concatenation; anything else stays."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


def is_json_mime(mime: str) -> bool:
    """Whether data of this media type is JSON and no text."""
    return mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json"))


def is_split(mime: str) -> bool:
    """Whether files have text of this media type as a list of lines."""
    return mime.startswith("text/") or mime in _SPLIT_ANYWAY


def _bundle(data: Any, of: Callable[[Any], Any]) -> Any:
    if not isinstance(data, dict):
        return data
    return {mime: value if is_json_mime(mime) else of(value) for mime, value in data.items()}


def output_model(output: Any) -> Json:
    """One output, with text joined. What is no object becomes an empty one."""
    if not isinstance(output, dict):
        return {}
    model = dict(output)
    if model.get("output_type") == "stream":
        model["text"] = _text(model.get("text", ""))
    if "data" in model:
        model["data"] = _bundle(model["data"], joined)
    return model


def _text(value: Any) -> str:
    text = joined(value)
    return text if isinstance(text, str) else ""


def cell_model(cell: Mapping[str, Any]) -> Json:
    """A cell of a file or of a live document; both have been through `clean`."""
    model = {key: value for key, value in cell.items() if key not in _LIVE_ONLY}
    model["cell_type"] = str(model.get("cell_type", "raw"))
    model["source"] = unify(_text(model.get("source", "")))
    model["metadata"] = _object(model.get("metadata"), TRUSTED)
    attachments = model.pop("attachments", None)
    if isinstance(attachments, dict) and attachments:
        model["attachments"] = {name: _bundle(bundle, joined) for name, bundle in attachments.items()}
    if model["cell_type"] == CODE:
        outputs = model.get("outputs")
        model["outputs"] = [output_model(output) for output in outputs] if isinstance(outputs, list) else []
        model.setdefault("execution_count", None)
    return model


def _object(value: Any, *left_out: str) -> Json:
    return {key: item for key, item in value.items() if key not in left_out} if isinstance(value, dict) else {}


def without_id(model: Mapping[str, Any]) -> Json:
    """The cell but for its name."""
    return {key: value for key, value in model.items() if key != "id"}


def lines_of(text: str) -> list[str]:
    """A text as files have it: lines with their ends."""
    return text.splitlines(keepends=True)


def output_to_file(output: Mapping[str, Any]) -> Json:
    """One output as files have it."""
    written = dict(output)
    if written.get("output_type") == "stream" and isinstance(written.get("text"), str):
        written["text"] = lines_of(written["text"])
    data = written.get("data")
    if isinstance(data, dict):
        written["data"] = bundle_to_file(data)
    return written


def bundle_to_file(data: Any) -> Any:
    """Data by media type as files have it."""
    if not isinstance(data, dict):
        return data
    return {
        mime: lines_of(value) if isinstance(value, str) and is_split(mime) else value for mime, value in data.items()
    }


def cell_to_file(model: Mapping[str, Any]) -> Json:
    """A whole cell as files have it, keys in their order."""
    written = dict(model)
    written["source"] = lines_of(model["source"])
    if isinstance(written.get("outputs"), list):
        written["outputs"] = [output_to_file(output) for output in written["outputs"]]
    if isinstance(written.get("attachments"), dict):
        written["attachments"] = {name: bundle_to_file(bundle) for name, bundle in written["attachments"].items()}
    ordered: Json = sort_keys(written)
    return ordered


def sort_keys(value: Any) -> Any:
    """The same value, the keys of all its objects in order."""
    if isinstance(value, dict):
        return {key: sort_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sort_keys(item) for item in value]
    return value
