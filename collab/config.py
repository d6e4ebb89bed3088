"""Owns the configuration tree and the only reader of the environment; opens no file and no socket.

Every setting has a safe default and is also `COLLAB_<SECTION>_<FIELD>` in the environment (`COLLAB_SERVER_PORT`,
`COLLAB_LIMITS_FILE_SIZE_BYTES`); the short names of the command's options (`COLLAB_PORT`) work too.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from collab.errors import ConfigError
from collab.limits import Limits
from collab.siteconfig import AuditConfig, ExportConfig, OidcConfig

_Section = TypeVar("_Section")

_PASSWORD = re.compile(r"(^\w+://[^/@?:]*:)[^/?]*@|((?:^|[?&\s])password=)[^&\s]*")

SHORT_NAMES = {
    "COLLAB_HOST": "COLLAB_SERVER_HOST",
    "COLLAB_PORT": "COLLAB_SERVER_PORT",
    "COLLAB_DATA": "COLLAB_STORE_DATA",
    "COLLAB_DATABASE": "COLLAB_STORE_DATABASE",
    "COLLAB_SECRET": "COLLAB_AUTH_SECRET",
    "COLLAB_WORKERS": "COLLAB_SERVER_WORKERS",
    "COLLAB_REDIS": "COLLAB_REDIS_URL",
}
ROOT_PREFIX = "COLLAB_ROOT_"
"""Of the settings of the one root that is named on the command line."""
ADMIN_PREFIX = "COLLAB_ADMIN_"
"""Of what `collab admin` reads: which server, by which token."""


def mask_address(address: str) -> str:
    """An address for printing, without a password."""
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}********{'@' if found[1] else ''}", address)


def holds_password(address: str) -> bool:
    """Whether an address has a password in it."""
    return _PASSWORD.search(address) is not None


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where the server listens and under which addresses browsers know it."""

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    """The address people see, when a proxy stands in front (`https://edit.example.org`)."""
    allowed_origins: tuple[str, ...] = ()
    """Further origins that may open WebSockets and call the API, exact (`https://app.example.org`)."""
    jupyter_servers: tuple[str, ...] = ()
    """Origins of Jupyter servers that people's notebooks may run code on (`http://localhost:8888`); default: none."""
    scratch: bool | None = None
    """Rooms without a file for any other name under /ws; default: on in open mode only."""
    hidden_files: bool | None = None
    """Names that begin with a dot can be shown and opened; default: in open mode only."""
    templates: Path | None = None
    """A folder of files that new ones can be made from."""
    shutdown_s: float = 10.0
    workers: int = 1
    """Processes that share the rooms of this machine; 0: one for each core."""
    heavy_workers: int = 1
    """At most so many further processes, started on demand, for large documents (`heavy_document_size_bytes`)."""
    heavy_idle_s: float = 60.0
    """A worker for large documents that has none for so long ends."""
    spare_worker: bool = True
    """Keep a second process loaded and waiting, so that a worker that died is replaced at once (about 50 MB)."""
    metrics_open: bool = False
    """Serve /metrics to any address; otherwise only to this machine."""


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where the registry and the journal live, and how long history is kept in full."""

    data: Path | None = None
    """Default: `.collab` beside the folder's owner settings, see `collab serve --help`."""
    database: str | None = field(default=None, repr=False, metadata={"mask": mask_address})
    """`postgresql://USER@HOST/NAME?sslmode=verify-full`: registry and journal for all nodes that name it.

    The data folder then holds only what is this node's own. Parameters are libpq's.
    """
    database_password: str | None = field(default=None, repr=False)
    database_password_file: Path | None = None
    """A file with the password and nothing else."""
    database_schema: str = "livefolder"
    """Several servers that share nothing can share a database under different names here."""
    database_connections: int = 8
    """At most so many connections of each worker."""
    database_timeout_s: float = 10.0
    """What the database does not answer in so long is given up, and tried again where that can be."""
    commit_delay_ms: float = 20.0
    """How long an append waits for others to share its commit; nothing else waits."""
    queued_calls: int = 50_000
    """So many calls may wait for the disk; more are refused at once."""
    snapshot_updates: int = 500
    retention_days: float = 30.0
    """History is kept in full so long; of what is older, points remain."""
    point_days: float = 365.0
    """Automatic points are kept so long, one a week; named ones for ever."""
    rebase_days: float = 30.0
    """A document that nobody was connected to for so long may get a fresh history; 0: never by itself."""
    rebase_ratio: float = 2.0
    """It gets one when its live state is so many times as large as a fresh document of the same content."""
    maintain_s: float = 600.0

    @property
    def place(self) -> str:
        """Where the journal is, for people."""
        return str(self.data) if self.database is None else mask_address(self.database)


