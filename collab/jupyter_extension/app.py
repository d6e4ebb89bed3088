"""Owns the extension's settings and its place in a Jupyter server; without an address of a server it does nothing."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Dict, Float, Integer, Unicode, default

from collab.jupyter_extension.events import ContentsEvents
from collab.jupyter_extension.handlers import SETTING, Link, NotOfferedHandler, SessionHandler
from collab.jupyter_extension.mounts import Mounts
from collab.jupyter_extension.relay import AwarenessSocket, RoomSocket
from collab.jupyter_extension.upstream import Upstream

_RIVALS = ("jupyter_server_ydoc", "jupyter_server_documents")
_ROOM = r"/api/collaboration/room/"
_TOKEN, _HUB_TOKEN, _SECRET = "LIVEFOLDER_TOKEN", "JUPYTERHUB_API_TOKEN", "LIVEFOLDER_SECRET"


class LivefolderExtension(ExtensionApp):
    """Opens the documents of this Jupyter server in the rooms of a livefolder server."""

    name = "livefolder"

    url = Unicode(help="Address of the livefolder server; also LIVEFOLDER_URL. Empty: the extension does nothing.").tag(
        config=True
    )
    mode = Unicode(
        "token",
        help="How the user is known: `token` (LIVEFOLDER_TOKEN; none is needed for a server in open mode), "
        "`hub` (JupyterHub's token) or `secret` (LIVEFOLDER_SECRET: this server's word is believed).",
    ).tag(config=True)
    mounts = Dict(
        {"": ""},
        help='Folders of this server and what they are there: {"team": "physics:", "home": "users:ann"}.',
    ).tag(config=True)
    timeout_s = Float(30.0, help="How long the livefolder server may take to open a document.").tag(config=True)
    most_bytes = Integer(1 << 30, help="Largest message between browser and server.").tag(config=True)

    @default("url")
    def _default_url(self) -> str:
        return os.environ.get("LIVEFOLDER_URL", "")

    def initialize_settings(self) -> None:
        """Make the link that the handlers use."""
        if not self.url:
            self.log.info("livefolder: no server is set (LIVEFOLDER_URL), so nothing is changed.")
            return
        upstream = Upstream(self.url, self._authorization(), self.timeout_s)
        link = Link(upstream, Mounts(self.mounts), self.most_bytes)
        self.serverapp.web_app.settings[SETTING] = link
        events = ContentsEvents(link, self.serverapp.identity_provider, self.log)
        self.serverapp.event_logger.add_listener(schema_id=ContentsEvents.SCHEMA, listener=events.heard)
        self._warn_of_rivals()

    def initialize_handlers(self) -> None:
        """Own the addresses of real-time collaboration."""
        if not self.url:
            return
        page = self.serverapp.web_app.settings.setdefault("page_config_data", {})
        page.setdefault("disableRTC", False)
        page.setdefault("serverSideExecution", False)
        self.handlers.extend(
            [
                (r"/api/collaboration/session/(.*)", SessionHandler),
                (_ROOM + r"JupyterLab:globalAwareness", AwarenessSocket),
                (_ROOM + r"(.+)", RoomSocket),
                (r"/api/collaboration/(?:timeline|undo_redo|fork)/(.*)", NotOfferedHandler),
            ]
        )

    def _authorization(self) -> str:
        """The header that says who asks; empty where nothing is needed."""
        environ = os.environ
        if self.mode == "hub":
            return f"token {environ.get(_HUB_TOKEN, '')}"
        if self.mode == "secret":
            return f"Jupyter-Secret {environ.get(_SECRET, '')}"
        token = environ.get(_TOKEN, "")
        return f"Bearer {token}" if token else ""

    def _warn_of_rivals(self) -> None:
        """Who else owns these addresses: we stand in front, as extensions are linked by name."""
        enabled: dict[str, Any] = self.serverapp.jpserver_extensions
        for rival in _RIVALS:
            if enabled.get(rival):
                self.log.warning(
                    "livefolder: %s is enabled too. Documents open in %s all the same; switch it off with "
                    "`jupyter server extension disable %s`.",
                    rival,
                    self.url,
                    rival,
                )


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": LivefolderExtension}]
