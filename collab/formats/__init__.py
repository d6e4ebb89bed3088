"""Bytes to document to merge, one module a format."""
