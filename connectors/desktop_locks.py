"""Owns the lock files that desktop applications put beside a document: their names and their bytes; opens nothing.

LibreOffice: `.~lock.NAME#`, one line of five fields. Microsoft Office: `~$NAME`, of which Word cuts up to two
characters of long names. vim: `.NAME.swp`, which only says that somebody looks at the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LOCK_SIZE_BYTES = 4096
OUR_MARK = "livefolder:"

_VIM_USER = slice(28, 68)
_VIM_HOST = slice(68, 108)
_SPECIAL = re.compile(r"([\\,;])")
_FIELD = re.compile(r"((?:[^\\,;]|\\.)*)([,;]|$)", re.DOTALL)


class LockFileKind(StrEnum):
    """Whose lock file it is."""

    LIBREOFFICE = "LibreOffice"
    MICROSOFT = "Microsoft Office"
    VIM = "vim"


@dataclass(frozen=True, slots=True)
class LockFile:
    """A possible lock file of a document."""

    kind: LockFileKind
    name: str


@dataclass(frozen=True, slots=True)
class OfficeLock:
    """The five fields of a LibreOffice lock file; ours carry a mark, the lock and the server in `profile`."""

    person: str
    account: str
    host: str
    since: str
    profile: str

    @property
    def owner(self) -> str:
        """Who holds it, for people."""
        who = self.person or self.account or "somebody"
        return f"{who} on {self.host}" if self.host else who


@dataclass(frozen=True, slots=True)
class OurMark:
    """What our own lock files say beside the name: the lock and the server process that holds it."""

    lock_id: str
    pid: int
    started: str


def lock_files_of(name: str) -> tuple[LockFile, ...]:
    """The names under which applications lock a document, those that block first."""
    microsoft = [f"~${name}"]
    stem = name.rpartition(".")[0] or name
    if len(stem) == 7:
        microsoft.append(f"~${name[1:]}")
    elif len(stem) > 7:
        microsoft.append(f"~${name[2:]}")
    return (
        LockFile(LockFileKind.LIBREOFFICE, office_lock_name(name)),
        *(LockFile(LockFileKind.MICROSOFT, candidate) for candidate in microsoft),
        LockFile(LockFileKind.VIM, f".{name}.swp"),
    )


def office_lock_name(name: str) -> str:
    """The lock file that LibreOffice looks for."""
    return f".~lock.{name}#"


def is_lock_file(name: str) -> bool:
    """Whether a name is a lock file of the three applications."""
    return name.startswith("~$") or (name.startswith(".") and (name.startswith(".~lock.") or name.endswith(".swp")))


def owner_in(kind: LockFileKind, content: bytes) -> str:
    """Who holds a foreign lock, for people; any bytes give some text."""
    match kind:
        case LockFileKind.LIBREOFFICE:
            return decode_office_lock(content).owner
        case LockFileKind.MICROSOFT:
            return _clean(content[1 : 1 + content[0]].decode("latin-1")) if content else ""
    user, host = (_clean(content[part].split(b"\0")[0].decode("utf-8", "replace")) for part in (_VIM_USER, _VIM_HOST))
    return f"{user} on {host}" if host else user


def encode_office_lock(lock: OfficeLock) -> bytes:
    """The bytes of a LibreOffice lock file."""
    fields = (lock.person, lock.account, lock.host, lock.since, lock.profile)
    return (",".join(_SPECIAL.sub(r"\\\1", _clean(text)) for text in fields) + ";").encode()


def decode_office_lock(content: bytes) -> OfficeLock:
    """The fields of a LibreOffice lock file; what is missing is empty."""
    text = content[:LOCK_SIZE_BYTES].decode("utf-8", "replace")
    fields: list[str] = []
    position = 0
    while len(fields) < 5 and (match := _FIELD.match(text, position)):
        fields.append(_clean(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL)))
        position = match.end()
        if match[2] != ",":
            break
    return OfficeLock(*(fields + [""] * 5)[:5])


def encode_mark(mark: OurMark) -> str:
    """Our mark for the profile field."""
    return f"{OUR_MARK}{mark.pid}:{mark.started}:{mark.lock_id}"


def decode_mark(lock: OfficeLock) -> OurMark | None:
    """Our mark in a lock file, None in one of LibreOffice."""
    if not lock.profile.startswith(OUR_MARK):
        return None
    pid, _, rest = lock.profile.removeprefix(OUR_MARK).partition(":")
    started, _, lock_id = rest.partition(":")
    return OurMark(lock_id, int(pid), started) if pid.isdecimal() and len(pid) < 12 else None


def _clean(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:200].strip()
