"""Formats and large updates in limited child processes."""
