"""How rooms are spoken with, and what is done before a run begins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from collab.errors import MalformedMessage
from collab.limits import Limits
from collab.protocol.codec import encode_var_string
from collab.protocol.messages import Awareness, SyncStep1, SyncStep2, Update, decode_message, encode_acknowledgement
from loadtest.dialects.base import Kind
from loadtest.dialects.hocuspocus import Hocuspocus
from loadtest.dialects.jupyter import Jupyter
from loadtest.dialects.ywebsocket import YWebsocket
from loadtest.plan import make_plans
from loadtest.settings import Credentials, RunSettings, SettingsError

PRESENCE = b"\x01\x05\x01\x02{}"


def test_y_websocket_says_what_our_server_reads() -> None:
    dialect = YWebsocket("ws://host/ws/?a=1", "room 1", "se&cret", extensions=True)

    assert dialect.url == "ws://host/ws/room%201?a=1&token=se%26cret&v=1"
    assert decode_message(dialect.encode_step1(b"\x00"), Limits()) == SyncStep1(b"\x00")
    assert decode_message(dialect.encode_step2(b"\x00\x00"), Limits()) == SyncStep2(b"\x00\x00")
    assert decode_message(dialect.encode_update(b"\x01\x02"), Limits()) == Update(b"\x01\x02")
    assert isinstance(decode_message(dialect.encode_presence(PRESENCE), Limits()), Awareness)


def test_y_websocket_reads_what_servers_say() -> None:
    dialect = YWebsocket("ws://host", "room", None)

    assert dialect.url == "ws://host/room"
    assert dialect.decode(dialect.encode_step1(b"\x00")).kind is Kind.ASKED
    assert dialect.decode(dialect.encode_update(b"up")).body == b"up"
    assert dialect.decode(dialect.encode_presence(PRESENCE)).body == PRESENCE
    assert dialect.decode(encode_acknowledgement(300)).count == 300
    assert dialect.decode(b"\x02\x00\x02no").reason == "no"
    assert dialect.decode(b"\x63").kind is Kind.OTHER
    for wrong in (b"", b"\x00\x09\x00", b"\x00\x02\x05ab"):
        with pytest.raises(MalformedMessage):
            dialect.decode(wrong)


def test_hocuspocus_names_the_document_in_each_message_and_asks_to_be_let_in() -> None:
    dialect = Hocuspocus("ws://host/collaboration", "doc", "t")
    name = encode_var_string("doc")

    assert dialect.url == "ws://host/collaboration"
    assert dialect.greeting is not None and dialect.greeting.startswith(name + b"\x02\x00\x01t")
    assert dialect.encode_update(b"up") == name + b"\x00\x02\x02up"
    assert dialect.decode(name + b"\x02\x02\x0aread-write").kind is Kind.ADMITTED
    assert dialect.decode(name + b"\x02\x01\x03bad").reason == "bad"
    assert dialect.decode(name + b"\x04\x01\x02\x00\x00").kind is Kind.SYNCED
    assert dialect.decode(name + b"\x08\x01").count == 1
    assert dialect.decode(name + b"\x08\x00").kind is Kind.OTHER
    assert (dialect.decode(b"\x09").kind, dialect.encode_pong()) == (Kind.PINGED, b"\x0a")


class _JupyterAnswers(BaseHTTPRequestHandler):
    asked: list[tuple[str, str, str | None, object]] = []  # noqa: RUF012 - the server's

    def _answer(self, status: int, content: object) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, self.headers["Authorization"], json.loads(body) if body else None))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def do_GET(self) -> None:
        self._answer(404, {"message": "no such file"})

    def do_PUT(self) -> None:
        if self.path.startswith("/broken"):
            self._answer(500, {})
        elif "session" in self.path:
            self._answer(201, {"format": "json", "type": "notebook", "fileId": "f-1", "sessionId": "s 1"})
        else:
            self._answer(201, {})

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def jupyter_answers() -> Iterator[str]:
    _JupyterAnswers.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _JupyterAnswers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/user/ann/"
        server.shutdown()
        thread.join()


async def test_jupyter_makes_the_file_and_asks_for_the_session_first() -> None:
    with jupyter_answers() as base:
        dialect = Jupyter(base, "folder/a b.ipynb", "secret")
        await dialect.prepare()

    host = base.removeprefix("http://").rstrip("/")
    assert dialect.url == f"ws://{host}/api/collaboration/room/json:notebook:f-1?sessionId=s%201"
    assert dialect.headers == (("Authorization", "token secret"),)
    assert [(method, path) for method, path, _, _ in _JupyterAnswers.asked] == [
        ("GET", "/user/ann/api/contents/folder/a%20b.ipynb?content=0"),
        ("PUT", "/user/ann/api/contents/folder/a%20b.ipynb"),
        ("PUT", "/user/ann/api/collaboration/session/folder%2Fa%20b.ipynb"),
    ]
    assert {token for _, _, token, _ in _JupyterAnswers.asked} == {"token secret"}
    assert _JupyterAnswers.asked[2][3] == {"format": "json", "type": "notebook"}
    assert dialect.decode(b"\x02\x00\x02{}").kind is Kind.OTHER


async def test_an_http_server_that_answers_otherwise_is_said_so() -> None:
    with jupyter_answers() as base:
        dialect = Jupyter(base.replace("/user/ann/", "/broken"), "a.txt", None)
        with pytest.raises(OSError, match="answered HTTP 500"):
            await dialect.prepare()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (RunSettings("ws://host", "nothing"), "no scenario"),
        (RunSettings("http://host", "idle"), "no address"),
        (RunSettings("ws://", "idle"), "no address"),
        (RunSettings("ws://host:99999", "idle"), "no address"),
        (RunSettings("ws://host", "idle", protocol="gopher"), "no protocol"),
        (RunSettings("ws://host", "idle", clients=0), "clients=0"),
        (RunSettings("ws://host", "idle", duration_s=float("nan")), "duration_s"),
        (RunSettings("ws://host", "idle", parameters={"speed": 2}), "no parameter speed"),
        (RunSettings("ws://host", "join-storm", parameters={"document": "war-and-peace"}), "b4, notebook"),
        (RunSettings("ws://host", "class", parameters={"text_per_s": "often"}), "no float"),
        (RunSettings("ws://host", "idle", processes=0), "process"),
        (RunSettings("ws://host", "idle", clients=500_000, rooms=2), "more than"),
        (RunSettings("ws://host", "idle", clients=500_000), "open files"),
        (RunSettings("ws://host", "replay", recording="/nowhere/session.jsonl"), "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(settings: RunSettings, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        make_plans(settings)


def test_an_address_is_never_repeated_with_its_query() -> None:
    with pytest.raises(SettingsError) as refused:
        make_plans(RunSettings("http://host/?token=secret", "idle"))

    assert "secret" not in str(refused.value)


def test_settings_do_not_show_the_token() -> None:
    assert "secret" not in repr(RunSettings("ws://host", "idle", credentials=Credentials("secret")))


def test_rooms_and_clients_are_shared_out() -> None:
    plans = make_plans(RunSettings("ws://host", "offices", document="room", rooms=3, processes=2))

    assert [plan.rooms for plan in plans] == [("room-1", "room-2", "room-3")] * 2
    assert {plan.first_client_id for plan in plans} == {plans[0].first_client_id}
    assert len(make_plans(RunSettings("ws://host", "class", clients=5, processes=9))) == 2
    (plan,) = make_plans(RunSettings("http://host", "class", protocol="jupyter", document="a/b.ipynb"))
    assert plan.rooms == ("a/b.ipynb",)


def test_room_names_are_new_each_time() -> None:
    first, second = (make_plans(RunSettings("ws://host", "class"))[0].rooms for _ in range(2))

    assert first != second
    assert Path(first[0]).name == first[0]
