"""Owns the roles and who a connection is; knows nothing of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a connection may do; checked for each message."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    EDITOR = "editor"
    OWNER = "owner"

    def __init__(self, value: str) -> None:
        self.may_write = value in ("editor", "owner")
        """May change the document's content. No property: it is asked for each message."""

    @property
    def may_manage(self) -> bool:
        """May share, rename, delete and revoke."""
        return self is Role.OWNER


def min_role(first: Role, second: Role) -> Role:
    """The lesser of two roles."""
    order = list(Role)
    return min(first, second, key=order.index)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: the id for records and ownership, the name and the colours (`#rrggbb`) for people's eyes."""

    user_id: str
    name: str
    color: str
    """On light grounds."""
    color_dark: str = ""
    """On dark grounds; empty: the same."""

    def to_json(self) -> dict[str, str]:
        """As it is told to browsers."""
        return {"id": self.user_id, "name": self.name, "color": self.color, "color_dark": self.color_dark or self.color}
