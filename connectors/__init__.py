"""Storages behind one contract; imports nothing of collab."""
