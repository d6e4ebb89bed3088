"""Owns what a worker and its supervisor have agreed on: words on the pipe and exit codes. No behaviour."""

from __future__ import annotations

EXIT_CONFIG = 2
"""A worker that exits with this said why; starting it again would not help."""
EXIT_JOURNAL = 3
"""A worker that exits with this said that no journal can be kept now: at the first start that is a reason not to serve,
later one to try again."""
READY = "ready "
"""What a worker says when it serves; a one-time token may follow, for the address that is printed."""
