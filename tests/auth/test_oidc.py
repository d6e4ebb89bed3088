"""An id token is believed when everything in it is for this login; a claim gives a role by the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from collab.auth.oidc import LOGIN_S, Logins, UnknownKey, check_oidc, person_of, read_id_token
from collab.clock import FakeClock
from collab.config import AuthConfig, Config
from collab.errors import ConfigError, PermissionDenied, Unauthenticated
from collab.protocol.roles import Role
from collab.siteconfig import OidcConfig

ISSUER = "https://login.example.org"
CONFIG = OidcConfig(ISSUER, "us", role_claim="realm.roles", roles=("staff=editor", "boss=owner"), default_role="viewer")
NOW = 1_700_000_000
CLAIMS = {"iss": ISSUER, "sub": "anna", "aud": "us", "exp": NOW + 60, "iat": NOW, "nonce": "n"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, object]:
    found: dict[str, object] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, "use": "sig"}


KEYS = [jwk(KEY, "one"), jwk(OTHER, "two")]


def token(claims: Mapping[str, object] = CLAIMS, kid: str | None = "one", algorithm: str = "RS256") -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(dict(claims), KEY, algorithm=algorithm, headers=headers)


def read(text: str, keys: list[dict[str, object]] = KEYS) -> dict[str, object]:
    return read_id_token(text, keys, CONFIG, ISSUER, "n", NOW)


def test_a_token_of_this_login_is_believed() -> None:
    assert read(token()) == CLAIMS


def test_without_a_key_id_the_only_key_is_taken() -> None:
    assert read(token(kid=None), KEYS[:1]) == CLAIMS


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "them"},
        {"aud": ["us", "them"]},
        {"aud": ["us", "them"], "azp": "them"},
        {"exp": NOW - 61},
        {"exp": "soon"},
        {"iat": NOW + 61},
        {"nonce": "of another"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
    ],
    ids=str,
)
def test_a_token_for_something_else_is_refused(change: dict[str, object]) -> None:
    claims = {name: value for name, value in {**CLAIMS, **change}.items() if value is not None}

    with pytest.raises(Unauthenticated):
        read(token(claims))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        read(token(kid="two"))


def test_a_key_that_is_not_known_asks_for_the_newest_ones() -> None:
    with pytest.raises(UnknownKey):
        read(token(kid="three"))


def test_no_signature_and_no_shared_secret_is_taken() -> None:
    public = KEY.public_key().public_numbers().n.to_bytes(256)
    for forged in (
        jwt.encode(CLAIMS, None, algorithm="none", headers={"kid": "one"}),
        jwt.encode(CLAIMS, public, algorithm="HS256", headers={"kid": "one"}),
        jwt.encode(CLAIMS, CURVE, algorithm="ES256", headers={"kid": "one"}),
        token(algorithm="RS512"),
        "no token",
        "",
    ):
        with pytest.raises(Unauthenticated):
            read(forged)


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({"realm": {"roles": ["staff"]}}, Role.EDITOR),
        ({"realm": {"roles": ["staff", "boss", 7]}}, Role.OWNER),
        ({"realm": {"roles": "boss"}}, Role.OWNER),
        ({"realm.roles": ["staff"]}, Role.EDITOR),
        ({"realm": {"roles": ["others"]}}, Role.VIEWER),
        ({"realm": "odd"}, Role.VIEWER),
        ({}, Role.VIEWER),
    ],
    ids=str,
)
def test_a_claim_gives_a_role(said: dict[str, object], role: Role) -> None:
    assert person_of({**CLAIMS, **said}, CONFIG).role is role


def test_who_gets_no_role_is_refused_where_none_is_the_default() -> None:
    with pytest.raises(PermissionDenied):
        person_of(CLAIMS, replace(CONFIG, default_role="none"))


@pytest.mark.parametrize("user_id", ["", "a\nb", "x" * 201, 7, None])
def test_an_id_that_cannot_be_one_is_refused(user_id: object) -> None:
    with pytest.raises(Unauthenticated):
        person_of({**CLAIMS, "sub": user_id}, CONFIG)


def test_a_name_is_one_line_and_falls_back_to_the_id() -> None:
    assert person_of({**CLAIMS, "name": "Anna\n\tBell"}, CONFIG).name == "Anna Bell"
    assert person_of(CLAIMS, CONFIG).name == "anna"


def test_a_login_ends_where_and_while_it_was_begun() -> None:
    clock = FakeClock()
    logins = Logins(b"k" * 32, clock)
    login, cookie = logins.begin("/edit/a")

    assert logins.resume(cookie, login.state) == login
    for bad_cookie, state in ((cookie, "other"), (cookie, "ü"), ("", login.state), (cookie[:-3], login.state)):
        with pytest.raises(Unauthenticated):
            logins.resume(bad_cookie, state)
    with pytest.raises(Unauthenticated):
        Logins(b"x" * 32, clock).resume(cookie, login.state)
    clock.advance(LOGIN_S)
    with pytest.raises(Unauthenticated):
        logins.resume(cookie, login.state)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://login.example.org"},
        {"issuer": "login.example.org"},
        {"client_id": None},
        {"scopes": ("profile",)},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"roles": ("staff=king",)},
        {"default_role": "king"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_said(change: dict[str, object]) -> None:
    config = Config(auth=AuthConfig(secret="s" * 32), oidc=replace(CONFIG, **change))  # type: ignore[arg-type]

    with pytest.raises(ConfigError):
        check_oidc(config)


def test_it_needs_a_secret_for_sessions() -> None:
    with pytest.raises(ConfigError, match="COLLAB_SECRET"):
        check_oidc(Config(oidc=CONFIG))
