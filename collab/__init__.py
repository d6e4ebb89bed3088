"""A real-time collaborative editing server: any file in the share becomes a live document."""

__version__ = "0.1.0"
