"""Owns the one HTTP client of connectors, WOPI and webhooks, and its guard against forged addresses; wraps httpx.

Every address is checked as text and again as what its name resolves to; the connection goes to exactly the address that
was checked, with the name in the TLS handshake and the Host header. Redirects are never followed: a 3xx is an answer
like any other. No proxy and no cookie is used. No text of an error or a log contains the query of a URL.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import httpcore
import httpx

from connectors.addresses import AddressRules, Target, parse_target
from connectors.errors import AddressRefused, CertificateRefused, TooLarge, Unavailable

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text."""

ERROR_BODY_BYTES = 64 * 1024
"""So much of the body of an answer that is no success is read; the rest is dropped."""
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
_FRESH = {"accept-encoding": "identity", "user-agent": "livefolder"}
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=())

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they log whole URLs


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How patient the client is, how wide, and whom it trusts."""

    connect_s: float = 10.0
    idle_s: float = 30.0
    """So long may pass without a byte, in either direction."""
    total_s: float = 120.0
    """For a whole exchange; a request may have its own."""
    connections: int = 32
    verify_tls: bool = True
    ca_file: Path | None = None
    """Certificates that are trusted instead of the system's."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `content` None: there is no body; bytes, also empty ones, are sent with their length."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    total_s: float | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer, whole. Names of headers are in lower case; repeated ones are joined with a comma."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, asked of the system. Raises: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Http:
    """A client that connects only where its rules allow; safe for many tasks of one event loop."""

    def __init__(
        self, rules: AddressRules, settings: HttpSettings | None = None, *, resolver: Resolver = resolve
    ) -> None:
        """Opens nothing. Raises: CertificateRefused when the file of certificates cannot be used."""
        self._rules = rules
        self._settings = settings or HttpSettings()
        transport = _GuardedTransport(rules, self._settings, resolver)
        patience = httpx.Timeout(self._settings.idle_s, connect=self._settings.connect_s)
        self._client = httpx.AsyncClient(
            transport=transport, timeout=patience, follow_redirects=False, trust_env=False, headers=_FRESH
        )
        self._client.cookies.jar.set_policy(_NO_COOKIES)
        self._closed = False

    async def send(self, request: HttpRequest, *, limit_bytes: int) -> HttpAnswer:
        """Exchange a request for its whole answer.

        A successful answer with more than `limit_bytes` is not read on. Raises: AddressRefused, CertificateRefused,
        Unavailable (no or no whole answer in time), TooLarge.
        """
        self._check(request.url)
        for attempt in (1, 2):
            try:
                async with asyncio.timeout(request.total_s or self._settings.total_s):
                    return await self._exchange(request, limit_bytes)
            except TimeoutError:
                raise Unavailable(f"{_shown(request)}: no whole answer in time") from None
            except _Disconnected as error:
                # A connection that was kept open may just be closing; asking once more is safe for these methods.
                if attempt == 2 or request.method not in _REPEATABLE:
                    raise Unavailable(f"{_shown(request)}: {error}") from None
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        if not self._closed:
            self._closed = True
            await self._client.aclose()

    def _check(self, url: str) -> Target:
        if self._closed:
            raise Unavailable("closed")
        target = parse_target(url)
        self._rules.check_target(target)
        return target

    async def _exchange(self, request: HttpRequest, limit_bytes: int) -> HttpAnswer:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.content is not None:
            headers["content-length"] = str(len(request.content))
        with _http_errors(_shown(request)):
            built = self._client.build_request(request.method, request.url, headers=headers, content=request.content)
            answer = await self._client.send(built, stream=True)
            try:
                content = await _body(answer, limit_bytes)
            finally:
                await answer.aclose()
        return HttpAnswer(answer.status_code, _headers(answer), content)


async def _body(answer: httpx.Response, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    left = limit_bytes if answer.is_success else ERROR_BODY_BYTES
    declared = answer.headers.get("content-length", "")
    if answer.is_success and declared.isdecimal() and int(declared) > left and answer.request.method != "HEAD":
        raise TooLarge(f"{declared} > {limit_bytes} bytes")
    async for chunk in answer.aiter_bytes():
        left -= len(chunk)
        if left < 0:
            if answer.is_success:
                raise TooLarge(f"more than {limit_bytes} bytes")
            break
        chunks.append(chunk)
    return b"".join(chunks)


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


class _Disconnected(Exception):
    """The other side closed the connection instead of answering."""


class _http_errors:
    """What httpx and httpcore raise, as errors of the contract."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
            raise _Disconnected(type(error).__name__) from None
        if isinstance(error, (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)):
            if _is_certificate_error(error):
                raise CertificateRefused(f"{self._shown}: {_reason(error)}") from None
            raise Unavailable(f"{self._shown}: {_reason(error)}") from None
        if isinstance(error, (ValueError, UnicodeError)):  # a header that cannot be sent
            raise AddressRefused(f"{self._shown}: this request cannot be sent") from None


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error
    return f"{type(error).__name__}: {cause}" if isinstance(cause, OSError) else type(error).__name__


def _is_certificate_error(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _shown(request: HttpRequest) -> str:
    return f"{request.method} {request.url.partition('?')[0].partition('#')[0]}"


class _GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over httpcore's pool, whose connections are made by the guard."""

    def __init__(self, rules: AddressRules, settings: HttpSettings, resolver: Resolver) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(settings),
            max_connections=settings.connections,
            max_keepalive_connections=settings.connections,
            keepalive_expiry=15.0,
            network_backend=_GuardedBackend(rules, resolver),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        inner = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _core_errors(request):
            answer = await self._pool.handle_async_request(inner)
        stream = _Stream(answer, request)
        return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=answer.extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _core_errors(self._request):
            async for chunk in self._answer.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


_CORE_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.TimeoutException, httpx.TimeoutException),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.ProtocolError, httpx.ProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.ConnectionNotAvailable, httpx.NetworkError),
)


class _core_errors:
    """httpcore's errors as httpx's own transport would raise them."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for core, ours in _CORE_ERRORS:
            if isinstance(error, core):
                raise ours(str(error), request=self._request) from error


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a host once, checks every address, and connects to one of those."""

    def __init__(self, rules: AddressRules, resolver: Resolver) -> None:
        self._rules = rules
        self._resolver = resolver
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        try:
            async with asyncio.timeout(timeout):
                for address in await self._addresses(host, port):
                    try:
                        return await self._inner.connect_tcp(address, port, timeout=timeout)
                    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                        failure = error
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host}: no connection in time") from None
        raise failure

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        literal = Target("http", host.strip("[]"), port).literal
        if literal is not None:
            addresses: Sequence[str] = [str(literal)]
        else:
            try:
                addresses = await self._resolver(host, port)
            except (OSError, UnicodeError) as error:
                raise httpcore.ConnectError(f"{host} is not known ({error})") from error
        self._rules.check_addresses(host, addresses)
        return addresses

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: object = None
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("no local sockets")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _tls(settings: HttpSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise CertificateRefused(f"{settings.ca_file}: {error.strerror or error}") from None
    if not settings.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
