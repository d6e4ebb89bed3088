"""Owns what is believed of an OpenID Connect provider: a login's state, its id token, who that is here, which role.

Sans I/O: answers of the provider come in as values. Knows no request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt

from collab.auth.open_mode import is_loopback
from collab.auth.tokens import clean_name
from collab.clock import Clock
from collab.config import Config
from collab.errors import ConfigError, PermissionDenied, Unauthenticated
from collab.protocol.roles import Role
from collab.siteconfig import OidcConfig

LOGIN_S = 600
"""So long may somebody take to sign in."""
TRY_AGAIN = "Signing in did not work. Please try again."
NOBODY = "none"
_AUDIENCE = "collab/oidc"
_ALGORITHM = "HS256"
_ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_LEEWAY_S = 60
_ID_LENGTH = 200
_KEYS = 100


class UnknownKey(Exception):
    """The token is signed by a key that is not on the list: the list may be old."""


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt to sign in, between leaving for the provider and coming back."""

    state: str
    nonce: str
    target: str
    """Where to go then: a path of ours."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for."""

    user_id: str
    name: str
    role: Role


def check_oidc(config: Config) -> None:
    """Raises: ConfigError when the settings cannot work."""
    oidc = config.oidc
    if oidc.issuer is None:
        return
    parts = urlsplit(oidc.issuer)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not secure or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError("COLLAB_OIDC_ISSUER is the provider's https:// address, as the provider writes it.")
    if not oidc.client_id:
        raise ConfigError("Sign-in by OpenID Connect needs COLLAB_OIDC_CLIENT_ID.")
    if config.open_mode:
        raise ConfigError("Sign-in by OpenID Connect needs a secret for sessions: set COLLAB_SECRET.")
    if "openid" not in oidc.scopes:
        raise ConfigError("COLLAB_OIDC_SCOPES must name openid.")
    if not oidc.algorithms or not set(oidc.algorithms) <= _ASYMMETRIC:
        raise ConfigError(f"COLLAB_OIDC_ALGORITHMS may name {', '.join(sorted(_ASYMMETRIC))}.")
    role_table(oidc)


def role_table(config: OidcConfig) -> Mapping[str, Role]:
    """What the values of the role claim mean. Raises: ConfigError."""
    table = {}
    for entry in config.roles:
        value, _, role = entry.rpartition("=")
        if not value or role not in {role.value for role in Role}:
            raise ConfigError(f"COLLAB_OIDC_ROLES: {entry!r} is not VALUE=ROLE (viewer, commenter, editor, owner).")
        table[value] = Role(role)
    if config.default_role not in {NOBODY, *(role.value for role in Role)}:
        raise ConfigError("COLLAB_OIDC_DEFAULT_ROLE is viewer, commenter, editor, owner or none.")
    return table


class Logins:
    """Begins and ends logins; what it must remember is in a signed cookie."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def begin(self, target: str) -> tuple[Login, str]:
        """A fresh login, and the cookie for it."""
        login = Login(secrets.token_urlsafe(24), secrets.token_urlsafe(24), target)
        expires_s = self._clock.wall_ms() // 1000 + LOGIN_S
        claims = {"aud": _AUDIENCE, "exp": expires_s, "state": login.state, "nonce": login.nonce, "to": login.target}
        return login, jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def resume(self, cookie: str, state: str) -> Login:
        """The login that this browser began. Raises: Unauthenticated."""
        try:
            claims = jwt.decode(
                cookie, self._key, algorithms=[_ALGORITHM], audience=_AUDIENCE, options={"verify_exp": False}
            )
            login, expires_s = Login(str(claims["state"]), str(claims["nonce"]), str(claims["to"])), int(claims["exp"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise Unauthenticated("no login was begun here", public=TRY_AGAIN) from None
        if not hmac.compare_digest(login.state.encode(), state.encode()):
            raise Unauthenticated("state of another login", public=TRY_AGAIN)
        if expires_s * 1000 <= self._clock.wall_ms():
            raise Unauthenticated("login took too long", public=TRY_AGAIN)
        return login

    def verifier(self, login: Login) -> str:
        """PKCE's secret: made of ours again, so that no cookie holds it."""
        return _base64(hmac.new(self._key, b"pkce:" + login.state.encode(), hashlib.sha256).digest())

    def challenge(self, login: Login) -> str:
        """PKCE's S256."""
        return _base64(hashlib.sha256(self.verifier(login).encode()).digest())


