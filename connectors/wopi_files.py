"""Owns what a person asks of a host beyond contents and locks: copies, names, deletion, a few words of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from connectors.errors import InvalidPath, Unavailable
from connectors.http import HttpAnswer
from connectors.paths import check_name
from connectors.wopi_calls import Operation, WopiCalls, with_lock
from connectors.wopi_source import WopiToken

USER_INFO_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class MadeCopy:
    """A file that a host made for us."""

    name: str
    source: str = field(repr=False)
    """Its WOPISrc, with a token in it."""
    edit_url: str = ""


def new_name(text: str) -> str:
    """A name as a person typed it. Raises: InvalidPath."""
    name = text.strip()
    check_name(name)
    return name


async def save_as(calls: WopiCalls, token: WopiToken, name: str, content: bytes) -> MadeCopy:
    """PutRelativeFile with a name that the host may change. Raises: InvalidPath, Unsupported, FileExists, …"""
    headers = {"X-WOPI-SuggestedTarget": utf7(name), "X-WOPI-Size": str(len(content))}
    operation = Operation("PutRelativeFile", override="PUT_RELATIVE", headers=headers, body=content)
    told = _told(await calls.send(token, operation))
    made, source = told.get("Name"), told.get("Url")
    if not isinstance(made, str) or not made:
        raise Unavailable("PutRelativeFile: the host does not say how the copy is called")
    edit_url = told.get("HostEditUrl")
    return MadeCopy(made, source if isinstance(source, str) else "", edit_url if isinstance(edit_url, str) else "")


async def rename(calls: WopiCalls, token: WopiToken, name: str, stored: bytes, lock_id: str | None) -> str:
    """RenameFile; answers the name that the file has now, with its extension.

    The wish goes without extension. The body is what the host has stored: some write it into the file.
    Raises: InvalidPath, Unsupported, LockHeld, …
    """
    stem, dot, extension = name.rpartition(".")
    wish = stem if dot else name
    if not wish:
        raise InvalidPath("no name")
    operation = Operation(
        "RenameFile", override="RENAME_FILE", headers={"X-WOPI-RequestedName": utf7(wish)}, body=stored
    )
    told = _told(await calls.send(token, with_lock(operation, lock_id)))
    made = told.get("Name")
    shown = made if isinstance(made, str) and made else wish
    return f"{shown}.{extension}" if dot and not shown.endswith(f".{extension}") else shown


async def delete(calls: WopiCalls, token: WopiToken) -> None:
    """DeleteFile. Raises: LockHeld, AccessDenied, Unsupported, …"""
    await calls.send(token, Operation("DeleteFile", override="DELETE"))


async def put_user_info(calls: WopiCalls, token: WopiToken, info: str) -> None:
    """PutUserInfo. Raises: InvalidPath (too long, not ASCII), Unsupported, …"""
    if len(info) > USER_INFO_LENGTH or not info.isascii():
        raise InvalidPath(f"at most {USER_INFO_LENGTH} ASCII characters")
    await calls.send(token, Operation("PutUserInfo", override="PUT_USER_INFO", body=info.encode()))


def utf7(text: str) -> str:
    """A name as WOPI wants it in a header."""
    return text.encode("utf-7").decode("ascii")


def _told(answer: HttpAnswer) -> dict[str, object]:
    try:
        told = json.loads(answer.content or b"{}")
    except ValueError:
        raise Unavailable("the host's answer is no JSON") from None
    return told if isinstance(told, dict) else {}
