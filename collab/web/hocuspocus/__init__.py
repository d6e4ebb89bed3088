"""Rooms in the Hocuspocus dialect: one socket for many documents."""
