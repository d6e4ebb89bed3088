"""Hypothesis without its clock: what a loaded machine takes for one example says nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
