"""Owns the JSON payloads of our extension messages (docs/protocol.md); knows no bytes and no connection."""

from __future__ import annotations

from collections.abc import ItemsView, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from collab.errors import MalformedMessage
from collab.protocol.roles import Identity, Role

_Member = TypeVar("_Member", bound=StrEnum)


class StorageState(StrEnum):
    """What the storage has of a document."""

    STORED = "stored"
    PENDING = "pending"
    SAVING = "saving"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of the server to a client of ours."""

    history_id: str
    role: Role
    kind: str
    user: Identity
    facts: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """The payload on the wire."""
        return {
            "history_id": self.history_id,
            "role": self.role.value,
            "kind": self.kind,
            "user": self.user.to_json(),
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, payload: object) -> Hello:
        """Raises: MalformedMessage."""
        fields = Fields(payload)
        user = Fields(fields.object("user"))
        return cls(
            history_id=fields.text("history_id"),
            role=fields.member("role", Role),
            kind=fields.text("kind"),
            user=Identity(
                user.text("id"), user.text("name"), user.text("color"), user.text_or_none("color_dark") or ""
            ),
            facts=fields.object("facts"),
        )


@dataclass(frozen=True, slots=True)
class SaveState:
    """What the storage has; `covers` counts the update messages of the receiving connection in the stored file."""

    state: StorageState
    covers: int = 0
    stored_at_ms: int | None = None
    version: str | None = None
    code: str | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, object]:
        """The payload on the wire."""
        return {
            "state": self.state.value,
            "covers": self.covers,
            "stored_at_ms": self.stored_at_ms,
            "version": self.version,
            "code": self.code,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, payload: object) -> SaveState:
        """Raises: MalformedMessage."""
        fields = Fields(payload)
        return cls(
            state=fields.member("state", StorageState),
            covers=fields.number("covers"),
            stored_at_ms=fields.number_or_none("stored_at_ms"),
            version=fields.text_or_none("version"),
            code=fields.text_or_none("code"),
            reason=fields.text_or_none("reason"),
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know."""

    code: str
    text: str
    details: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """The payload on the wire; details stand beside code and text."""
        return {**self.details, "code": self.code, "text": self.text}

    @classmethod
    def from_json(cls, payload: object) -> Notice:
        """Raises: MalformedMessage."""
        fields = Fields(payload)
        details = {name: value for name, value in fields.items() if name not in ("code", "text")}
        return cls(fields.text("code"), fields.text("text"), details)


class Fields:
    """Reads typed fields of a decoded JSON object; whatever is missing or of another type is a `MalformedMessage`."""

    __slots__ = ("_fields",)

    def __init__(self, payload: object) -> None:
        if not isinstance(payload, dict):
            raise MalformedMessage("payload is not an object")
        self._fields: dict[str, object] = payload

    def items(self) -> ItemsView[str, object]:
        """All fields as they came."""
        return self._fields.items()

    def text(self, name: str) -> str:
        """Raises: MalformedMessage."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise MalformedMessage(f"field {name} is not a string")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Raises: MalformedMessage."""
        return None if self._fields.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        """Raises: MalformedMessage."""
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise MalformedMessage(f"field {name} is not an integer")
        return value

    def number_or_none(self, name: str) -> int | None:
        """Raises: MalformedMessage."""
        return None if self._fields.get(name) is None else self.number(name)

    def object(self, name: str) -> dict[str, object]:
        """Raises: MalformedMessage."""
        value = self._fields.get(name)
        if not isinstance(value, dict):
            raise MalformedMessage(f"field {name} is not an object")
        return value

    def member(self, name: str, of: type[_Member]) -> _Member:
        """Raises: MalformedMessage."""
        try:
            return of(self.text(name))
        except ValueError:
            raise MalformedMessage(f"field {name} has an unknown value") from None
