"""Owns the way from settings to plans: what is missing is taken from the scenario, what makes no sense is refused."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from loadtest.descriptors import raise_limit, too_few
from loadtest.orders import Plan
from loadtest.recording import read_recording
from loadtest.scenarios.base import Parameter, Scenario
from loadtest.scenarios.table import SCENARIOS
from loadtest.settings import PROTOCOLS, RunSettings, SettingsError, Value

_SCHEMES = {"y-websocket": ("ws", "wss"), "hocuspocus": ("ws", "wss"), "jupyter": ("http", "https", "ws", "wss")}
_FIRST_ID, _IDS = 1 << 30, 1 << 30
"""Client ids of a run lie in the upper half of what 32 bits hold, from a place of its own."""
_MOST_IDS = 1 << 19
"""Of one run: the board tells so many apart."""


def make_plans(settings: RunSettings) -> list[Plan]:
    """One for each generator process; the board is still to be put in. Raises: SettingsError."""
    _check_address(settings)
    scenario = SCENARIOS.get(settings.scenario)
    if scenario is None:
        raise SettingsError(f"{settings.scenario} is no scenario; there are: {', '.join(SCENARIOS)}")
    parameters = choose_parameters(settings, scenario)
    clients, rooms = int(parameters["clients"]), int(parameters["rooms"])
    if (clients + 1) * rooms > _MOST_IDS:
        raise SettingsError(f"{clients} clients in {rooms} rooms are more than {_MOST_IDS}")
    if settings.recording is not None:
        read_recording(Path(settings.recording))
    processes = _processes(settings, clients, rooms)
    trouble = too_few(-(-clients * rooms // processes), raise_limit())
    if trouble:
        raise SettingsError(trouble)
    names = _room_names(settings, rooms)
    first_id = _FIRST_ID + secrets.randbelow(_IDS)
    return [Plan(settings, parameters, process, processes, names, first_id, board="") for process in range(processes)]


def choose_parameters(settings: RunSettings, scenario: Scenario) -> Mapping[str, Value]:
    """What is asked for over what the scenario has by default. Raises: SettingsError."""
    asked = dict(settings.parameters)
    for name in ("clients", "rooms", "duration_s"):
        value = getattr(settings, name)
        if value is not None:
            asked[name] = value
    unknown = asked.keys() - scenario.parameters.keys()
    if unknown:
        raise SettingsError(f"{scenario.name} has no parameter {', '.join(sorted(unknown))}")
    return {
        name: _checked(name, asked.get(name, parameter.default), parameter)
        for name, parameter in scenario.parameters.items()
    }


def _checked(name: str, value: Value, parameter: Parameter) -> Value:
    kind = type(parameter.default)
    try:
        checked = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise SettingsError(f"{name}={value!r} is no {kind.__name__}") from None
    if isinstance(checked, str):
        if parameter.choices and checked not in parameter.choices:
            raise SettingsError(f"{name}={checked} is none of {', '.join(parameter.choices)}")
    elif not parameter.minimum <= checked < float("inf"):
        raise SettingsError(f"{name}={value} is below {parameter.minimum:g}, or no number")
    return checked


def _check_address(settings: RunSettings) -> None:
    if settings.protocol not in PROTOCOLS:
        raise SettingsError(f"{settings.protocol} is no protocol; there are: {', '.join(PROTOCOLS)}")
    try:
        address = urlsplit(settings.url)
        usable = address.scheme in _SCHEMES[settings.protocol] and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"{_shown(settings.url)} is no address for {settings.protocol}: it needs a scheme and a host"
        )


def _shown(url: str) -> str:
    return url.partition("?")[0]


def _processes(settings: RunSettings, clients: int, rooms: int) -> int:
    if settings.processes < 1:
        raise SettingsError("a run needs at least one process")
    shares = rooms if rooms >= settings.processes else max(1, clients // 2)
    return min(settings.processes, shares)


def _room_names(settings: RunSettings, rooms: int) -> tuple[str, ...]:
    base = settings.document or f"loadtest-{secrets.token_hex(6)}"
    suffix = Path(base).suffix if settings.protocol == "jupyter" else ""
    if settings.protocol == "jupyter" and not suffix:
        suffix = ".txt"
    stem = base.removesuffix(suffix) if suffix else base
    if rooms == 1:
        return (f"{stem}{suffix}",)
    return tuple(f"{stem}-{number}{suffix}" for number in range(1, rooms + 1))
