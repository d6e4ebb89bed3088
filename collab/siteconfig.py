"""Owns the settings of what a site has besides this server: its sign-in, its audit log, its office, its templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """Whether it is noted who did what; never content, never a token. Default: nowhere."""

    file: Path | None = None
    """One line of JSON for each event; may be renamed at any time (logrotate), a new one is begun then."""
    log: bool = False
    """Also among the server's own log lines."""


@dataclass(frozen=True, slots=True)
class OidcConfig:
    """Sign-in at an OpenID Connect provider, beside tokens. Needs a secret of the server as well."""

    issuer: str | None = None
    """As the provider writes it (`https://login.example.org/realms/site`)."""
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    """Left out for a public client."""
    client_secret_file: Path | None = None
    """A file with the secret and nothing else."""
    scopes: tuple[str, ...] = ("openid", "profile")
    user_claim: str = "sub"
    """What a person's id is made of; take none that people can change themselves."""
    role_claim: str | None = None
    """Where the provider says who may do what: a text or a list of them, `realm_access.roles` looks inside."""
    roles: tuple[str, ...] = ()
    """What the values of that claim mean (`staff=editor,admins=owner`); the highest role counts."""
    default_role: str = "editor"
    """For whom none of them is said; `none`: they may not come in."""
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    """By which tokens of the provider may be signed."""
    hosts: tuple[str, ...] = ()
    """Further hosts of the provider's endpoints (`oauth2.example.org`); default: the issuer's only."""
    name: str = "single sign-on"
    """What the button says that it signs in with."""


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """How documents get into formats that this server does not write itself."""

    office: str | None = None
    """LibreOffice's program (`/opt/libreoffice/program/soffice`); default: `soffice` on the PATH; `none`: not used."""
