"""Owns how the server logs: one stream, one redaction for every logger of the process; never content, never a token."""

from __future__ import annotations

import hashlib
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from collab.config import LogConfig

_SECRETS = re.compile(
    r"""(?P<jwt>eyJ[\w-]{4,}(?:\.[\w-]+){1,2})
      | (?P<key>(?:access_token|id_token|token|secret|password|once)(?:["']?\s*[=:]\s*["']?|\.|%3[dD]))
        (?!\[[0-9a-f]{8}\])(?P<value>[^\s&"',;)\]}<>]{4,})
      | (?P<bearer>[Bb]earer\s+)(?!\[[0-9a-f]{8}\])(?P<credential>[^\s"',;]+)""",
    re.VERBOSE,
)


def redact(text: str) -> str:
    """The text with everything that looks like a token replaced by `[8 hex digits]` of its digest."""
    return _SECRETS.sub(_replacement, text)


def token_digest(token: str) -> str:
    """How a token is written in logs."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


def _replacement(match: re.Match[str]) -> str:
    if match["jwt"]:
        return f"[{token_digest(match['jwt'])}]"
    prefix, value = (match["key"], match["value"]) if match["key"] else (match["bearer"], match["credential"])
    return f"{prefix}[{token_digest(value)}]"


def _redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact every text of an event. Other values are printed by their `repr`, so that one is redacted too."""
    for key, value in event.items():
        if not key.startswith("_") and not isinstance(value, (int, float, bool, type(None))):
            event[key] = redact(value if isinstance(value, str) else repr(value))
    return event


def _one_line_traceback(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turn exception information into text before redaction, without the values of variables."""
    exception = event.pop("exc_info", None)
    if exception is True:
        exception = sys.exc_info()
    elif isinstance(exception, BaseException):
        exception = (type(exception), exception, exception.__traceback__)
    if isinstance(exception, tuple) and exception[0] is not None:
        event["exception"] = "".join(traceback.format_exception(*exception)).rstrip()
    return event


def configure(config: LogConfig, stream: TextIO | None = None) -> None:
    """Set up logging of this process; may be called again."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _one_line_traceback,
        _redact_event,
    ]
    stream = stream or sys.stderr
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if config.format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config.level.upper())
    _quiet_servers(config.level)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _quiet_servers(level: str) -> None:
    """uvicorn writes each request with its query string; our own access line replaces that."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn.error", "watchfiles", "httpx", "httpcore", "websockets", "asyncio"):
        quiet = logging.DEBUG if level.lower() == "debug" else logging.WARNING
        logging.getLogger(name).setLevel(quiet)
