"""Owns what a host's page says when it opens a file: the fields of the launch, read with bounds; sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from collab.errors import MalformedMessage
from collab.limits import Limits
from collab.web.routes import read_body

TOKEN_LENGTH = 12_288
_MAX_FIELDS = 100
_FIELD_LENGTH = 4096
_SECONDS_UNTIL = 100_000_000_000
"""A smaller expiry was meant in seconds: that many milliseconds since 1970 were in 1973."""
_LANGUAGES = ("lang", "ui", "UI_LLCC", "rs")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_COLOR = re.compile(r"(--[a-z0-9-]{1,60})\s*[:=]\s*([#a-zA-Z0-9(),.%\s-]{1,60})")
_LOWERING = frozenset({"readonly", "view"})


@dataclass(frozen=True, slots=True)
class Launch:
    """One request to open a file."""

    source: str
    token: str = field(repr=False)
    expires_ms: int | None
    read_only: bool
    """The host's page wants it so; that can lower a right and never raise one."""
    language: str | None
    theme: str | None
    colors: Mapping[str, str]
    close_button: bool

    @classmethod
    async def read(cls, request: Request, limits: Limits) -> Launch:
        """By POST or GET. Raises: MalformedMessage, LimitExceeded."""
        query = {name: value[:_FIELD_LENGTH] for name, value in request.query_params.items()}
        form = await _form(request, limits) if request.method == "POST" else {}
        said = {**query, **form}
        source = request.query_params.get("WOPISrc") or form.get("WOPISrc", "")
        token = form.get("access_token") or request.query_params.get("access_token", "")
        if not source:
            raise MalformedMessage("WOPISrc", public="The request does not name a file (WOPISrc).")
        if not token:
            raise MalformedMessage("access_token", public="Please open this file again from your storage.")
        if len(token) > TOKEN_LENGTH:
            raise MalformedMessage("access_token", public="The access token is too long.")
        defaults = _pairs(said.get("ui_defaults", ""))
        return cls(
            source=source,
            token=token,
            expires_ms=expiry_ms(said.get("access_token_ttl", "")),
            read_only=said.get("permission", "").lower() in _LOWERING,
            language=_language(said),
            theme=_theme(defaults.get("UITheme", "") or said.get("theme", "")),
            colors=_colors(said.get("css_variables", "")),
            close_button=said.get("closebutton", "").lower() in {"1", "true"},
        )


def expiry_ms(text: str) -> int | None:
    """When a token ends, in milliseconds since 1970; None when the host does not say."""
    digits = text.strip().partition(".")[0]
    if not digits.isdecimal() or len(digits) > 16 or int(digits) == 0:
        return None
    number = int(digits)
    return number * 1000 if number < _SECONDS_UNTIL else number


async def _form(request: Request, limits: Limits) -> dict[str, str]:
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=0, max_fields=_MAX_FIELDS, max_part_size=TOKEN_LENGTH * 2) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    content = await read_body(request, limits, "request_body_size_bytes")
    try:
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise MalformedMessage("form", public="The form has too many fields.") from None
    return dict(pairs)


def _language(said: Mapping[str, str]) -> str | None:
    for name in _LANGUAGES:
        value = said.get(name, "")
        if _LANGUAGE.fullmatch(value):
            return value.replace("_", "-")
    return None


def _pairs(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text[:_FIELD_LENGTH].split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _theme(text: str) -> str | None:
    lowered = text.lower()
    return next((theme for theme in ("dark", "light") if theme in lowered), None)


def _colors(text: str) -> dict[str, str]:
    """CSS variables that are nothing but colours and sizes."""
    return {found.group(1): found.group(2).strip() for found in _COLOR.finditer(text[:_FIELD_LENGTH])}
