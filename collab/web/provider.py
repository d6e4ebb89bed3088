"""Owns talking to an OpenID Connect provider: its description and keys, kept for a while, and the swap of a code.

Connects to the issuer's host and those that the operator named, nowhere else. Believes nothing by itself: `auth/oidc`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from collab.auth.oidc import TRY_AGAIN, Login, Logins, Person, UnknownKey, lacks, person_of, read_id_token
from collab.clock import Clock
from collab.errors import ConfigError, StorageUnavailable, Unauthenticated
from collab.siteconfig import OidcConfig
from connectors.addresses import AddressRules
from connectors.errors import ConnectorError
from connectors.http import Http, HttpAnswer, HttpRequest, HttpSettings

_KEEP_S = 3600.0
_TIMEOUT_S = 15.0
_ANSWER_BYTES = 1024 * 1024
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_AWAY = "The sign-in service does not answer. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class Description:
    """Where a provider does what."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    post_secret: bool
    """The client's secret goes into the body."""


class Provider:
    """One provider; safe for many tasks."""

    def __init__(self, config: OidcConfig, logins: Logins, clock: Clock) -> None:
        """Raises: ConfigError."""
        self.config = config
        self.logins = logins
        self._clock = clock
        self._issuer = config.issuer or ""
        self._secret = _secret(config)
        try:
            rules = AddressRules.configured(self._issuer)
            rules = AddressRules(hosts=(*rules.hosts, *config.hosts), any_address=True)
            self._http = Http(rules, HttpSettings(total_s=_TIMEOUT_S))
        except ConnectorError as error:
            raise ConfigError(f"The OpenID Connect issuer cannot be used ({error}).") from None
        self._description: tuple[Description, float] | None = None
        self._keys: tuple[Sequence[Mapping[str, object]], float] | None = None
        self._fetching = asyncio.Lock()

    async def close(self) -> None:
        await self._http.close()

    async def begin(self, target: str, redirect_uri: str) -> tuple[str, str]:
        """The address to send a browser to, and the cookie of the login. Raises: StorageUnavailable."""
        description = await self._described()
        login, cookie = self.logins.begin(target)
        query = {
            "response_type": "code",
            "client_id": self.config.client_id or "",
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.config.scopes),
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": self.logins.challenge(login),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in description.authorization else "?"
        return f"{description.authorization}{mark}{urlencode(query)}", cookie

    async def finish(self, login: Login, code: str, issuer: str | None, redirect_uri: str) -> Person:
        """Who signed in. Raises: Unauthenticated, PermissionDenied, StorageUnavailable."""
        description = await self._described()
        if issuer is not None and issuer != description.issuer:
            raise Unauthenticated("answer of another issuer", public=TRY_AGAIN)
        told = await self._swap(description, login, code, redirect_uri)
        claims = await self._claims(description, login, str(told.get("id_token", "")))
        access = told.get("access_token")
        if description.userinfo is not None and isinstance(access, str) and lacks(claims, self.config):
            claims = await self._more(description.userinfo, access, claims)
        return person_of(claims, self.config)

    async def _claims(self, description: Description, login: Login, token: str) -> dict[str, object]:
        now_s = self._clock.wall_ms() / 1000
        for newer in (False, True):  # a key that is not known may be a new one; who comes here has a code of theirs
            keys = await self._key_list(description, newer=newer)
            try:
                return read_id_token(token, keys, self.config, description.issuer, login.nonce, now_s)
            except UnknownKey:
                continue
        raise Unauthenticated("id token by an unknown key", public=TRY_AGAIN)

    async def _swap(self, description: Description, login: Login, code: str, redirect_uri: str) -> dict[str, object]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": self.logins.verifier(login),
        }
        headers, client = dict(_FORM), self.config.client_id or ""
        if self._secret is None or description.post_secret:
            form["client_id"] = client
            if self._secret is not None:
                form["client_secret"] = self._secret
        else:
            pair = f"{quote(client, safe='')}:{quote(self._secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = await self._send(HttpRequest("POST", description.token, headers, urlencode(form).encode()))
        if 400 <= answer.status < 500:
            raise Unauthenticated(f"the provider refused the code: {answer.status}", public=TRY_AGAIN)
        return _object(answer)

    async def _more(self, url: str, access: str, claims: dict[str, object]) -> dict[str, object]:
        """What the provider tells of the same person elsewhere; what the id token says goes first."""
        answer = await self._send(HttpRequest("GET", url, {"authorization": f"Bearer {access}"}))
        if not answer.ok:
            return claims
        told = _object(answer)
        if told.get("sub") != claims["sub"]:
            raise Unauthenticated("claims of another person", public=TRY_AGAIN)
        return {**told, **claims}

    async def _described(self) -> Description:
        async with self._fetching:
            now = self._clock.monotonic()
            if self._description is None or now - self._description[1] >= _KEEP_S:
                url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
                self._description = (self._read(_object(await self._send(HttpRequest("GET", url)))), now)
            return self._description[0]

    async def _key_list(self, description: Description, *, newer: bool) -> Sequence[Mapping[str, object]]:
        async with self._fetching:
            now = self._clock.monotonic()
            if newer or self._keys is None or now - self._keys[1] >= _KEEP_S:
                keys = _object(await self._send(HttpRequest("GET", description.keys))).get("keys")
                found = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
                self._keys = (found, now)
            return self._keys[0]

    def _read(self, told: Mapping[str, object]) -> Description:
        """Raises: StorageUnavailable when it is of somebody else, or leads out of TLS."""
        issuer = told.get("issuer")
        if not isinstance(issuer, str) or issuer.rstrip("/") != self._issuer.rstrip("/"):
            raise StorageUnavailable("the provider's description names another issuer", public=_AWAY)
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        names = methods if isinstance(methods, list) else []
        return Description(
            issuer=issuer,
            authorization=self._address(told, "authorization_endpoint"),
            token=self._address(told, "token_endpoint"),
            keys=self._address(told, "jwks_uri"),
            userinfo=self._address(told, "userinfo_endpoint") if "userinfo_endpoint" in told else None,
            post_secret="client_secret_basic" not in names and "client_secret_post" in names,
        )

    def _address(self, told: Mapping[str, object], name: str) -> str:
        url = told.get(name)
        needed = "https://" if self._issuer.startswith("https://") else ("https://", "http://")
        if not isinstance(url, str) or not url.startswith(needed):
            raise StorageUnavailable(f"the provider's {name} is no address", public=_AWAY)
        return url

    async def _send(self, request: HttpRequest) -> HttpAnswer:
        try:
            return await self._http.send(request, limit_bytes=_ANSWER_BYTES)
        except ConnectorError as error:
            raise StorageUnavailable(f"oidc: {type(error).__name__}: {error}", public=_AWAY) from None


def _object(answer: HttpAnswer) -> dict[str, object]:
    try:
        told = json.loads(answer.content) if answer.ok else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise StorageUnavailable(f"oidc: no JSON object, status {answer.status}", public=_AWAY)
    return told


def _secret(config: OidcConfig) -> str | None:
    """Raises: ConfigError."""
    if config.client_secret_file is None:
        return config.client_secret
    try:
        return config.client_secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"The file {config.client_secret_file} with the client's secret cannot be read.") from None
