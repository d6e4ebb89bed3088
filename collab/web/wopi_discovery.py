"""Owns what WOPI hosts read of this server: discovery and capabilities; knows no request and no key's secret half.

One address serves all actions: what a person may do comes from the host's answers alone. Hosts concatenate `WOPISrc=`
to it, so it ends with a question mark, and they ignore placeholders they do not know, so there are none.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from collab import __version__
from collab.formats.table import editable_extensions

LAUNCH_PATH = "/wopi/edit"
_ACTIONS = ("edit", "view", "editnew")
"""The first one is taken by hosts that do not choose."""
_MEDIA_TYPES: Mapping[str, tuple[str, ...]] = {
    "md": ("text/markdown",),
    "tex": ("text/x-tex", "application/x-tex"),
    "csv": ("text/csv",),
    "txt": ("text/plain",),
    "ipynb": ("application/x-ipynb+json",),
}
"""Where hosts disagree with the system's table, or do not have one."""


def discovery(address: str, proof: Mapping[str, str], extensions: Sequence[str] = ()) -> bytes:
    """The XML of `/hosting/discovery`; `extensions`: those to be offered, all when empty."""
    root = Element("wopi-discovery")
    scheme = address.partition("://")[0]
    zone = SubElement(root, "net-zone", name=f"external-{scheme}")
    by_type: dict[str, list[str]] = {}
    for extension in sorted(extensions or editable_extensions()):
        for media_type in media_types(extension):
            by_type.setdefault(media_type, []).append(extension)
    for media_type, found in sorted(by_type.items()):
        _add_app(zone, media_type, found, address)
    capabilities = SubElement(zone, "app", name="Capabilities")
    SubElement(capabilities, "action", name="getinfo", ext="", urlsrc=f"{address}/hosting/capabilities")
    SubElement(root, "proof-key", dict(proof))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root)


def _add_app(zone: Element, media_type: str, extensions: Sequence[str], address: str) -> None:
    app = SubElement(zone, "app", name=media_type)
    for action in _ACTIONS:
        for extension in extensions:
            facts = {"default": "true", "requires": "locks,update"} if action == "edit" else {}
            SubElement(app, "action", {"name": action, "ext": extension, "urlsrc": f"{address}{LAUNCH_PATH}?", **facts})


def media_types(extension: str) -> tuple[str, ...]:
    """What hosts may call files of this kind."""
    known = _MEDIA_TYPES.get(extension)
    if known is not None:
        return known
    guessed, encoding = mimetypes.guess_type(f"file.{extension}", strict=False)
    return (guessed,) if guessed is not None and encoding is None else ("text/plain",)


def capabilities() -> dict[str, object]:
    """The JSON of `/hosting/capabilities`, in the words that hosts look for."""
    no = dict.fromkeys(
        (
            "hasMobileSupport",
            "hasTemplateSource",
            "hasSettingIframeSupport",
            "hasWASMSupport",
            "hasZoteroSupport",
            "hasDocumentSigningSupport",
            "hasProxyPrefix",
        ),
        False,
    )
    return {
        **no,
        "convert-to": {"available": False},
        "productName": "livefolder",
        "productVersion": __version__,
        "productVersionHash": "",
    }
