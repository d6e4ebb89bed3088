"""Owns which addresses an exported copy may link to: what a click can do no harm with."""

from __future__ import annotations

import re

_SCHEMES = {"http", "https", "mailto", "ftp", "ftps", "tel", "sms", "doi", "geo", "irc", "xmpp", "news", "matrix"}
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20\x7f]+")
"""Browsers take these out of an address before they look at its scheme."""


def safe_href(href: str) -> str:
    """The address, or "" where it could run something or leads to a local file."""
    bare = _IGNORED.sub("", href)
    found = _SCHEME.match(bare)
    if bare.startswith(("//", "\\")) or (found is not None and found[1].lower() not in _SCHEMES):
        return ""
    return href.strip()
