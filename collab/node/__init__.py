"""The workers of one machine: which of them has a room, and how they reach each other."""
