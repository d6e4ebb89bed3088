"""`collab doctor wopi` finds what is wrong and says what to do; `collab wopi rotate-keys` keeps the old key."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from collab.clock import SystemClock
from collab.commands.findings import Finding, Verdict
from collab.commands.wopi_doctor import Patient, findings
from collab.config import AuthConfig, Config, ServerConfig, WopiConfig
from collab.store.memory import MemoryStore
from collab.web.wopi_door import PROOF_KEYS, KeyRing, rotate
from connectors.addresses import AddressRules
from connectors.errors import CertificateRefused
from connectors.http import Http, HttpAnswer, HttpRequest
from connectors.wopi_calls import HttpPort
from connectors.wopi_proof import ProofKeys
from tests.wopi.at_host import KEYS
from tests.wopi.host import Asked, WopiHost
from tests.wopi.profiles import PROFILES, STRICT, Profile

CONFIG = Config(
    server=ServerConfig(public_url="https://edit.example"),
    auth=AuthConfig(secret="x" * 32),
    wopi=WopiConfig(hosts=("host.example",)),
)


def a_host(profile: Profile = STRICT) -> WopiHost:
    host = WopiHost(SystemClock(), profile)
    host.keys = KEYS.attributes()
    host.post_message_origin = "https://files.example"
    host.put("notes.md", b"text")
    return host


async def examined(host: WopiHost, token: str | None, http: HttpPort | None = None) -> dict[str, Finding]:
    patient = Patient(host.source("notes.md"), token, CONFIG, KEYS, http or host)
    return {finding.subject: finding async for finding in findings(patient)}


@pytest.mark.parametrize("name", sorted(PROFILES))
async def test_a_good_host_of_every_kind_is_found_good(name: str) -> None:
    host = a_host(PROFILES[name])

    found = await examined(host, host.grant("notes.md"))

    bad = {subject: one for subject, one in found.items() if one.verdict is not Verdict.GOOD and subject != "Clock"}
    assert bad == {}
    assert host.lock_of("notes.md") is None


@pytest.mark.parametrize(("off_s", "verdict"), [(0, Verdict.GOOD), (120, Verdict.WARNING), (-1300, Verdict.BAD)])
async def test_clocks_that_differ_are_told(off_s: float, verdict: Verdict) -> None:
    host = a_host()
    host.before = lambda asked: HttpAnswer(401, {"date": formatdate(time.time() + off_s, usegmt=True)}, b"")

    assert (await examined(host, None))["Clock"].verdict is verdict


async def test_a_host_with_other_proof_keys_is_found_and_explained() -> None:
    host = a_host()
    host.keys = ProofKeys.new().attributes()

    finding = (await examined(host, host.grant("notes.md")))["CheckFileInfo"]

    assert finding.verdict is Verdict.BAD and "proof" in finding.mend


async def test_a_token_that_ended_and_a_lock_of_others_are_told() -> None:
    host = a_host()
    assert (await examined(host, "unknown"))["Token"].verdict is Verdict.BAD

    host.lock_by_others("notes.md")

    assert "Foreign Person" in (await examined(host, host.grant("notes.md")))["Locks"].text


async def test_a_reader_and_a_missing_origin_are_told() -> None:
    host = a_host()
    host.post_message_origin = None

    found = await examined(host, host.grant("notes.md", can_write=False))

    assert "UserCanWrite=False" in found["Rights"].text
    assert found["Messages"].verdict is Verdict.WARNING


async def test_a_host_that_is_not_allowed_is_not_asked() -> None:
    http = Http(AddressRules(hosts=("other.example",)))

    finding = (await examined(a_host(), None, http))["Allow list"]
    await http.close()

    assert finding.verdict is Verdict.BAD and "COLLAB_WOPI_HOSTS" in finding.mend


async def test_a_wrong_certificate_is_told() -> None:
    class Untrusted:
        async def send(self, request: HttpRequest, *, limit_bytes: int) -> HttpAnswer:
            raise CertificateRefused("self-signed")

    assert (await examined(a_host(), None, Untrusted()))["TLS"].verdict is Verdict.BAD


async def test_no_finding_names_the_token() -> None:
    host = a_host()
    token = host.grant("notes.md")
    host.before = lambda asked: _break(asked)

    found = await examined(host, token)

    assert not any(token in f"{finding.text}{finding.mend}" for finding in found.values())


def _break(asked: Asked) -> HttpAnswer | None:
    return HttpAnswer(503, {}, b"") if asked.token else None


async def test_rotated_keys_keep_the_former_one_and_reach_a_running_server() -> None:
    store = MemoryStore()
    await store.open()
    ring = KeyRing(store)
    await ring.refresh()
    first = ring.keys

    await rotate(store)
    await ring.refresh()

    assert ring.keys.old.pem == first.current.pem
    assert ring.keys.current.pem != first.current.pem
    assert await store.key(PROOF_KEYS) == ring.keys.dump()
