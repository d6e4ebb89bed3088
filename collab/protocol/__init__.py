"""Bytes and state machines of the wire protocol; standard library only."""
