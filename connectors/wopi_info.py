"""Owns what a host says of a file and a person (CheckFileInfo), read leniently; sends nothing.

Only the name can be relied on. A missing boolean is false, null is missing, a number may come as a text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.base import Version
from connectors.errors import Unavailable

_TRUE = frozenset({"true", "1", "yes"})
_CONSTANT_VERSIONS = frozenset({"", "0"})
"""Some hosts give every version of every file the same one."""
NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class FileInfo:
    """An answer to CheckFileInfo."""

    name: str
    size_bytes: int | None
    raw: Mapping[str, object] = field(repr=False)
    """All that the host said, for what only a browser needs."""

    @classmethod
    def parse(cls, content: bytes) -> FileInfo:
        """Raises: Unavailable (this is no CheckFileInfo: a login page, a proxy's error, a broken answer)."""
        try:
            raw = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            raise Unavailable("the host's answer to CheckFileInfo is no JSON") from None
        if not isinstance(raw, dict):
            raise Unavailable("the host's answer to CheckFileInfo is no JSON object")
        name = _text(raw.get("BaseFileName")) or _text(raw.get("BreadcrumbDocName"))
        shown = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if char.isprintable())
        if not shown:
            raise Unavailable("the host's answer to CheckFileInfo has no BaseFileName")
        extension = _text(raw.get("FileExtension"))
        if "." not in shown and extension:
            shown += extension if extension.startswith(".") else f".{extension}"
        return cls(shown[:NAME_LENGTH], _whole(raw.get("Size")), raw)

    # -- texts and flags --

    def text(self, name: str) -> str:
        """A property as a text; empty when it is missing."""
        return _text(self.raw.get(name))

    def flag(self, name: str) -> bool:
        """A property as a yes or a no; missing means no."""
        value = self.raw.get(name)
        return value.strip().lower() in _TRUE if isinstance(value, str) else value is True or value == 1

    def says_no(self, name: str) -> bool:
        """Whether the host said no in words; missing does not count."""
        return self.raw.get(name) is not None and not self.flag(name)

    # -- who --

    @property
    def user_id(self) -> str:
        return self.text("UserId") or self.text("UserPrincipalName")

    @property
    def user_name(self) -> str:
        return self.text("UserFriendlyName") or self.text("UserId") or "Guest"

    @property
    def is_owner(self) -> bool:
        owner = self.text("OwnerId")
        return bool(owner) and owner == self.user_id

    # -- what they may --

    @property
    def may_write(self) -> bool:
        """A host of Collabora's kind does not mention SupportsUpdate: only a spoken no counts."""
        lowered = ("ReadOnly", "WebEditingDisabled", "TemporarilyNotWritable", "RestrictedWebViewOnly")
        return self.flag("UserCanWrite") and not self.says_no("SupportsUpdate") and not any(map(self.flag, lowered))

    @property
    def supports_locks(self) -> bool:
        """Hosts that do not mention it are asked, and remembered when they refuse."""
        return not self.says_no("SupportsLocks")

    @property
    def may_rename(self) -> bool:
        return self.flag("SupportsRename") and self.flag("UserCanRename")

    @property
    def may_save_as(self) -> bool:
        return not self.flag("UserCanNotWriteRelative")

    # -- which content --

    @property
    def modified(self) -> str:
        """The time of the last change as the host wrote it: formats differ, so it is compared and never computed."""
        return self.text("LastModifiedTime")

    @property
    def modified_ms(self) -> int:
        """The same for people's eyes; 0 when it cannot be read."""
        text = self.modified.replace("Z", "+00:00")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return 0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1000)

    @property
    def version(self) -> Version | None:
        """What changes with the content; None when the host tells nothing of the kind."""
        version = self.text("Version")
        if version not in _CONSTANT_VERSIONS:
            return item_version(version)
        if not self.modified:
            return None
        return time_version(self.modified, self.size_bytes, self.text("SHA256"))

    @property
    def counts_versions(self) -> bool:
        """Whether `version` is the host's own, as in X-WOPI-ItemVersion."""
        return self.text("Version") not in _CONSTANT_VERSIONS


def item_version(version: str) -> Version:
    """The host's own version."""
    return Version(f"v:{version}")


def time_version(modified: str, size_bytes: int | None, sha256: str) -> Version:
    """A version of a host that has none: when, how large, and the hash where it is told."""
    return Version(f"t:{modified}:{'' if size_bytes is None else size_bytes}:{sha256}")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None
