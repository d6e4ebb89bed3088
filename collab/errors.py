"""Owns the error hierarchy and the tables of close codes; knows no module of this project.

    CollabError
        ProtocolError           the peer's fault
            MalformedMessage
            LimitExceeded
            PermissionDenied
        StorageError            the storage refused or is away
            NotFound
            VersionConflict
            LockConflict
            StorageUnavailable  (retryable)
                RoomElsewhere
            StorageFull         (retryable)
        JournalError            our own store refused an append (retryable)
        LeaseLost               another node stores the document now (retryable)
        HistoryChanged          the document has another history than the client
        FormatError             these bytes are not of that format
        ConfigError             the operator's settings cannot work
        InternalError           our bug

Close codes of our dialect: 44xx = do not retry, every other code = retry.
"""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """WebSocket close codes of the y-websocket dialect with our extensions."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    HISTORY_CHANGED = 4409
    LIMIT_EXCEEDED = 4413
    UNSUPPORTED = 4415


class CollabError(Exception):
    """Base of every error that may reach a client.

    The exception's own text is for the log; only `public` may be sent.
    """

    code: str = "internal_error"
    public: str = "Something went wrong on the server. Nothing that was saved is lost."
    close_code: CloseCode = CloseCode.INTERNAL_ERROR
    http_status: int = 500

    def __init__(self, detail: str = "", *, public: str | None = None) -> None:
        super().__init__(detail or self.public)
        if public is not None:
            self.public = public


class ProtocolError(CollabError):
    """The peer broke the protocol."""

    code = "protocol_error"
    public = "The message could not be understood."
    close_code = CloseCode.MALFORMED
    http_status = 400


class MalformedMessage(ProtocolError):
    """Bytes that are not a message, or a message that is not well formed."""

    code = "malformed_message"


class LimitExceeded(ProtocolError):
    """A configured limit was passed; `limit` is the name of the setting."""

    code = "limit_exceeded"
    close_code = CloseCode.LIMIT_EXCEEDED
    http_status = 413

    def __init__(self, limit: str, detail: str = "") -> None:
        super().__init__(detail or f"limit {limit} exceeded", public=f"This is more than the server accepts ({limit}).")
        self.limit = limit


class PermissionDenied(ProtocolError):
    """The role of this connection does not allow it."""

    code = "permission_denied"
    public = "You may not do this here."
    close_code = CloseCode.FORBIDDEN
    http_status = 403


class Unauthenticated(CollabError):
    """No valid token came with the request."""

    code = "unauthenticated"
    public = "Please sign in again."
    close_code = CloseCode.UNAUTHENTICATED
    http_status = 401


class StorageError(CollabError):
    """The storage behind a document refused; what people typed stays in the journal."""

    code = "storage_error"
    public = "The storage refused. Your edits are safe in the journal."
    close_code = CloseCode.TRY_AGAIN_LATER
    http_status = 502


class NotFound(StorageError):
    """The file or document does not exist."""

    code = "not_found"
    public = "This file does not exist."
    close_code = CloseCode.NOT_FOUND
    http_status = 404


class VersionConflict(StorageError):
    """The stored version is not the one the write was meant to replace."""

    code = "version_conflict"
    public = "The file was changed by somebody else meanwhile."
    http_status = 409


class LockConflict(StorageError):
    """Somebody else holds the storage's lock."""

    code = "lock_conflict"
    public = "The file is locked by another application."
    http_status = 423


class StorageDenied(StorageError):
    """The storage does not let these credentials do this."""

    code = "storage_denied"
    public = "The storage does not allow this."
    http_status = 403


class CredentialsMissing(StorageDenied):
    """Nobody's right is known that the storage still takes."""

    code = "credentials_missing"
    public = "Your sign-in at the storage ended. Your edits are safe in the journal; open the file again to store them."


class StorageUnavailable(StorageError):
    """The storage is away or too slow; retry."""

    code = "storage_unavailable"
    public = "The storage does not answer. Your edits are safe in the journal."
    http_status = 503


class RoomElsewhere(StorageUnavailable):
    """Another worker of this machine has the document at the moment; retry."""

    code = "room_elsewhere"
    public = "The document is moving to another place. Please try again in a moment."
    close_code = CloseCode.SERVICE_RESTART


class StorageFull(StorageError):
    """The storage has no room left; retry later."""

    code = "storage_full"
    public = "The storage is full. Your edits are safe in the journal."
    http_status = 507


class TooManyRequests(CollabError):
    """Somebody, or an address, asks too often or holds too much."""

    code = "too_many_requests"
    public = "Too many connections from this address. Try again in a minute."
    http_status = 429


class JournalError(CollabError):
    """The journal cannot take an update now (disk full, I/O error); nothing was acknowledged."""

    code = "journal_unavailable"
    public = "The server cannot keep edits at the moment. Yours stay in this browser and are sent again."
    close_code = CloseCode.TRY_AGAIN_LATER
    http_status = 503


class LeaseLost(CollabError):
    """Another node has the right to store this document now; nothing of the call has happened."""

    code = "lease_lost"
    public = "Another server of the group stores this document now."
    close_code = CloseCode.SERVICE_RESTART
    http_status = 503


class HistoryChanged(CollabError):
    """The document's history is not the one the client knows."""

    code = "history_changed"
    public = "This document was restored or replaced. Your offline edits are kept aside."
    close_code = CloseCode.HISTORY_CHANGED
    http_status = 409


class FormatError(CollabError):
    """These bytes cannot become a live document of that format."""

    code = "format_error"
    public = "This file cannot be edited here."
    close_code = CloseCode.UNSUPPORTED
    http_status = 415


class DocumentPoisoned(CollabError):
    """An apply failed and the live document can no longer be trusted; rebuild it from the journal."""

    code = "document_poisoned"
    close_code = CloseCode.SERVICE_RESTART


class ConfigError(CollabError):
    """The configuration cannot work; the text says what to change."""

    code = "config_error"


class InternalError(CollabError):
    """Our bug."""
