"""No logger of the process lets a token through."""

from __future__ import annotations

import io
import json
import logging

import jwt
import pytest
import structlog

from collab import logs
from collab.config import LogConfig

TOKEN = jwt.encode({"sub": "anna"}, "k" * 32, algorithm="HS256")
SHARE = "s3cret-of-a-share-link"


@pytest.fixture(params=["console", "json"])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level, config = root.handlers, root.level, structlog.get_config()
    logs.configure(LogConfig(format=request.param, level="debug"), stream)
    request.addfinalizer(
        lambda: (setattr(root, "handlers", before), root.setLevel(level), structlog.configure(**config))
    )
    return stream


@pytest.mark.parametrize(
    "text",
    [
        f"GET /ws/x?token={TOKEN} HTTP/1.1",
        f"GET /ws/x?token={SHARE}&v=1",
        f"access_token={SHARE}",
        f"{{'token': '{SHARE}'}}",
        f'{{"secret": "{SHARE}"}}',
        f"Authorization: Bearer {SHARE}",
        f"authorization: bearer {TOKEN}",
        f"subprotocols: collab.v1, token.{TOKEN}",
        f"?a=1&token%3D{SHARE}",
        TOKEN,
    ],
)
def test_a_token_in_a_text_becomes_a_digest(text: str) -> None:
    shown = logs.redact(text)

    assert TOKEN not in shown and SHARE not in shown
    assert logs.token_digest(TOKEN if TOKEN in text else SHARE) in shown


def test_text_without_a_token_stays_as_it_is() -> None:
    text = "GET /api/v1/folders?path=tokens/secretary.md took 3 ms; token refused: ExpiredSignatureError"

    assert logs.redact(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    once = logs.redact(f"token={SHARE} Bearer {TOKEN}")

    assert logs.redact(once) == once


def test_our_own_and_foreign_loggers_are_redacted_in_texts_arguments_and_values(stream: io.StringIO) -> None:
    structlog.get_logger("collab.x").info("opened", url=f"/ws/a?token={TOKEN}", headers={"token": SHARE})
    logging.getLogger("uvicorn.error").warning("%s - WebSocket %s", "127.0.0.1", f"/ws/a?token={TOKEN}")
    logging.getLogger("asyncio").error("lost %r", {"token": SHARE})

    assert TOKEN not in stream.getvalue() and SHARE not in stream.getvalue()
    assert stream.getvalue().count(logs.token_digest(TOKEN)) == 2


def test_a_traceback_is_logged_without_its_tokens(stream: io.StringIO) -> None:
    try:
        raise ValueError(f"no room for token={TOKEN}")
    except ValueError:
        structlog.get_logger("collab.x").exception("failed")
        logging.getLogger("other").exception("failed too")

    assert "Traceback" in stream.getvalue() and "ValueError" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_json_lines_are_json() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, config = root.handlers, structlog.get_config()
    logs.configure(LogConfig(format="json"), stream)
    structlog.get_logger("collab.x").info("opened", room="r1", number=3)
    root.handlers = before
    structlog.configure(**config)

    line = json.loads(stream.getvalue())
    assert (line["event"], line["room"], line["number"], line["level"]) == ("opened", "r1", 3, "info")
