"""Owns one run from the settings to the result; the only entry of the engine."""

from __future__ import annotations

from collections.abc import Callable

from loadtest.results import Result, Sample
from loadtest.settings import RunSettings as RunSettings
from loadtest.settings import SettingsError as SettingsError


async def run_scenario(settings: RunSettings, progress: Callable[[Sample | str], None]) -> Result:
    """Run one scenario; always comes back with a result, also from a server that is not there.

    `progress` gets a sample each second and a sentence where something happens.

    Raises: SettingsError (what was asked for makes no sense).
    """
    raise NotImplementedError
