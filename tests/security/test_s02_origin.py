"""S2: another web site cannot open our WebSockets or call our API; origins are compared, never searched."""

from __future__ import annotations

import pytest

from collab.auth.origin import Origin, is_ours

HOST = "edit.example.org"
ALLOWED = frozenset({Origin("https", "app.example.org", 443), Origin("http", "localhost", 5173)})

OURS = [
    "https://edit.example.org",
    "https://edit.example.org:443",
    "https://app.example.org",
    "http://localhost:5173",
]
FOREIGN = [
    "",
    "null",
    "*",
    "file://",
    "about:blank",
    "http://edit.example.org",
    "https://edit.example.org:8443",
    "https://edit.example.org:80",
    "https://edit.example.org:0443x",
    "https://edit.example.org:",
    "https://edit.example.org:99999",
    "https://edit.example.org.",
    "https://edit.example.org.evil.com",
    "https://edit.example.org.evil.com:443",
    "https://evil.com/edit.example.org",
    "https://evil.com?edit.example.org",
    "https://evil.com#edit.example.org",
    "https://edit.example.org@evil.com",
    "https://evil.com@edit.example.org",
    "https://user:pass@edit.example.org",
    "https://evil-edit.example.org",
    "https://xedit.example.org",
    "https://edit.example.orgx",
    "https://edit-example.org",
    "https://editXexample.org",
    "https://sub.edit.example.org",
    "https://example.org",
    "https://EDIT.example.org",
    "HTTPS://edit.example.org",
    "https://edit.example.org/",
    "https://edit.example.org/path",
    " https://edit.example.org",
    "https://edit.example.org ",
    "https://edit.example.org\t",
    "https://edit.example.org\n",
    "https://edit.example.org, https://evil.com",
    "https://evil.com, https://edit.example.org",
    "https://edit.example.org https://evil.com",
    "https://edit\u0131.example.org",
    "https://xn--edt-1na.example.org",
    "https://\u0435dit.example.org",
    "https://edit.example.org%00.evil.com",
    "https://edit.example.org\\.evil.com",
    "https:/edit.example.org",
    "https:edit.example.org",
    "//edit.example.org",
    "edit.example.org",
    "wss://edit.example.org",
    "javascript://edit.example.org",
    "https://[edit.example.org]",
    "http://localhost",
    "http://localhost:51730",
    "http://localhost:5173.evil.com",
    "http://127.0.0.1:5173",
    "https://localhost:5173",
    "https://app.example.org:444",
    "http://app.example.org",
]


def test_there_are_at_least_forty_hostile_variants() -> None:
    assert len(set(FOREIGN)) >= 40


@pytest.mark.parametrize("origin", OURS)
def test_our_own_and_the_allowed_origins_come_in(origin: str) -> None:
    assert is_ours(origin, "https", HOST, ALLOWED)


@pytest.mark.parametrize("origin", FOREIGN, ids=ascii)
def test_a_foreign_origin_stays_out(origin: str) -> None:
    assert not is_ours(origin, "https", HOST, ALLOWED)


@pytest.mark.parametrize("host", ["", "evil.com, edit.example.org", "edit.example.org/x", "edit.example.org:x", "*"])
def test_a_host_that_is_none_has_no_origin(host: str) -> None:
    assert not is_ours("https://edit.example.org", "https", host, frozenset())
