"""Owns what a scenario is: its name, what can be set, and its three acts; knows no scenario in particular."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadtest.settings import Value

if TYPE_CHECKING:
    from loadtest.fleet import Fleet

Act = Callable[["Fleet"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something of a scenario that can be set; a value has the type of the default."""

    default: Value
    help: str
    minimum: float = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of load. The acts run in every generator process, over its share of the clients."""

    name: str
    description: str
    parameters: Mapping[str, Parameter]
    """`clients` (in each room), `rooms`, `duration_s` and `warm_up_s` are in every scenario."""
    measure: Act = field(repr=False)
    """What is measured."""
    connect: Act | None = field(default=None, repr=False)
    """Before it; default: all clients join."""


def sizes(clients: int, rooms: int, duration_s: float, warm_up_s: float = 0.0) -> dict[str, Parameter]:
    """The parameters that every scenario has."""
    return {
        "clients": Parameter(clients, "clients in each room", 1),
        "rooms": Parameter(rooms, "rooms", 1),
        "duration_s": Parameter(float(duration_s), "seconds of the measured part"),
        "warm_up_s": Parameter(float(warm_up_s), "seconds of the same load before it, which are not measured"),
    }