@dataclass(frozen=True, slots=True)
class SaveConfig:
    """When a document is written to its storage."""

    debounce_s: float = 1.0
    max_wait_s: float = 5.0
    retry_min_s: float = 1.0
    retry_max_s: float = 60.0
    poll_s: float = 2.0
    """How often a storage that cannot be watched is asked for outside changes while a document is open."""
    lease_s: float = 15.0
    """Where several nodes share the database, another one stores the document when the one that did was silent so
    long."""
    lock_refresh_s: float = 300.0
    """How often a lock that the storage gave us is refreshed while it is held."""


@dataclass(frozen=True, slots=True)
class RoomConfig:
    """The life of a room."""

    idle_unload_s: float = 30.0
    journal_retry_s: float = 1.0
    relay_stateless: bool = False
    """Texts that clients send to each other beside the document are passed on; else they are refused."""


@dataclass(frozen=True, slots=True)
class PresenceConfig:
    """How often the people of a large room are told of each other's presence; in a small one it is at once."""

    small_room: int = 20
    """Up to so many connections."""
    frames_per_second: float = 10.0
    deliveries_per_second: float = 2_000.0
    """So many presence messages leave a room when no text takes them along."""
    bytes_per_second: int = 32_768
    """For each recipient. Who came or went is told in any case, and everybody's state once in 8 seconds."""
    lively_s: float = 10.0
    """Who typed within so many seconds goes first."""


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """Who may come in. Without a secret the server is in open mode and must listen on loopback."""

    secret: str | None = field(default=None, repr=False)
    token_lifetime_s: int = 3600
    session_lifetime_s: int = 43_200
    recheck_s: float = 30.0
    """How often live connections are checked against revocations."""


@dataclass(frozen=True, slots=True)
class WopiConfig:
    """Which sync-and-share hosts may open their files here. Without hosts: none."""

    hosts: tuple[str, ...] = ()
    """`host`, `host:port` or `*.example.org`; without a port 443 and 80 are meant."""
    networks: tuple[str, ...] = ()
    """Private networks that these hosts may be in (`10.1.0.0/16`)."""
    frame_ancestors: tuple[str, ...] = ()
    """Further origins whose pages may show the editor in a frame, where the web pages are not on the WOPI host."""
    extensions: tuple[str, ...] = ()
    """Offered in discovery; default: every text format."""
    recheck_s: float = 60.0
    """How often each person's rights are asked for again."""
    poll_s: float = 60.0
    """How often an open file is asked for outside changes."""
    timeout_s: float = 20.0
    token_lifetime_s: int = 36_000
    """For tokens whose host does not say how long they are valid."""


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where a site is told what happens to documents."""

    url: str | None = None
    secret: str | None = field(default=None, repr=False)
    """Signs what is sent (HMAC-SHA256)."""


@dataclass(frozen=True, slots=True)
class JupyterConfig:
    """How the users of Jupyter servers are known, besides by tokens of this server."""

    hub_url: str | None = None
    """JupyterHub's own address (`https://hub.example.org/hub`): users come with its tokens."""
    hub_timeout_s: float = 10.0
    shared_secret: str | None = field(default=None, repr=False)
    """For one team or course: who knows it may say who the user is."""


