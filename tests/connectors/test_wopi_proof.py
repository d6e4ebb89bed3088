"""The proof of our requests is accepted by who checks it without our code, before, during and after a rotation."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from connectors.wopi_proof import ProofKeys, proof_message
from tests.browser.browser_run import node_path
from tests.wopi.at_host import KEYS
from tests.wopi.proof_check import expected_message, host_accepts, rsa_accepts

NOW_MS = 1_800_000_000_000
URL = "https://host.example/wopi/files/a%2fb!=?access_token=secret%20token%3D"
TOKEN = "secret token="
VERIFIER = Path(__file__).parents[2] / "static" / "node_modules" / "@mercadoeletronico" / "wopi-proof-validator"


@pytest.fixture(scope="module")
def rotated() -> ProofKeys:
    return KEYS.rotated()


def lowered(headers: object) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(headers).items()}  # type: ignore[call-overload]  # tests only


def test_the_message_is_that_of_the_specification() -> None:
    ticks = 638_000_000_000_000_000

    assert proof_message("tökén", "https://h/ä%2f", ticks) == expected_message("tökén", "https://h/ä%2f", ticks)


def test_a_host_with_the_same_keys_accepts() -> None:
    headers = lowered(KEYS.headers(TOKEN, URL, NOW_MS))

    assert host_accepts(KEYS.attributes(), headers, URL, TOKEN, NOW_MS / 1000)


def test_before_the_first_rotation_both_proofs_and_both_keys_are_there() -> None:
    headers, told = KEYS.headers(TOKEN, URL, NOW_MS), KEYS.attributes()

    assert headers["X-WOPI-Proof"] == headers["X-WOPI-ProofOld"]
    assert (told["oldvalue"], told["oldmodulus"], told["oldexponent"]) == (
        told["value"],
        told["modulus"],
        told["exponent"],
    )


def test_a_host_that_knows_the_keys_of_before_a_rotation_accepts(rotated: ProofKeys) -> None:
    headers = lowered(rotated.headers(TOKEN, URL, NOW_MS))

    assert host_accepts(KEYS.attributes(), headers, URL, TOKEN, NOW_MS / 1000)
    assert host_accepts(rotated.attributes(), headers, URL, TOKEN, NOW_MS / 1000)


def test_a_host_that_knows_the_new_keys_accepts_a_server_that_does_not_yet(rotated: ProofKeys) -> None:
    headers = lowered(KEYS.headers(TOKEN, URL, NOW_MS))

    assert host_accepts(rotated.attributes(), headers, URL, TOKEN, NOW_MS / 1000)


def test_two_rotations_later_a_host_with_the_first_keys_refuses(rotated: ProofKeys) -> None:
    headers = lowered(rotated.rotated().headers(TOKEN, URL, NOW_MS))

    assert not host_accepts(KEYS.attributes(), headers, URL, TOKEN, NOW_MS / 1000)


@pytest.mark.parametrize(
    ("url", "token", "late_s"),
    [
        (URL + "&more", TOKEN, 0.0),
        (URL.replace("secret%20", "secret+"), TOKEN, 0.0),
        (URL, TOKEN + "x", 0.0),
        (URL, TOKEN, 1201.0),
        (URL, TOKEN, -1201.0),
    ],
)
def test_anything_that_was_changed_is_refused(url: str, token: str, late_s: float) -> None:
    headers = lowered(KEYS.headers(TOKEN, URL, NOW_MS))

    assert not host_accepts(KEYS.attributes(), headers, url, token, NOW_MS / 1000 + late_s)


def test_the_case_of_the_address_does_not_matter() -> None:
    headers = lowered(KEYS.headers(TOKEN, URL, NOW_MS))

    assert host_accepts(KEYS.attributes(), headers, URL.replace("%2f", "%2F"), TOKEN, NOW_MS / 1000)


def test_keys_survive_the_registry() -> None:
    loaded = ProofKeys.load(KEYS.dump())

    assert loaded.attributes() == KEYS.attributes()
    assert rsa_accepts(KEYS.current.modulus, KEYS.current.exponent, b"message", loaded.current.sign(b"message"))


def test_the_blob_for_microsofts_interface_holds_the_key() -> None:
    blob = base64.b64decode(KEYS.current.capi_blob)

    assert (len(blob), blob[:8], blob[8:12]) == (276, bytes.fromhex("0602000000a40000"), b"RSA1")
    assert blob[20:][::-1] == base64.b64decode(KEYS.current.modulus)
    assert KEYS.current.exponent == "AQAB"


VERIFY = """
const validator = require(process.argv[1]);
const cases = JSON.parse(process.argv[2]);
console.log(JSON.stringify(cases.map(({ input, signatures, keys }) => validator.check(input, signatures, keys))));
"""
VECTORS = """
const validator = require(process.argv[1] + "/src");
const { check } = validator;
const seen = [];
console.warn = () => undefined;
validator.check = (input, signatures, keys, anyTime) => {
  seen.push({ input, signatures, keys, accepted: check(input, signatures, keys, true) });
  return check(input, signatures, keys, anyTime);
};
require(process.argv[1] + "/test/smoke.js");
console.log(JSON.stringify(seen));
"""


def ask_verifier(script: str, *arguments: str) -> list[object]:
    """What the independent verifier says. Skips where it is not installed, unless everything is required."""
    node = node_path()
    if node is None or not VERIFIER.is_dir():
        assert not os.environ.get("COLLAB_TEST_REQUIRED"), "the verifier is required: run `static/build.py --dev`"
        pytest.skip("no node, or @mercadoeletronico/wopi-proof-validator is missing: run `static/build.py --dev`")
    command = [node, "-e", script, str(VERIFIER), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    found: list[object] = json.loads(run.stdout)
    return found


def as_case(keys: ProofKeys, told: ProofKeys, url: str = URL) -> dict[str, object]:
    """A request signed with some keys, for a host that was told others."""
    headers = lowered(keys.headers(TOKEN, URL, time.time_ns() // 1_000_000))
    return {
        "input": {"url": url, "accessToken": TOKEN, "timestamp": headers["x-wopi-timestamp"]},
        "signatures": {"proof": headers["x-wopi-proof"], "proofold": headers["x-wopi-proofold"]},
        "keys": dict(told.attributes()),
    }


def test_an_independent_verifier_accepts_ours_through_rotations_and_nothing_else(rotated: ProofKeys) -> None:
    cases = [
        as_case(KEYS, KEYS),
        as_case(rotated, KEYS),
        as_case(rotated, rotated),
        as_case(KEYS, rotated),
        as_case(KEYS, KEYS, URL + "&more"),
        as_case(rotated.rotated(), KEYS),
    ]

    assert ask_verifier(VERIFY, json.dumps(cases)) == [True, True, True, True, False, False]


def test_the_published_sample_vectors_are_judged_as_they_should_be() -> None:
    vectors = ask_verifier(VECTORS)

    assert len(vectors) >= 4
    for vector in vectors:
        assert isinstance(vector, dict)
        told, signed, keys = vector["input"], vector["signatures"], vector["keys"]
        message = proof_message(told["accessToken"], told["url"], int(told["timestamp"]))
        accepted = (
            rsa_accepts(keys["modulus"], keys["exponent"], message, signed["proof"])
            or rsa_accepts(keys["modulus"], keys["exponent"], message, signed["proofold"])
            or rsa_accepts(keys["oldmodulus"], keys["oldexponent"], message, signed["proof"])
        )
        assert accepted is vector["accepted"]
