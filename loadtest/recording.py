"""Owns the file format of recorded sessions, and the session that is made up where there is none.

A recording is a text file of JSON lines. The first is `{"format": "loadtest-recording", "version": 1, "room": …}`, each
further one an update: `{"at_ms": milliseconds since the first, "update": base64 of a Yjs v1 update}`, in order.
The first update may be the content that was there when the recording began.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from collab.errors import MalformedMessage
from loadtest.author import Author
from loadtest.reading import read_update
from loadtest.settings import SettingsError
from loadtest.typist import Typist

FORMAT = "loadtest-recording"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One update of a recorded session."""

    at_ms: float
    update: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """A session as it was recorded."""

    entries: Sequence[Entry]


def encode_header(room: str) -> str:
    """The first line."""
    return json.dumps({"format": FORMAT, "version": VERSION, "room": room}) + "\n"


def encode_entry(entry: Entry) -> str:
    """Each further line."""
    return json.dumps({"at_ms": round(entry.at_ms, 1), "update": base64.b64encode(entry.update).decode()}) + "\n"


def read_recording(path: Path) -> Recording:
    """Raises: SettingsError (no file, no recording, or an update in it is none)."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    header = _json(path, 1, lines[0] if lines else "")
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise SettingsError(f"{path} is no recording of a session (version {VERSION})")
    entries = [_entry(path, number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]
    if any(later.at_ms < earlier.at_ms for earlier, later in pairwise(entries)):
        raise SettingsError(f"{path}: the times of its updates are not in order")
    return Recording(entries)


def synthetic_recording(seed: int, edits: int, authors: int) -> Recording:
    """A session of people who do not exist, each with their own pace, from a seed."""
    share = [edits // authors + (number < edits % authors) for number in range(authors)]
    people = [_session(Random(f"session {seed} {number}"), 1000 + number, share[number]) for number in range(authors)]
    return Recording(list(merge(*people, key=lambda entry: entry.at_ms)))


def _session(random: Random, client_id: int, edits: int) -> list[Entry]:
    typist, author, at_ms = Typist(random), Author(client_id), random.uniform(0, 2000)
    entries = []
    for _ in range(edits):
        keystroke = typist.next_edit(author.length, author.cursor)
        at_ms += keystroke.after_s * 1000
        entries.append(Entry(at_ms, author.write(keystroke).update))
    return entries


def _entry(path: Path, number: int, line: str) -> Entry:
    fields = _json(path, number, line)
    try:
        entry = Entry(float(fields["at_ms"]), base64.b64decode(fields["update"], validate=True))
        read_update(entry.update)
    except (KeyError, TypeError, ValueError, binascii.Error, MalformedMessage) as error:
        raise SettingsError(f"{path}, line {number}: no update ({type(error).__name__})") from None
    return entry


def _json(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise SettingsError(f"{path}, line {number}: not a JSON object")
    return fields