@dataclass(frozen=True, slots=True)
class RedisConfig:
    """How several nodes hear each other's edits at once. Redis keeps nothing for us and may be lost at any time."""

    url: str | None = field(default=None, repr=False)
    """`redis://[USER:PASSWORD@]HOST:PORT`, `rediss://…` for TLS, `unix://…`; several, separated by commas, are nodes of
    a cluster, or sentinels."""
    sentinel: str | None = None
    """The name of the primary that the sentinels in `url` know."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    """Instead of the one in `url`."""
    ca_file: Path | None = None
    """Whom to trust for `rediss://`; default: the system's authorities."""
    namespace: str = "livefolder"
    """Groups of nodes with different namespaces share a Redis and do not hear each other."""
    node: str | None = None
    """The name of this node; default: the machine's name and the port."""
    timeout_s: float = 3.0
    """A Redis that answers nothing for so long is away."""
    beat_s: float = 2.0
    """How often a node tells the others that it is alive."""
    silent_s: float = 7.0
    """A node that was not heard for so long is gone, and so are its people."""
    ask_s: float = 1.0
    """How long a document that is opened waits for what other nodes have of it."""
    poll_s: float = 1.0
    """How often the database is asked for others' edits while nodes cannot hear each other."""
    watch_s: float = 5.0
    """How often it is asked while they can."""


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What is logged and how; never content, never a token."""

    format: str = "console"
    level: str = "info"


RootSetting: TypeAlias = str | int | float | bool
_SECRET_WORDS = ("password", "secret", "token", "key")


def is_secret(setting: str) -> bool:
    """Whether the setting of a root is shown to nobody, by its name."""
    return any(word in setting.lower() for word in _SECRET_WORDS)


@dataclass(frozen=True, slots=True)
class RootConfig:
    """A live folder: its name in addresses, and where it is: a folder of this machine, or the address of a storage."""

    name: str
    path: Path | None = None
    address: str | None = None
    """`webdav+https://…`, `s3://…`, `cs3://…`; never with a password in it."""
    settings: tuple[tuple[str, RootSetting], ...] = field(default=(), repr=False)
    """The connector's own settings, credentials among them."""

    @property
    def where(self) -> str:
        """For people."""
        return str(self.path) if self.address is None else self.address

    def masked(self) -> str:
        """Where it is and how it is set, secrets masked."""
        shown = [f"{name}={'********' if is_secret(name) else value}" for name, value in self.settings]
        return "  ".join([self.where, *shown])


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that an operator can set."""

    server: ServerConfig = field(default_factory=ServerConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    save: SaveConfig = field(default_factory=SaveConfig)
    room: RoomConfig = field(default_factory=RoomConfig)
    presence: PresenceConfig = field(default_factory=PresenceConfig)
    auth: AuthConfig = field(default_factory=AuthConfig)
    wopi: WopiConfig = field(default_factory=WopiConfig)
    webhook: WebhookConfig = field(default_factory=WebhookConfig)
    jupyter: JupyterConfig = field(default_factory=JupyterConfig)
    redis: RedisConfig = field(default_factory=RedisConfig)
    log: LogConfig = field(default_factory=LogConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    oidc: OidcConfig = field(default_factory=OidcConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    limits: Limits = field(default_factory=Limits)
    roots: tuple[RootConfig, ...] = ()

    @property
    def open_mode(self) -> bool:
        return self.auth.secret is None

    @property
    def scratch(self) -> bool:
        return self.open_mode if self.server.scratch is None else self.server.scratch

    @property
    def hidden_files(self) -> bool:
        return self.open_mode if self.server.hidden_files is None else self.server.hidden_files

    @classmethod
    def from_env(cls, environ: Mapping[str, str], base: Config | None = None) -> Config:
        """Overlay `COLLAB_…` variables on `base`. Raises: ConfigError (unknown name, bad value)."""
        config = base or cls()
        values = {SHORT_NAMES.get(name, name): value for name, value in environ.items() if _is_ours(name)}
        sections = {item.name: getattr(config, item.name) for item in fields(cls) if item.name != "roots"}
        for name, value in values.items():
            section, setting = _locate(name, sections)
            sections[section] = replace(sections[section], **{setting: _parse(name, value, sections[section], setting)})
        return replace(config, **sections)

    def masked(self) -> dict[str, dict[str, object]]:
        """Every setting for printing, secrets masked."""
        shown: dict[str, dict[str, object]] = {}
        for section in fields(self):
            value = getattr(self, section.name)
            if is_dataclass(value):
                shown[section.name] = {item.name: _shown(item, getattr(value, item.name)) for item in fields(value)}
        shown["roots"] = {root.name: root.masked() for root in self.roots}
        return shown


def _is_ours(name: str) -> bool:
    elsewhere = ("COLLAB_CONFIG", "COLLAB_TEST_", ROOT_PREFIX, ADMIN_PREFIX)
    return name.startswith("COLLAB_") and not name.startswith(elsewhere)


def _shown(item: Field[object], value: object) -> object:
    if value is None:
        return None
    mask: Callable[[object], object] | None = item.metadata.get("mask")
    if mask is not None:
        return mask(value)
    return value if item.repr else "********"


def _locate(name: str, sections: Mapping[str, object]) -> tuple[str, str]:
    section, _, setting = name.removeprefix("COLLAB_").lower().partition("_")
    known = sections.get(section)
    if known is None or setting not in {item.name for item in fields(known)}:  # type: ignore[arg-type]
        raise ConfigError(f"{name} is not a setting; `collab check-config` lists them all.")
    return section, setting


def _parse(name: str, value: str, section: object, setting: str) -> object:
    kind = typing.get_type_hints(type(section))[setting]
    try:
        return parse_value(kind, value)
    except ValueError:
        raise ConfigError(f"{name}={value!r} is not a valid value ({_kind_name(kind)}).") from None


def parse_value(kind: Any, value: str) -> object:
    """A setting's text as its type. Raises: ValueError."""
    if isinstance(kind, types.UnionType):
        return parse_value(next(part for part in kind.__args__ if part is not type(None)), value)
    if kind is bool:
        return _parse_bool(value)
    if kind in (int, float, str, Path):
        return kind(value)
    if typing.get_origin(kind) is tuple:
        return tuple(part.strip() for part in value.split(",") if part.strip())
    raise ValueError(kind)


def _parse_bool(value: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.lower() not in words:
        raise ValueError(value)
    return words[value.lower()]


def _kind_name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))
