"""Owns the dialect of jupyter-docprovider: y-websocket with save requests, large outputs and its own close codes.

Its clients understand three codes at any time (1003 with a JSON reason, 4400, 4404) and come again after every other
one. Knows no socket and no document.
"""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum

from collab.errors import CloseCode, LimitExceeded, MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import Reader, encode_var_string, encode_var_uint
from collab.protocol.events import Event, Rejected, SaveRequested
from collab.protocol.frames import REASON_BYTES
from collab.protocol.rate import TokenBucket
from collab.protocol.roles import Identity, Role
from collab.protocol.sending import CloseInfo
from collab.protocol.session import Session

RAW = 2
"""A message that is no Yjs: a save request from the client, JSON text to it."""
_RAW_BYTE = b"\x02"
_SYNC_BYTE = b"\x00"
_SAVE = "save"
ENDED = "Access ended"


class SaveStatus(StrEnum):
    """What became of a save request; everything but success is shown as an error."""

    SUCCESS = "success"
    FAILED = "failed"


class JupyterCode(IntEnum):
    """Close codes of the dialect that say more than "come again"."""

    UNSUPPORTED = 1003
    BAD_REQUEST = 4400
    NOT_FOUND = 4404


_TELLING = {CloseCode.NOT_FOUND: JupyterCode.NOT_FOUND, CloseCode.MALFORMED: JupyterCode.BAD_REQUEST}


class JupyterSession(Session):
    """One JupyterLab in one room; outputs come as updates of any size up to `sync_size_bytes`."""

    __slots__ = ()

    def __init__(self, role: Role, identity: Identity, limits: Limits) -> None:
        super().__init__(role, identity, limits, extensions=False)
        self._messages = TokenBucket(limits.jupyter_messages_per_second, limits.jupyter_messages_burst)

    @property
    def message_limit_bytes(self) -> int:
        """The largest message that would be taken now."""
        limits = self._limits
        return (
            max(limits.sync_size_bytes, limits.message_size_bytes)
            if self.role.may_write
            else super().message_limit_bytes
        )

    def may_be_large(self, start: bytes) -> bool:
        """A cell's output is one update, however large it is."""
        return _SYNC_BYTE.startswith(start[:1])

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take one message; never raises on bad input."""
        if self.close_info is not None or not data.startswith(_RAW_BYTE):
            return super().receive(data, now)
        self._heard_at = now
        try:
            if not self._within_rate(data, now):
                return []
            return [self._raw(data)]
        except MalformedMessage as error:
            return [Rejected(error, fatal=False)]
        except LimitExceeded as error:
            return [self._fail(error, error.close_code)]

    def _raw(self, data: bytes) -> Event:
        if len(data) > self._limits.message_size_bytes:
            raise MalformedMessage("a request this large means nothing")
        reader = Reader(data)
        reader.var_uint()
        if reader.var_string() != _SAVE:
            raise MalformedMessage("unknown request")
        request_id = reader.var_uint()
        reader.finish()
        return SaveRequested(request_id)


def encode_save_answer(request_id: int, status: SaveStatus) -> bytes:
    """The answer to a save request."""
    text = json.dumps({"type": _SAVE, "responseTo": request_id, "status": status.value})
    return encode_var_uint(RAW) + encode_var_string(text)


def encode_save_request(request_id: int) -> bytes:
    """A client's wish to store the file now."""
    return encode_var_uint(RAW) + encode_var_string(_SAVE) + encode_var_uint(request_id)


def close_of(info: CloseInfo, session_id: str) -> CloseInfo:
    """How a close of ours is said in this dialect.

    1003 makes the client discard what it holds: only for another history, and for a right that was taken.
    """
    if info.code == CloseCode.HISTORY_CHANGED:
        return CloseInfo(JupyterCode.UNSUPPORTED, _reason("unknown_session", session_id, "", reloadable=True))
    if info.code == CloseCode.FORBIDDEN:
        return CloseInfo(JupyterCode.UNSUPPORTED, _reason("initialization_error", "", ENDED, reloadable=False))
    if info.code in _TELLING:
        return CloseInfo(_TELLING[CloseCode(info.code)], info.reason)
    if info.code in (CloseCode.UNAUTHENTICATED, CloseCode.LIMIT_EXCEEDED, CloseCode.UNSUPPORTED):
        return CloseInfo(CloseCode.TRY_AGAIN_LATER, info.reason)
    return info


def _reason(reason: str, session_id: str, error: str, *, reloadable: bool) -> str:
    told = {"reason": reason, "sessionId": session_id, "reloadable": reloadable}
    text = json.dumps({**told, "errorReason": error} if error else told, separators=(",", ":"))
    return text if len(text) <= REASON_BYTES else json.dumps({"reason": reason, "reloadable": reloadable})
