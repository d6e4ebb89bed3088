"""The way in for WOPI hosts, over sockets: discovery, launch, rights, saving, names, tokens."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from collab import logs
from collab.clock import SystemClock
from collab.config import Config, LogConfig, RoomConfig, SaveConfig, WopiConfig
from collab.document import Document, Splice
from collab.limits import Limits
from collab.protocol.messages import SyncStep2, decode_message, encode_sync_step1, encode_update
from collab.web.pages import Bundle
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.web.edge_server import Running, first_json, make_config, running, with_secret
from tests.wopi.host import WopiHost
from tests.wopi.profiles import NEXTCLOUD, OPENCLOUD, PROFILES, WOPISERVER, Profile
from tests.wopi.proof_check import keys_of
from tests.wopi.served import serve

HELLO, NOTICE = 112, 115
LIMITS = Limits()


@pytest.fixture
def wopi_bundle(bundle: Bundle, tmp_path: Path) -> Bundle:
    text = '<!doctype html><meta name="style-nonce" nonce="{{nonce}}"><div id="app"></div>'
    (tmp_path / "static" / "wopi.html").write_text(text, encoding="utf-8")
    return Bundle(tmp_path / "static")


@pytest.fixture(params=sorted(PROFILES))
def profile(request: pytest.FixtureRequest) -> Profile:
    return PROFILES[request.param]


@pytest.fixture
def host(profile: Profile) -> Iterator[WopiHost]:
    host = WopiHost(SystemClock(), profile)
    host.put("notes.md", b"# Notes\n")
    with serve(host, "http://127.0.0.1:1"):
        yield host


def config_for(folder: Path, host: WopiHost) -> Config:
    address = host.origin.partition("://")[2]
    wopi = WopiConfig(hosts=(address,), networks=("127.0.0.0/8",), recheck_s=0.4, poll_s=0.5)
    config = with_secret(make_config(folder, wopi=wopi))
    return replace(config, save=SaveConfig(debounce_s=0.05, max_wait_s=0.3), room=RoomConfig(idle_unload_s=0.2))


@pytest.fixture
async def site(folder: Path, wopi_bundle: Bundle, host: WopiHost) -> AsyncIterator[Running]:
    async with running(config_for(folder, host), wopi_bundle) as site:
        host.keys = keys_of((await site.client().get("/hosting/discovery")).content)
        yield site


async def launch(site: Running, host: WopiHost, token: str, query: str = "", **form: str) -> httpx.Response:
    address = f"/wopi/edit?WOPISrc={quote(host.source('notes.md'), safe='')}{query}"
    return await site.client().post(address, data={"access_token": token, **form})


def told(page: httpx.Response) -> dict[str, dict[str, object]]:
    """What the server put into the page."""
    found = re.search(r'<script type="application/json" id="launch">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None, page.text
    plain: dict[str, dict[str, object]] = json.loads(found.group(1))
    return plain


async def opened(site: Running, host: WopiHost, token: str, query: str = "", **form: str) -> dict[str, object]:
    page = await launch(site, host, token, query, **form)
    assert page.status_code == 200, page.text
    return told(page)["opened"]


def bearer_of(document: dict[str, object]) -> dict[str, str]:
    return {"Authorization": f"Bearer {document['token']}"}


async def text_of(socket: ClientConnection) -> Document:
    """The document as the server sends it."""
    document = Document(4711)
    await socket.send(encode_sync_step1(document.state_vector()))
    async with asyncio.timeout(PATIENCE_S):
        async for data in socket:
            assert isinstance(data, bytes)
            message = decode_message(data, LIMITS)
            if isinstance(message, SyncStep2):
                document.apply(message.update)
                return document
    raise AssertionError("no answer")


async def type_at_start(socket: ClientConnection, text: str) -> None:
    document = await text_of(socket)
    update = document.changed_by(lambda: document.edit_text((Splice(0, 0, text),)))
    await socket.send(encode_update(update))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # the host is another thread's, and has no event for it
            await asyncio.sleep(0.02)


async def close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await socket.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


async def test_an_edit_is_locked_stored_and_unlocked_at_every_kind_of_host(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, HELLO)
        await until(lambda: host.lock_of("notes.md"))

        await type_at_start(socket, "typed ")
        await until(lambda: host.files["notes.md"].content == b"typed # Notes\n")

    await until(lambda: host.lock_of("notes.md") is None)
    assert document["name"] == "notes.md" and document["format"] == "markdown"
    assert host.files["notes.md"].copies == []
    await until(lambda: not site.application.edge.rooms.local.total(lambda _: 1))
    assert await site.application.edge.store.kept_credentials() == []


async def test_people_with_different_tokens_are_in_one_room(site: Running, host: WopiHost) -> None:
    anna = await opened(site, host, host.grant("notes.md"))
    bob = await opened(site, host, host.grant("notes.md", "bob"))

    assert anna["document_id"] == bob["document_id"]
    assert anna["user"] != bob["user"] and dict(bob["user"])["name"] == "Bob"  # type: ignore[call-overload]


@pytest.mark.parametrize("profile", [NEXTCLOUD], ids=["nextcloud"], indirect=False)
async def test_the_page_may_be_framed_by_the_host_only_and_shows_no_token(site: Running, host: WopiHost) -> None:
    host.post_message_origin = "https://Files.example"
    token = host.grant("notes.md")

    page = await launch(
        site, host, token, "&lang=de-DE", ui_defaults="UITheme=dark;", css_variables="--co-primary: #123456;"
    )

    policy = page.headers["content-security-policy"]
    shown = told(page)
    assert f"frame-ancestors 'self' {host.origin.partition('://')[2]}" in policy
    assert "x-frame-options" not in page.headers and page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert token not in page.text
    assert shown["host"]["origin"] == "https://files.example"
    assert shown["ui"]["theme"] == "dark" and shown["ui"]["lang"] == "de-DE"
    assert shown["ui"]["colors"] == {"--co-primary": "#123456"}


STRICT_ONLY = pytest.mark.parametrize("profile", [PROFILES["strict"]], ids=["strict"], indirect=False)


@STRICT_ONLY
async def test_a_launch_by_get_works_too(site: Running, host: WopiHost) -> None:
    token = quote(host.grant("notes.md"), safe="")

    page = await site.client().get(f"/wopi/edit?WOPISrc={quote(host.source('notes.md'), safe='')}&access_token={token}")

    assert told(page)["opened"]["role"] == "editor"


@STRICT_ONLY
async def test_who_may_not_write_is_a_reader_whatever_the_address_says(site: Running, host: WopiHost) -> None:
    reader = host.grant("notes.md", "carl", can_write=False)

    document = await opened(site, host, reader, "&permission=edit")
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        hello = await first_json(socket, HELLO)
        await type_at_start(socket, "forged ")
        await first_json(socket, NOTICE)

    assert (document["role"], hello["role"]) == ("viewer", "viewer")
    assert host.files["notes.md"].content == b"# Notes\n"
    assert host.lock_of("notes.md") is None


@STRICT_ONLY
async def test_a_writer_may_be_shown_a_read_only_page(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"), "&permission=readonly")

    assert document["role"] == "viewer"


@STRICT_ONLY
async def test_a_right_that_the_host_takes_back_ends_within_the_interval(site: Running, host: WopiHost) -> None:
    token = host.grant("notes.md")
    document = await opened(site, host, token)
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, HELLO)

        host.tokens[token].can_write = False
        notice = await first_json(socket, NOTICE)
        await type_at_start(socket, "too late ")
        del host.tokens[token]

        assert (notice["code"], notice["role"]) == ("role_changed", "viewer")
        assert await close_code(socket) in (4401, 4403)
    assert host.files["notes.md"].content == b"# Notes\n"


@STRICT_ONLY
async def test_while_another_application_has_the_lock_nobody_writes(site: Running, host: WopiHost) -> None:
    host.lock_by_others("notes.md")
    document = await opened(site, host, host.grant("notes.md"))
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, HELLO)

        closed = await first_json(socket, NOTICE)
        host.drop_lock("notes.md")
        opened_again = await first_json(socket, NOTICE)

    assert (closed["role"], closed["why"]) == ("viewer", "locked")
    assert "Foreign Person" in str(closed["reason"])
    assert (opened_again["role"], opened_again["why"]) == ("editor", "unlocked")


@STRICT_ONLY
async def test_a_change_outside_reaches_who_has_the_file_open(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, HELLO)
        host.put("notes.md", b"# Notes\nfrom the desktop\n", "notes.md")

        notice = await first_json(socket, NOTICE)

    assert notice["code"] == "outside_change"


@STRICT_ONLY
@pytest.mark.parametrize(
    "source",
    [
        "http://127.0.0.1:9/wopi/files/1",
        "file:///etc/passwd",
        "http://[::ffff:127.0.0.1]/x",
        "http://0x7f.1/",
        "nothing",
    ],
)
async def test_a_host_that_is_not_on_the_list_is_never_asked(site: Running, host: WopiHost, source: str) -> None:
    page = await site.client().post(f"/wopi/edit?WOPISrc={quote(source, safe='')}", data={"access_token": "t"})

    assert page.status_code in (403, 400)
    assert told(page)["problem"]["code"] == "permission_denied"
    assert host.asked == []


async def test_without_a_list_no_host_is_allowed(folder: Path, wopi_bundle: Bundle) -> None:
    async with running(with_secret(make_config(folder)), wopi_bundle) as site:
        page = await site.client().post(
            f"/wopi/edit?WOPISrc={quote(f'http://127.0.0.1:{free_port()}/wopi/files/1', safe='')}",
            data={"access_token": "t"},
        )

        assert page.status_code == 403
        assert "COLLAB_WOPI_HOSTS" in str(told(page)["problem"]["message"])


@STRICT_ONLY
async def test_a_token_that_the_host_refuses_is_told_in_the_page(site: Running, host: WopiHost) -> None:
    page = await launch(site, host, "unknown")

    assert page.status_code == 401
    assert told(page)["problem"]["code"] == "unauthenticated"


@STRICT_ONLY
async def test_a_new_token_of_the_same_person_takes_the_place_of_the_old_one(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    fresh, foreign = host.grant("notes.md"), host.grant("notes.md", "bob")
    address = f"/api/v1/documents/{document['document_id']}/wopi/token"
    client = site.client(headers=bearer_of(document))

    good = await client.post(address, json={"access_token": fresh, "access_token_ttl": "0"})
    bad = await client.post(address, json={"access_token": foreign})

    assert good.status_code == 200 and good.json()["opened"]["token"] != document["token"]
    assert bad.status_code == 403


@STRICT_ONLY
async def test_an_expiry_in_milliseconds_ends_the_right(site: Running, host: WopiHost) -> None:
    ends_ms = int(time.time() * 1000) + 3_600_000

    document = await opened(site, host, host.grant("notes.md"), access_token_ttl=str(ends_ms))
    late = await launch(site, host, host.grant("notes.md"), access_token_ttl=str(ends_ms - 7_200_000))

    assert abs(int(str(document["right_ends_at"])) - ends_ms // 1000) <= 2
    assert late.status_code == 403


async def test_a_copy_is_saved_where_the_host_can_do_that(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    client = site.client(headers=bearer_of(document))

    answer = await client.post(f"/api/v1/documents/{document['document_id']}/wopi/save-as", json={"name": "Größe 2.md"})

    if host.profile is WOPISERVER:
        assert answer.status_code == 501
    else:
        assert answer.json()["name"] == "Größe 2.md"
        assert host.files["Größe 2.md"].content == b"# Notes\n"


async def test_renaming_keeps_the_content_at_every_kind_of_host(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, HELLO)
        await type_at_start(socket, "typed ")
        client = site.client(headers=bearer_of(document))

        answer = await client.post(
            f"/api/v1/documents/{document['document_id']}/wopi/rename", json={"name": "ideas.md"}
        )
        assert answer.status_code == 200, answer.text
        await until(lambda: host.files["notes.md"].content == b"typed # Notes\n")

    assert answer.json()["name"] == "ideas.md" and host.files["notes.md"].name == "ideas.md"
    again = await opened(site, host, host.grant("notes.md", "bob"))
    assert (again["document_id"], again["name"]) == (document["document_id"], "ideas.md")


@pytest.mark.parametrize("profile", [OPENCLOUD, PROFILES["strict"]], ids=lambda one: one.name, indirect=False)
async def test_a_few_words_are_kept_for_a_person_where_the_host_does_that(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    client = site.client(headers=bearer_of(document))

    answer = await client.post(f"/api/v1/documents/{document['document_id']}/wopi/user-info", json={"info": "wrap=1"})

    assert answer.status_code == (501 if host.profile is OPENCLOUD else 204)
    assert host.user_infos["anna"] == "wrap=1"


async def test_discovery_is_what_hosts_look_for(server: Running) -> None:
    client = server.client()
    answer = await client.get("/hosting/discovery")
    root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own document
    actions = {(one.get("name"), one.get("ext")): one.get("urlsrc") for one in root.iter("action")}
    apps = {app.get("name"): [one.get("name") for one in app] for app in root.iter("app")}

    assert root.tag == "wopi-discovery" and "external" in str(root[0].get("name"))
    assert actions["edit", "md"] == f"{server.url}/wopi/edit?" and ("view", "tex") in actions
    assert apps["text/markdown"][0] == "edit" and "Capabilities" in apps
    assert {"value", "modulus", "exponent", "oldvalue", "oldmodulus", "oldexponent"} <= keys_of(answer.content).keys()
    assert (await client.get("/hosting/capabilities")).json()["hasSettingIframeSupport"] is False


@pytest.fixture(params=["json"])
def log_file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """All that the process logs, at debug level."""
    path = tmp_path / "server.log"
    root = logging.getLogger()
    before, level, config = root.handlers, root.level, structlog.get_config()
    with path.open("w", encoding="utf-8") as stream:
        logs.configure(LogConfig(format=request.param, level="debug"), stream)
        yield path
        root.handlers, root.level = before, level
        structlog.configure(**config)


@STRICT_ONLY
async def test_no_token_of_a_host_is_in_a_log_a_metric_or_an_answer(
    log_file: Path, site: Running, host: WopiHost
) -> None:
    good, bad = host.grant("notes.md"), host.grant("other")
    document = await opened(site, host, good)
    async with site.join(str(document["document_id"]), str(document["token"])) as socket:
        await first_json(socket, HELLO)
        await type_at_start(socket, "typed ")
        host.before = lambda asked: None if asked.operation != "put_file" else _raise()
        answers = [await launch(site, host, bad), await launch(site, host, good + "x")]
        answers.append(
            await site.client().get(
                f"/wopi/edit?WOPISrc={quote(host.source('none'), safe='')}&access_token={quote(good)}"
            )
        )
        host.before = None
        await until(lambda: host.files["notes.md"].content == b"typed # Notes\n")

    log = await asyncio.to_thread(log_file.read_text, encoding="utf-8")
    metrics = (await site.client().get("/metrics")).text
    assert "wopi_launch_refused" in log and "dirty_rooms_without_credentials" in metrics
    for secret in (good, bad, quote(good), quote(good, safe=""), str(document["token"])):
        assert secret not in log and secret not in metrics
        assert not any(secret in answer.text for answer in answers)


def _raise() -> None:
    raise RuntimeError("the host breaks down")


@STRICT_ONLY
async def test_who_lost_the_right_does_not_come_back_by_a_room_token_although_others_are_there(
    site: Running, host: WopiHost
) -> None:
    token = host.grant("notes.md")
    document = await opened(site, host, token)
    other = await opened(site, host, host.grant("notes.md", "bob"))
    async with site.join(str(other["document_id"]), str(other["token"])) as bob:
        await first_json(bob, HELLO)
        async with site.join(str(document["document_id"]), str(document["token"])) as socket:
            await first_json(socket, HELLO)
            del host.tokens[token]
            assert await close_code(socket) in (4401, 4403)

        address = f"/api/v1/documents/{document['document_id']}"
        client = site.client(headers=bearer_of(document))
        answers = [await client.post(f"{address}/token", json={}), await client.get(f"{address}/content")]
        async with site.join(str(document["document_id"]), str(document["token"])) as again:
            assert await close_code(again) in (4401, 4403)

    assert [answer.status_code for answer in answers] in ([401, 401], [403, 403])


@STRICT_ONLY
async def test_a_host_that_forbids_exports_is_obeyed(site: Running, host: WopiHost) -> None:
    document = await opened(site, host, host.grant("notes.md"))
    client, address = site.client(headers=bearer_of(document)), f"/api/v1/documents/{document['document_id']}/export"

    before = await client.get(f"{address}?format=html")
    host.properties["DisableExport"] = True
    after = await client.get(f"{address}?format=html")

    assert "<h1>Notes</h1>" in before.text
    assert (after.status_code, after.json()["error"]["code"]) == (403, "permission_denied")
