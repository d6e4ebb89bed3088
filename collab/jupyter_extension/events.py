"""Owns telling the livefolder server what this user renamed or deleted in JupyterLab; nothing waits for it."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from tornado.web import HTTPError

from collab.jupyter_extension.handlers import Link
from collab.jupyter_extension.upstream import Person


class ContentsEvents:
    """Listens to the contents service of one Jupyter server."""

    SCHEMA: ClassVar[str] = "https://events.jupyter.org/jupyter_server/contents_service/v1"

    def __init__(self, link: Link, identity_provider: Any, log: logging.Logger) -> None:
        self._link = link
        self._person = Person(str(getattr(identity_provider, "username", "") or "jupyter"), "Jupyter")
        self._log = log

    async def heard(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """One event."""
        action = data.get("action")
        if action not in ("rename", "delete"):
            return
        old = self._link.mounts.remote(str(data.get("source_path") if action == "rename" else data.get("path")))
        new = self._link.mounts.remote(str(data.get("path"))) if action == "rename" else None
        if old is None:
            return
        try:
            await self._link.upstream.report(self._person, action if new or action == "delete" else "delete", old, new)
        except HTTPError as error:
            self._log.warning("livefolder: %s of %s was not told: %s", action, old.path, error.log_message)
