"""Owns the errors that a connector may raise; imports nothing.

ConnectorError
    FileMissing         no such file or folder
    FileExists          create or rename onto something that is there
    AccessDenied        these credentials may not
    VersionMismatch     the stored version is not `if_version`
    LockHeld            somebody else holds the lock (`lock_id`, `owner` when known)
    LockLost            our lock is no longer there
    Unavailable         away, too slow, 5xx: worth a retry
    QuotaExceeded       no space left: worth a retry after somebody made room
    TooLarge            more bytes than the caller allowed
    NotAFile            a folder or a device stands at this path
    InvalidPath         the path leaves the root or cannot be a name there
    Unsupported         this storage has no such operation
    AddressRefused      an AccessDenied: our own rules do not let us connect there
    CertificateRefused  an Unavailable: the other side's certificate is not trusted
    NoCredentials       an AccessDenied: nobody's secret is known that this storage still takes
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of all; the text is for the log, never for people."""

    retryable = False


class FileMissing(ConnectorError):
    """There is no such file or folder."""


class FileExists(ConnectorError):
    """Something is already there."""


class AccessDenied(ConnectorError):
    """These credentials may not do this."""


class VersionMismatch(ConnectorError):
    """The stored version is not the one that was asked for; `current` is what is there, if known."""

    def __init__(self, text: str = "", *, current: str | None = None) -> None:
        super().__init__(text)
        self.current = current


class LockHeld(ConnectorError):
    """Somebody else holds the lock."""

    def __init__(self, text: str = "", *, lock_id: str | None = None, owner: str | None = None) -> None:
        super().__init__(text)
        self.lock_id = lock_id
        self.owner = owner


class LockLost(ConnectorError):
    """The lock that we held is gone."""


class Unavailable(ConnectorError):
    """The storage is away, too slow or answered with a server error."""

    retryable = True


class QuotaExceeded(ConnectorError):
    """No space is left."""

    retryable = True


class TooLarge(ConnectorError):
    """The content is larger than the caller allowed."""


class NotAFile(ConnectorError):
    """The path names a folder or something that is no regular file."""


class InvalidPath(ConnectorError):
    """The path leaves the root, or is no possible name there."""


class Unsupported(ConnectorError):
    """This storage has no such operation."""


class AddressRefused(AccessDenied):
    """Our own rules do not let us connect to this address; nothing was sent."""


class CertificateRefused(Unavailable):
    """The other side's certificate is not trusted, or those we trust cannot be read; nothing was sent."""


class NoCredentials(AccessDenied):
    """Nobody's secret is known that the storage still takes: somebody with a right must come first."""
