"""Owns asking a JupyterHub whose token this is, and comparing the shared secret of Jupyter servers."""

from __future__ import annotations

import asyncio
import hmac
import json
import urllib.error
import urllib.request

from collab.auth.tokens import clean_name
from collab.errors import StorageUnavailable, Unauthenticated

_ANSWER_BYTES = 65_536
_SCHEMES = {"token": "hub", "jupyter-secret": "secret"}


def scheme_of(authorization: str) -> tuple[str, str]:
    """Which of the Jupyter modes a header is for (`hub`, `secret`, empty: none), and its credential."""
    scheme, _, credential = authorization.partition(" ")
    return _SCHEMES.get(scheme.lower(), ""), credential.strip()


def is_secret(credential: str, secret: str) -> bool:
    """Compare without telling how much of it is right."""
    return hmac.compare_digest(credential.encode(), secret.encode())


async def ask_hub(hub_url: str, token: str, timeout_s: float) -> str:
    """The name of the user whose token this is. Raises: Unauthenticated, StorageUnavailable."""
    return await asyncio.to_thread(_ask, f"{hub_url.rstrip('/')}/api/user", token, timeout_s)


def _ask(url: str, token: str, timeout_s: float) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})  # noqa: S310 - the operator's
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            user = json.loads(answer.read(_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404):
            raise Unauthenticated("the hub does not know this token") from None
        raise StorageUnavailable(f"the hub answers {error.code}", public="JupyterHub does not answer.") from None
    except (OSError, ValueError) as error:
        raise StorageUnavailable(f"hub: {type(error).__name__}", public="JupyterHub does not answer.") from None
    name = user.get("name") if isinstance(user, dict) else None
    if not isinstance(name, str) or not clean_name(name):
        raise Unauthenticated("the hub names no user")
    return name
