"""Two hundred paths that try to leave a root; each must be refused or stay inside, with nothing decoded."""

from __future__ import annotations

from itertools import product

CANARY = "canary.txt"

_UPS = (
    "..",
    "%2e%2e",
    "%252e%252e",
    ".%2e",
    "..%00",
    "..\0",
    "..;",
    "...",
    "....",
    "\uff0e\uff0e",
    "\u2024\u2024",
    "\u2025",
    "..\u200b",
    "\u200b..",
    " ..",
    ".. ",
    "%c0%ae%c0%ae",
    "%uff0e%uff0e",
    "..\r",
    "..\t",
)
_SLASHES = ("/", "\\", "%2f", "%5c", "%252f", "%5C", "\u2215", "\u2044", "\uff0f", "//", "/./", "\\/", "%c0%af")
_WHOLE = (
    "/canary.txt",
    "//canary.txt",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:\\canary.txt",
    "C:/canary.txt",
    "\\\\?\\C:\\canary.txt",
    "\\\\host\\share\\canary.txt",
    "//host/share/canary.txt",
    "~/canary.txt",
    "~root/canary.txt",
    "$HOME/canary.txt",
    "${HOME}/canary.txt",
    "/proc/self/cwd/canary.txt",
    "/proc/self/root/etc/passwd",
    "/dev/stdin",
    "/dev/fd/0",
    "proc/self/environ",
    "folder/../../canary.txt",
    "folder/inner/../../../canary.txt",
    "folder/./../../canary.txt",
    "./../canary.txt",
    "folder//../../canary.txt",
    "folder/..",
    "..",
    ".",
    "../",
    "./",
    "/",
    "//",
    "\\",
    "..\\",
    "a.txt/../../canary.txt",
    "missing/../../canary.txt",
    "a.txt\0/../../canary.txt",
    "../canary.txt\0.txt",
    "..\ncanary.txt",
    "link/canary.txt",
    "link",
    "file-link",
    "folder/way-up/canary.txt",
    "loop/loop/loop",
    "link/../a.txt",
    "....//canary.txt",
    "..././canary.txt",
    ".../...//canary.txt",
    "..::$DATA",
    "a.txt::$DATA",
    "\udc2e\udc2e/canary.txt",
    "../" * 40 + "canary.txt",
    "../" * 2000 + "canary.txt",
    "a/" * 200 + "../" * 201 + "canary.txt",
)


def payloads() -> tuple[str, ...]:
    """Two hundred payloads, the same each time."""
    woven = [f"{up}{slash}{CANARY}" for slash, up in product(_SLASHES, _UPS)]
    return tuple(dict.fromkeys((*_WHOLE, *woven)))[:200]
