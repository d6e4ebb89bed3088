"""Owns the calls on the objects of one bucket, blocking; maps the library's errors; knows no folder contract."""

from __future__ import annotations

import base64
import functools
import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from connectors.base import Content, Version
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    FileMissing,
    InvalidPath,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from connectors.paths import TEMPORARY_PREFIX
from connectors.s3_settings import S3Settings

KEY_BYTES = 1024
_CHUNK_BYTES = 1024 * 1024
_BATCH = 1000
_CODES: dict[str, type[ConnectorError]] = {
    "NoSuchBucket": Unavailable,  # or every document would count as deleted
    "QuotaExceeded": QuotaExceeded,
    "XMinioStorageFull": QuotaExceeded,
    "XMinioAdminBucketQuotaExceeded": QuotaExceeded,
    "EntityTooLarge": TooLarge,
    "KeyTooLongError": InvalidPath,
}
_STATUSES: dict[int, type[ConnectorError]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: FileMissing,
    412: VersionMismatch,
    413: TooLarge,
    507: QuotaExceeded,
}


@dataclass(frozen=True, slots=True)
class Object:
    """One object of the bucket."""

    key: str
    size_bytes: int
    modified_ms: int
    version: Version


@dataclass(frozen=True, slots=True)
class Conditions:
    """Whether the server keeps to the conditions of a PUT."""

    if_match: bool
    if_none_match: bool


