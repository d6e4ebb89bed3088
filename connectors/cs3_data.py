"""Owns the transfers of file contents through a CS3 site's data gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cs3.storage.provider.v1beta1 import provider_api_pb2
from cs3.types.v1beta1 import types_pb2

from connectors.addresses import AddressRules, parse_target
from connectors.base import Credentials, Version
from connectors.cs3_gateway import Gateway
from connectors.cs3_settings import Cs3Settings
from connectors.errors import (
    AccessDenied,
    AddressRefused,
    ConnectorError,
    FileMissing,
    LockHeld,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from connectors.http import Http, HttpAnswer, HttpRequest, HttpSettings

PROTOCOLS = ("simple", "spaces")
ORIGINS = 8
_STATUSES: dict[int, type[ConnectorError]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: FileMissing,
    409: LockHeld,
    412: VersionMismatch,
    413: TooLarge,
    423: LockHeld,
    507: QuotaExceeded,
}


class Transfers:
    """Downloads and uploads of one root."""

    def __init__(self, settings: Cs3Settings, gateway: Gateway) -> None:
        self._settings = settings
        self._gateway = gateway
        self._clients: dict[str, Http] = {}

    async def download(self, path: str, credentials: Credentials, limit_bytes: int) -> bytes:
        """Raises: FileMissing, TooLarge, …"""
        request = provider_api_pb2.InitiateFileDownloadRequest(ref=self._gateway.reference(path))
        found = await self._gateway.call(lambda stub: stub.InitiateFileDownload, request, path, credentials)
        entry = _chosen(found.protocols)
        headers = await self._headers(entry.token, credentials)
        answer = await self._send("GET", entry.download_endpoint, headers, None, limit_bytes)
        if answer.status != 200:
            raise _refusal(answer, path)
        return answer.content

    async def upload(
        self, path: str, content: bytes, credentials: Credentials, if_version: Version | None, lock_id: str | None
    ) -> None:
        """Raises: VersionMismatch, LockHeld, QuotaExceeded, …; AddressRefused when the gateway names a foreign host."""
        length = types_pb2.OpaqueEntry(decoder="plain", value=str(len(content)).encode())
        request = provider_api_pb2.InitiateFileUploadRequest(
            ref=self._gateway.reference(path),
            opaque=types_pb2.Opaque(map={"Upload-Length": length}),
            lock_id=lock_id or "",
            **({"if_not_exist": True} if if_version is None else {"if_match": if_version}),
        )
        found = await self._gateway.call(lambda stub: stub.InitiateFileUpload, request, path, credentials)
        entry = _chosen(found.protocols)
        headers = {**await self._headers(entry.token, credentials), "upload-length": str(len(content))}
        if lock_id is not None:
            headers |= {"x-lock-id": lock_id, "x-lock-holder": self._settings.app_name}
        if self._settings.disable_versioning:
            headers["x-disable-versioning"] = "true"
        answer = await self._send("PUT", entry.upload_endpoint, headers, content, 64 * 1024)
        if not answer.ok or answer.status == 206:
            raise _refusal(answer, path)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()

    async def _headers(self, transfer: str, credentials: Credentials) -> Mapping[str, str]:
        return {"x-reva-transfer": transfer, "x-access-token": await self._gateway.token(credentials)}

    async def _send(
        self, method: str, endpoint: str, headers: Mapping[str, str], content: bytes | None, limit_bytes: int
    ) -> HttpAnswer:
        url = self._rewritten(endpoint)
        return await self._client(url).send(HttpRequest(method, url, headers, content), limit_bytes=limit_bytes)

    def _rewritten(self, endpoint: str) -> str:
        """Where the data gateway is for us. Raises: AddressRefused when the gateway leads somewhere unknown."""
        if self._settings.data_url is not None:
            ours, theirs = urlsplit(self._settings.data_url), urlsplit(endpoint)
            path = ours.path.rstrip("/") + theirs.path
            return urlunsplit((ours.scheme, ours.netloc, path, theirs.query, ""))
        known = {self._settings.host, *(host.strip() for host in self._settings.data_hosts.split(","))}
        if parse_target(endpoint).host not in known:
            raise AddressRefused(
                f"the gateway sends transfers to {urlsplit(endpoint).netloc}: set data_hosts or data_url"
            )
        return endpoint

    def _client(self, url: str) -> Http:
        target = parse_target(url)
        origin = f"{target.scheme}://{target.host}:{target.port}"
        if origin not in self._clients:
            if len(self._clients) >= ORIGINS:
                raise AddressRefused("the gateway names too many data gateways")
            settings = HttpSettings(
                total_s=self._settings.timeout_s, verify_tls=self._settings.verify_tls, ca_file=self._settings.ca_file
            )
            self._clients[origin] = Http(AddressRules.configured(url), settings)
        return self._clients[origin]


def _chosen(protocols: Any) -> Any:
    for entry in protocols:
        if entry.protocol in PROTOCOLS:
            return entry
    raise Unavailable("the gateway offers no plain transfer")


def _refusal(answer: HttpAnswer, path: str) -> ConnectorError:
    return _STATUSES.get(answer.status, Unavailable)(f"{path!r}: the data gateway says {answer.status}")
