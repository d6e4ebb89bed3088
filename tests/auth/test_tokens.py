"""A token says what was signed, for one purpose, until it expires."""

from __future__ import annotations

from dataclasses import replace

import jwt
import pytest

from collab.auth.tokens import Grant, Purpose, Scope, Tokens, check_secret, clean_name
from collab.clock import FakeClock
from collab.errors import ConfigError, Unauthenticated
from collab.protocol.roles import Role

KEY = b"k" * 32


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tokens(clock: FakeClock) -> Tokens:
    return Tokens(KEY, clock)


@pytest.fixture
def grant(tokens: Tokens) -> Grant:
    return replace(
        tokens.new("anna", "Anna", Role.EDITOR, 60),
        scopes=(Scope("files", "sub"),),
        document_id="d1",
        history_id="h1",
        chain=("share:s1",),
    )


def test_a_token_gives_back_what_was_signed(tokens: Tokens, grant: Grant) -> None:
    assert tokens.verify(Purpose.ROOM, tokens.sign(Purpose.ROOM, grant)) == grant


@pytest.mark.parametrize("made_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_token_is_good_for_its_own_purpose_only(
    tokens: Tokens, grant: Grant, made_for: Purpose, used_for: Purpose
) -> None:
    token = tokens.sign(made_for, grant)

    if made_for is used_for:
        assert tokens.verify(used_for, token) == grant
    else:
        with pytest.raises(Unauthenticated):
            tokens.verify(used_for, token)


def test_a_token_ends_when_it_says(tokens: Tokens, grant: Grant, clock: FakeClock) -> None:
    token = tokens.sign(Purpose.ROOM, grant)
    clock.advance(59)
    tokens.verify(Purpose.ROOM, token)
    clock.advance(1)

    with pytest.raises(Unauthenticated):
        tokens.verify(Purpose.ROOM, token)


def test_another_key_is_refused(tokens: Tokens, grant: Grant, clock: FakeClock) -> None:
    token = Tokens(b"x" * 32, clock).sign(Purpose.ROOM, grant)

    with pytest.raises(Unauthenticated):
        tokens.verify(Purpose.ROOM, token)


def claims(**changes: object) -> dict[str, object]:
    good = {"aud": "collab/room", "jti": "j", "sub": "anna", "name": "A", "role": "editor", "exp": 4_000_000_000}
    return {name: value for name, value in (good | changes).items() if value is not None}


def test_the_claims_of_these_tests_are_good(tokens: Tokens) -> None:
    token = jwt.encode(claims(), KEY, algorithm="HS256")

    assert tokens.verify(Purpose.ROOM, token).role is Role.EDITOR


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "admin"},
        {"role": None},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"sub": None},
        {"sub": "x" * 201},
        {"aud": None},
        {"aud": "collab"},
        {"scopes": "files"},
        {"scopes": ["files"]},
        {"scopes": [["files"]]},
        {"scopes": [["files", 1]]},
        {"chain": "jti:x"},
        {"chain": [1]},
        {"doc": 5},
    ],
    ids=str,
)
def test_claims_that_are_not_ours_are_refused(tokens: Tokens, changes: dict[str, object]) -> None:
    token = jwt.encode(claims(**changes), KEY, algorithm="HS256")

    with pytest.raises(Unauthenticated):
        tokens.verify(Purpose.ROOM, token)


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_another_algorithm_is_refused(tokens: Tokens, algorithm: str) -> None:
    token = jwt.encode(claims(), None if algorithm == "none" else KEY, algorithm=algorithm)

    with pytest.raises(Unauthenticated):
        tokens.verify(Purpose.ROOM, token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", "é" * 40, "." * 5000])
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(Purpose.ROOM, token)


def test_a_derived_grant_is_never_longer_and_is_revoked_with_its_parent(tokens: Tokens, grant: Grant) -> None:
    child = tokens.derive(grant, 3600)

    assert child.expires_s == grant.expires_s
    assert {f"jti:{grant.token_id}", f"jti:{child.token_id}", "sub:anna", "share:s1"} == child.subjects


@pytest.mark.parametrize(
    ("path", "covered"),
    [("sub", True), ("sub/a.md", True), ("subway", False), ("", False), ("other", False), ("a/sub", False)],
)
def test_a_scope_covers_its_folder_and_nothing_beside_it(path: str, covered: bool) -> None:
    assert Scope("files", "sub").covers("files", path) is covered
    assert not Scope("files", "sub").covers("others", path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("  Anna \n B ", "Anna B"), ("a\u202eb", "a b"), ("\x00\x1b[31m", "[31m"), ("x" * 200, "x" * 80), ("", "")],
)
def test_a_name_is_one_harmless_line(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        check_secret("x" * 31)
    check_secret("x" * 32)
