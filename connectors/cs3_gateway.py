"""Owns the calls to a CS3 gateway: token, deadlines, references, and what its statuses mean; knows no contract.

A gateway tells failures in the answer's own status, and some also as gRPC errors: both are read by the same table.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from cs3.gateway.v1beta1 import gateway_api_pb2, gateway_api_pb2_grpc
from cs3.rpc.v1beta1 import code_pb2
from cs3.storage.provider.v1beta1 import provider_api_pb2, resources_pb2

from connectors.base import Credentials
from connectors.cs3_settings import Cs3Settings
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileExists,
    FileMissing,
    InvalidPath,
    LockHeld,
    QuotaExceeded,
    Unavailable,
    Unsupported,
    VersionMismatch,
)

Answer = TypeVar("Answer")

CALL_S = 10.0
RENEW_BEFORE_S = 60.0
UNKNOWN_LIFETIME_S = 600.0
_CODES: dict[int, type[ConnectorError]] = {
    code_pb2.CODE_INVALID_ARGUMENT: InvalidPath,
    code_pb2.CODE_NOT_FOUND: FileMissing,
    code_pb2.CODE_ALREADY_EXISTS: FileExists,
    code_pb2.CODE_PERMISSION_DENIED: AccessDenied,
    code_pb2.CODE_UNAUTHENTICATED: AccessDenied,
    code_pb2.CODE_FAILED_PRECONDITION: VersionMismatch,
    code_pb2.CODE_ABORTED: VersionMismatch,
    code_pb2.CODE_UNIMPLEMENTED: Unsupported,
    code_pb2.CODE_INSUFFICIENT_STORAGE: QuotaExceeded,
    code_pb2.CODE_LOCKED: LockHeld,
}
_GRPC = {
    grpc.StatusCode.INVALID_ARGUMENT: code_pb2.CODE_INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND: code_pb2.CODE_NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: code_pb2.CODE_ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED: code_pb2.CODE_PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED: code_pb2.CODE_UNAUTHENTICATED,
    grpc.StatusCode.FAILED_PRECONDITION: code_pb2.CODE_FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED: code_pb2.CODE_ABORTED,
    grpc.StatusCode.UNIMPLEMENTED: code_pb2.CODE_UNIMPLEMENTED,
}


class Gateway:
    """One gateway, with the token of the configured account."""

    def __init__(self, settings: Cs3Settings) -> None:
        self._settings = settings
        self._channel: grpc.aio.Channel | None = None
        self._token = ""
        self._renew_at = 0.0

    def reference(self, path: str) -> Any:
        """The reference of a path in the root."""
        settings = self._settings
        if settings.opaque_id is None:
            return resources_pb2.Reference(path=f"{settings.root}/{path}" if path else settings.root or "/")
        root = resources_pb2.ResourceId(
            storage_id=settings.storage_id, space_id=settings.space_id or "", opaque_id=settings.opaque_id
        )
        return resources_pb2.Reference(resource_id=root, path=f"./{path}" if path else ".")

    async def stat(self, path: str, credentials: Credentials) -> Any:
        """What stands at a path, as a ResourceInfo. Raises: FileMissing, AccessDenied, Unavailable."""
        request = provider_api_pb2.StatRequest(ref=self.reference(path))
        return (await self.call(lambda stub: stub.Stat, request, path, credentials)).info

    async def call(
        self,
        method: Callable[[Any], Callable[..., Awaitable[Any]]],
        request: object,
        what: str,
        credentials: Credentials,
    ) -> Any:
        """One call; signs in again once when the token is not taken any more. Raises: ConnectorError."""
        try:
            return await self._call(method, request, what, credentials)
        except _SignedOut:
            if credentials.secret is not None:
                raise AccessDenied(f"{what!r}: the token is not valid") from None
        self._renew_at = 0.0
        try:
            return await self._call(method, request, what, credentials)
        except _SignedOut:
            raise AccessDenied(f"{what!r}: the token is not valid") from None

    async def token(self, credentials: Credentials) -> str:
        """The access token for a call. Raises: AccessDenied, Unavailable."""
        if credentials.secret is not None:
            return credentials.secret
        if time.time() >= self._renew_at:
            await self._sign_in()
        return self._token

    async def close(self) -> None:
        """Close the channel; may be called twice."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _call(
        self,
        method: Callable[[Any], Callable[..., Awaitable[Any]]],
        request: object,
        what: str,
        credentials: Credentials,
    ) -> Any:
        metadata = (("x-access-token", await self.token(credentials)),)
        answer = await self._ask(method(self._stub())(request, metadata=metadata, timeout=CALL_S), what)
        code = answer.status.code
        if code == code_pb2.CODE_OK:
            return answer
        if code == code_pb2.CODE_UNAUTHENTICATED:
            raise _SignedOut
        raise failure(code, answer.status.message, what)

    async def _ask(self, call: Awaitable[Answer], what: str) -> Answer:
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                raise _SignedOut from None
            raise failure(_GRPC.get(error.code(), code_pb2.CODE_INTERNAL), error.details() or "", what) from None
        except grpc.aio.UsageError:
            raise Unavailable("closed") from None

    async def _sign_in(self) -> None:
        settings = self._settings
        request = gateway_api_pb2.AuthenticateRequest(
            type=settings.auth_type, client_id=settings.client_id, client_secret=settings.client_secret
        )
        try:
            answer = await self._ask(self._stub().Authenticate(request, timeout=CALL_S), "sign in")
        except _SignedOut:
            raise AccessDenied("the gateway does not accept these credentials") from None
        if answer.status.code != code_pb2.CODE_OK:
            raise AccessDenied(f"the gateway does not accept these credentials (code {answer.status.code})")
        self._token = answer.token
        self._renew_at = _expires_s(answer.token) - RENEW_BEFORE_S

    def _stub(self) -> Any:
        if self._channel is None:
            self._channel = self._open_channel()
        return gateway_api_pb2_grpc.GatewayAPIStub(self._channel)

    def _open_channel(self) -> grpc.aio.Channel:
        options = (("grpc.max_receive_message_length", 64 * 1024 * 1024), ("grpc.enable_http_proxy", 0))
        if not self._settings.tls:
            return grpc.aio.insecure_channel(self._settings.target, options=options)
        roots = None if self._settings.ca_file is None else self._settings.ca_file.read_bytes()
        return grpc.aio.secure_channel(self._settings.target, grpc.ssl_channel_credentials(roots), options=options)


class _SignedOut(Exception):
    """The gateway wants another token."""


def failure(code: int, message: str, what: str) -> ConnectorError:
    """The error for a status. INTERNAL with this text is how Reva's drivers say that nothing is there."""
    if code == code_pb2.CODE_INTERNAL and "path not found" in message:
        return FileMissing(what)
    return _CODES.get(code, Unavailable)(f"{what!r}: code {code}")


def _expires_s(token: str) -> float:
    """When a token ends, by what it says itself; it is not checked here, the gateway does that."""
    try:
        payload = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (IndexError, KeyError, ValueError, TypeError):
        return time.time() + UNKNOWN_LIFETIME_S