def read_id_token(
    token: str, keys: Sequence[Mapping[str, object]], config: OidcConfig, issuer: str, nonce: str, now_s: float
) -> dict[str, object]:
    """The claims of an id token. Raises: Unauthenticated, UnknownKey."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = str(header.get("alg"))
        if algorithm not in config.algorithms:
            raise Unauthenticated(f"id token by {algorithm[:20]}", public=TRY_AGAIN)
        claims: dict[str, object] = jwt.decode(
            token,
            _key(keys, header.get("kid"), algorithm),
            algorithms=[algorithm],
            audience=config.client_id,
            issuer=issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat"], "verify_exp": False, "verify_iat": False},
        )
        _check_claims(claims, config, nonce, now_s)
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise Unauthenticated(f"id token refused: {type(error).__name__}", public=TRY_AGAIN) from None
    return claims


def _check_claims(claims: Mapping[str, object], config: OidcConfig, nonce: str, now_s: float) -> None:
    expires_s, made_s, audience = claims["exp"], claims["iat"], claims["aud"]
    if not isinstance(expires_s, int | float) or expires_s + _LEEWAY_S <= now_s:
        raise ValueError("expired")
    if not isinstance(made_s, int | float) or made_s - _LEEWAY_S > now_s:
        raise ValueError("made in the future")
    if not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
        raise ValueError("nonce of another login")
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != config.client_id:
        raise ValueError("made for another client")


def _key(keys: Sequence[Mapping[str, object]], kid: object, algorithm: str) -> jwt.PyJWK:
    """The one key for a token. Raises: UnknownKey, PyJWTError."""
    usable = [key for key in keys[:_KEYS] if key.get("use") in (None, "sig") and key.get("alg") in (None, algorithm)]
    found = usable if kid is None else [key for key in usable if key.get("kid") == kid]
    if len(found) != 1:
        raise UnknownKey
    return jwt.PyJWK(dict(found[0]), algorithm)


def person_of(claims: Mapping[str, object], config: OidcConfig) -> Person:
    """Who that is here. Raises: Unauthenticated (no usable id), PermissionDenied (no role)."""
    user_id = _inside(claims, config.user_claim)
    if not isinstance(user_id, str) or not user_id.isprintable() or not 0 < len(user_id) <= _ID_LENGTH:
        raise Unauthenticated(f"no id in {config.user_claim}", public=TRY_AGAIN)
    names = (claims.get(name) for name in ("name", "preferred_username", "email"))
    name = next((clean_name(name) for name in names if isinstance(name, str) and clean_name(name)), user_id)
    return Person(user_id, clean_name(name), _role(claims, config))


def lacks(claims: Mapping[str, object], config: OidcConfig) -> bool:
    """Whether something is wanted that the id token does not say: the provider may tell it elsewhere."""
    wanted = ["name", config.user_claim, *filter(None, [config.role_claim])]
    return any(_inside(claims, name) is None for name in wanted)


def _role(claims: Mapping[str, object], config: OidcConfig) -> Role:
    said = None if config.role_claim is None else _inside(claims, config.role_claim)
    values = said if isinstance(said, list) else [said]
    table = role_table(config)
    found = [table[value] for value in values if isinstance(value, str) and value in table]
    if found:
        return max(found, key=list(Role).index)
    if config.default_role == NOBODY:
        raise PermissionDenied("no role at this server", public="Your account may not use this server.")
    return Role(config.default_role)


def _inside(claims: Mapping[str, object], name: str) -> object:
    """A claim by its name, else by names with dots between them."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