class Objects:
    """The objects under one prefix; safe for several threads."""

    def __init__(self, settings: S3Settings) -> None:
        """Opens no connection. Raises: InvalidPath, AccessDenied."""
        self._bucket = settings.bucket
        self._prefix = settings.prefix
        self._known: Conditions | None = None
        self._guard = threading.Lock()
        with s3_errors(settings.address):
            self._client: Any = _client(settings)

    @property
    def known(self) -> Conditions | None:
        """What is known of the conditions by now."""
        return self._known

    def key(self, path: str, *, folder: bool = False) -> str:
        """The key of a path. Raises: InvalidPath."""
        key = self._prefix + path + ("/" if folder and path else "")
        if len(key.encode()) > KEY_BYTES:
            raise InvalidPath(f"{path!r} is too long for a key")
        return key

    def head(self, key: str) -> Object:
        """Raises: FileMissing, …"""
        with s3_errors(key):
            found = self._client.head_object(Bucket=self._bucket, Key=key)
            modified_ms = int(found["LastModified"].timestamp() * 1000)
            return Object(key, found["ContentLength"], modified_ms, _version(found["ETag"]))

    def get(self, key: str, limit_bytes: int) -> Content:
        """Raises: FileMissing, TooLarge, …"""
        with s3_errors(key):
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            body = found["Body"]
            try:
                if found["ContentLength"] > limit_bytes:
                    raise TooLarge(f"{key!r}: {found['ContentLength']} > {limit_bytes} bytes")
                chunks: list[bytes] = []
                left = limit_bytes
                while chunk := body.read(_CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise TooLarge(f"{key!r}: more than {limit_bytes} bytes")
                    chunks.append(chunk)
            finally:
                body.close()
            return Content(b"".join(chunks), _version(found["ETag"]))

    def put(self, key: str, content: bytes, *, if_match: Version | None = None, if_new: bool = False) -> Version:
        """Raises: VersionMismatch (a condition does not hold), FileMissing, …"""
        condition: dict[str, str] = {}
        if if_match is not None:
            condition["IfMatch"] = f'"{if_match}"'
        if if_new:
            condition["IfNoneMatch"] = "*"
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        with s3_errors(key):
            done = self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentMD5=digest, **condition)
            return _version(done["ETag"])

    def copy(self, key: str, new_key: str, version: Version) -> None:
        """Copy an object if it is still that version. Raises: VersionMismatch, FileMissing, …"""
        source = {"Bucket": self._bucket, "Key": key}
        with s3_errors(key):
            self._client.copy_object(
                Bucket=self._bucket, Key=new_key, CopySource=source, CopySourceIfMatch=f'"{version}"'
            )

    def delete(self, keys: list[str]) -> None:
        """Remove objects; what is gone already is no error. Raises: AccessDenied, Unavailable, …"""
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            with s3_errors(batch[0]):
                if len(batch) == 1:
                    self._client.delete_object(Bucket=self._bucket, Key=batch[0])
                    continue
                wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
                failed = self._client.delete_objects(Bucket=self._bucket, Delete=wanted).get("Errors", [])
            if failed:
                raise _CODES.get(failed[0].get("Code", ""), AccessDenied)(f"{len(failed)} objects stay")

    def under(self, prefix: str, limit: int, *, deep: bool = False) -> tuple[list[Object], list[str]]:
        """The objects under a prefix, and the prefixes of folders below unless `deep`. Raises: TooLarge, …"""
        objects: list[Object] = []
        folders: list[str] = []
        asked: dict[str, object] = {"Bucket": self._bucket, "Prefix": prefix}
        if not deep:
            asked["Delimiter"] = "/"
        with s3_errors(prefix):
            while True:
                page = self._client.list_objects_v2(**asked, MaxKeys=min(1000, limit + 2))
                objects += [_object(entry) for entry in page.get("Contents", [])]
                folders += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
                if len(objects) + len(folders) > limit + 1:
                    raise TooLarge(f"{prefix!r}: more than {limit} entries")
                if not page.get("IsTruncated"):
                    return objects, folders
                asked["ContinuationToken"] = page["NextContinuationToken"]

    def has_any(self, prefix: str) -> bool:
        """Whether anything lies under a prefix."""
        with s3_errors(prefix):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1)
            return bool(found.get("Contents"))

    def conditions(self) -> Conditions:
        """What the server keeps to, found out on a scratch object once. Raises: AccessDenied, Unavailable, …"""
        with self._guard:
            if self._known is None:
                self._known = self._find_out(self.key(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"))
            return self._known

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _find_out(self, key: str) -> Conditions:
        try:
            self.put(key, b"first")
            if_none_match = self._refused(key, if_new=True)
            if_match = self._refused(key, if_match=Version("0" * 32))
            if if_match:
                self.put(key, b"last", if_match=self.head(key).version)
            return Conditions(if_match, if_none_match)
        finally:
            self.delete([key])

    def _refused(self, key: str, *, if_match: Version | None = None, if_new: bool = False) -> bool:
        try:
            self.put(key, b"other", if_match=if_match, if_new=if_new)
        except VersionMismatch:
            return True
        return False


@contextmanager
def s3_errors(what: str) -> Iterator[None]:
    """The library's errors as those of the contract."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        kind = _CODES.get(code) or _STATUSES.get(status) or Unavailable
        raise kind(f"{what!r}: {code} ({status})") from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AccessDenied(f"{what!r}: {error}") from None
    except (BotoCoreError, OSError) as error:
        raise Unavailable(f"{what!r}: {type(error).__name__}") from None
    except ValueError as error:
        raise InvalidPath(f"{what!r}: {error}") from None


@functools.cache
def _session() -> Any:
    """One for all: it reads the library's large tables once."""
    return botocore.session.Session()


def _client(settings: S3Settings) -> Any:
    own_style = settings.endpoint is not None if settings.path_style is None else settings.path_style
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if own_style else "virtual"},
        connect_timeout=min(10.0, settings.timeout_s),
        read_timeout=settings.timeout_s,
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=settings.threads,
        request_checksum_calculation="when_required",  # others than Amazon do not know the new checksums
        response_checksum_validation="when_required",
    )
    return _session().create_client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        aws_session_token=settings.session_token,
        verify=str(settings.ca_file) if settings.ca_file is not None and settings.verify_tls else settings.verify_tls,
        config=config,
    )


def _object(entry: dict[str, Any]) -> Object:
    return Object(entry["Key"], entry["Size"], int(entry["LastModified"].timestamp() * 1000), _version(entry["ETag"]))


def _version(etag: str) -> Version:
    return Version(etag.removeprefix("W/").strip('"'))
