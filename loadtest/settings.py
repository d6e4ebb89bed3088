"""Owns what a run is asked to do: plain values, checked by `plan.py`; knows no scenario and opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = int | float | str
"""The value of a scenario's parameter."""

PROTOCOLS = ("y-websocket", "hocuspocus", "jupyter")


class SettingsError(ValueError):
    """What was asked for cannot be run; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets the clients in. Travels over pipes only: it is in no command line, no log and no result."""

    token: str | None = field(default=None, repr=False)
    """y-websocket: `?token=`; Hocuspocus: in its auth message; Jupyter: `Authorization: token …`."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each part may take before the run is given up, in seconds."""

    connect_s: float = 30.0
    """From dialling until one client is in sync; the phase as a whole gets this and 10 ms for each client."""
    settle_s: float = 30.0
    """After the last edit, until every client has every edit."""
    proof_s: float = 120.0
    """For replaying the documents of all clients."""
    grace_s: float = 30.0
    """Beyond the measured time."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """One run. None: what the scenario has by default."""

    url: str
    """Base address: `ws://host:port/ws` (the room's name is appended), `ws://host:port/hocuspocus`, or that of a
    Jupyter server, `http://host:8888/user/me`."""
    scenario: str
    protocol: str = "y-websocket"
    clients: int | None = None
    """In each room."""
    rooms: int | None = None
    duration_s: float | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """The scenario's own, by name; unknown ones are refused."""
    seed: int = 1
    processes: int = 1
    """Generator processes; the clients are dealt out to them."""
    credentials: Credentials = field(default_factory=Credentials)
    document: str | None = None
    """Name of the room, or the path of the Jupyter document; several rooms get `-1`, `-2`, … Default: new names."""
    recording: str | None = None
    """File with a recorded session, for `replay`."""
    extensions: bool = False
    """Announce `v=1`, our own server's extensions: acknowledgements are measured then."""
    server: str = ""
    """A name for people; default: the URL without its query."""
    server_pid: int | None = None
    """Root of the server's process tree; default: found by the listening port on this machine."""
    command: str = ""
    """What the result gives as the command that runs it again."""
    deadlines: Deadlines = field(default_factory=Deadlines)
