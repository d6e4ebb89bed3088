"""Owns what workers ask each other: one frozen dataclass per question, and how questions and errors are written down.

Knows no socket and no room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collab.errors import CloseCode, CollabError, InternalError, LimitExceeded, MalformedMessage
from collab.node.operator_calls import Kick, ListConnections, ListRooms, OperatorCall, Unload
from collab.node.plain import from_plain, to_plain
from collab.protocol.roles import Identity, Role
from collab.rooms.absorb import Absorption
from collab.rooms.access_requests import AccessRequest
from collab.rooms.opened import LiveDocument
from collab.store.base import DocumentId, HistoryId
from connectors.base import Credentials


@dataclass(frozen=True, slots=True)
class Open:
    """Make the document of a file live, as `Rooms.open`."""

    root: str
    path: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class OpenScratch:
    """Make a room without a file live, as `Rooms.open_scratch`."""

    name: str
    user_id: str


@dataclass(frozen=True, slots=True)
class SaveNow:
    """Store a document, as `Rooms.save_now`."""

    document_id: DocumentId


@dataclass(frozen=True, slots=True)
class Restore:
    """Write a deleted file again, as `Rooms.restore`."""

    document_id: DocumentId


@dataclass(frozen=True, slots=True)
class UndoOutside:
    """Take an outside change back, as `Rooms.undo_outside`."""

    document_id: DocumentId
    seq: int
    person: Identity


@dataclass(frozen=True, slots=True)
class ContentNow:
    """The live content as the file would be; the answer's payload, as `Rooms.content_now`."""

    document_id: DocumentId
    converted: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    """The file of a document has another name, as `Rooms.renamed`."""

    document_id: DocumentId
    name: str


@dataclass(frozen=True, slots=True)
class Live:
    """The documents that people have open at this worker."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A file or folder was renamed, as `Rooms.moved`."""

    root: str
    old_path: str
    new_path: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A file or folder was changed or deleted, as `Rooms.changed`."""

    root: str
    path: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """A token, a person or a share was withdrawn: close what came in on it."""

    subject: str


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no more rooms, store everything, send the clients away."""


@dataclass(frozen=True, slots=True)
class AskReady:
    """Whether this worker serves."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The worker's metrics."""


@dataclass(frozen=True, slots=True)
class HandOverEdits:
    """Take edits of a retired history, the question's payload, as `Past.hand_over`."""

    document_id: DocumentId
    history_id: HistoryId
    author: Identity
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class NameNow:
    """Name a document as it is now, as `Past.name_now`."""

    document_id: DocumentId
    text: str
    author: Identity


@dataclass(frozen=True, slots=True)
class Rebase:
    """Give a document a fresh history, as `Rebaser.rebase`."""

    document_id: DocumentId


@dataclass(frozen=True, slots=True)
class AskToEdit:
    """A reader asks to edit, as `Asking.ask`."""

    document_id: DocumentId
    person: Identity
    right: str


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """An owner answers a request, as `Asking.take`."""

    document_id: DocumentId
    request_id: str


@dataclass(frozen=True, slots=True)
class GiveRole:
    """A person has another role from now on, as `Asking.give`."""

    document_id: DocumentId
    user_id: str
    role: Role
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Denied:
    """A request was denied, as `Asking.deny`."""

    document_id: DocumentId
    user_id: str


Call = (
    Open
    | AskToEdit
    | TakeRequest
    | GiveRole
    | Denied
    | HandOverEdits
    | NameNow
    | Rebase
    | OpenScratch
    | SaveNow
    | Restore
    | UndoOutside
    | ContentNow
    | Renamed
    | Live
    | Moved
    | Changed
    | Revoked
    | Drain
    | AskReady
    | Measure
    | OperatorCall
)

_CALLS: Mapping[str, type[Call]] = {
    kind.__name__: kind
    for kind in (
        Open,
        AskToEdit,
        TakeRequest,
        GiveRole,
        Denied,
        HandOverEdits,
        NameNow,
        Rebase,
        OpenScratch,
        SaveNow,
        Restore,
        UndoOutside,
        ContentNow,
        Renamed,
        Live,
        Moved,
        Changed,
        Revoked,
        Drain,
        AskReady,
        Measure,
        ListRooms,
        ListConnections,
        Kick,
        Unload,
    )
}


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says of itself."""

    journal: bool
    draining: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a metric."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its numbers."""

    name: str
    kind: str
    text: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Families:
    """The answer to `Measure`."""

    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Absorbed:
    """The answer to `HandOverEdits`; None: all of them were here before."""

    absorption: Absorption | None


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to `AskToEdit`."""

    people: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to `TakeRequest`; None: it was answered before, or is too old."""

    request: AccessRequest | None


@dataclass(frozen=True, slots=True)
class LiveDocuments:
    """The answer to `Live`."""

    documents: tuple[LiveDocument, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """An error as it crosses between workers."""

    code: str
    detail: str
    public: str
    http_status: int
    close_code: int
    limit: str | None


def dump_call(call: Call) -> dict[str, object]:
    """A question as JSON knows it."""
    return {"ask": type(call).__name__, "with": to_plain(call)}


def load_call(plain: Mapping[str, object]) -> Call:
    """The opposite of `dump_call`. Raises: MalformedMessage."""
    kind = _CALLS.get(str(plain.get("ask")))
    if kind is None:
        raise MalformedMessage("unknown question")
    return from_plain(kind, plain.get("with"))


def dump_error(error: CollabError) -> object:
    """An error as JSON knows it."""
    limit = error.limit if isinstance(error, LimitExceeded) else None
    return to_plain(Refused(error.code, str(error), error.public, error.http_status, int(error.close_code), limit))


def load_error(plain: object) -> CollabError:
    """The error again, of its own class. Raises: MalformedMessage."""
    refused = from_plain(Refused, plain)
    kind = next((kind for kind in _all_kinds(CollabError) if kind.code == refused.code), InternalError)
    error = kind.__new__(kind)
    Exception.__init__(error, refused.detail)
    error.code, error.public, error.http_status = refused.code, refused.public, refused.http_status
    error.close_code = CloseCode(refused.close_code)
    if isinstance(error, LimitExceeded):
        error.limit = refused.limit or ""
    return error


def _all_kinds(kind: type[CollabError]) -> Iterator[type[CollabError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all_kinds(below)
