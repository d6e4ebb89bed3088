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

    @property
    def may_write(self) -> bool:
        """May change the document's content."""
        return self in (Role.EDITOR, Role.OWNER)

    @property
    def may_manage(self) -> bool:
        """May share, rename, delete and revoke."""
        return self is Role.OWNER


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: the id for records and ownership, the name and the colour (`#rrggbb`) for people's eyes."""

    user_id: str
    name: str
    color: str
