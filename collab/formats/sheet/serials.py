"""Owns dates and times as numbers: days since 1899-12-30, for every year; knows no file format."""

from __future__ import annotations

import re

DAY_S = 86_400
_EPOCH = 693_899
"""Days from 0000-03-01 to 1899-12-30."""
_DATE = re.compile(r"(-?\d{1,7})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12})\d*)?)?)?Z?")
_DURATION = re.compile(r"(-?)P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,12})\d*)?S)?)?")


def serial_of_date(text: str) -> float | None:
    """An ISO date, with or without a time; None when it is none."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    hours, minutes, seconds = (int(found[group] or 0) for group in (4, 5, 6))
    return _whole(_days(year, month, day) + _fraction(hours, minutes, seconds, found[7]))


def date_of_serial(serial: float) -> str:
    """The ISO date of a number, with a time where it has one."""
    days, micros = _split(serial)
    year, month, day = _civil(days)
    date = f"{year:04d}-{month:02d}-{day:02d}"
    if not micros:
        return date
    seconds, rest = divmod(micros, 1_000_000)
    clock = f"T{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return f"{date}{clock}.{rest:06d}" if rest else date + clock


def serial_of_duration(text: str) -> float | None:
    """An ISO duration (days at most) in days; None when it is none."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (int(found[group] or 0) for group in (2, 3, 4, 5))
    length = days + _fraction(hours, minutes, seconds, found[6])
    return _whole(-length if found[1] else length)


def duration_of_serial(serial: float) -> str:
    """A number of days as an ISO duration."""
    days, micros = _split(abs(serial))
    seconds, rest = divmod(micros, 1_000_000)
    seconds += days * DAY_S
    fraction = f".{rest:06d}" if rest else ""
    sign = "-" if serial < 0 else ""
    return f"{sign}PT{seconds // 3600:02d}H{seconds % 3600 // 60:02d}M{seconds % 60:02d}{fraction}S"


def _fraction(hours: int, minutes: int, seconds: int, rest: str | None) -> float:
    return (hours * 3600 + minutes * 60 + seconds + (float(f"0.{rest}") if rest else 0.0)) / DAY_S


def _whole(serial: float) -> float:
    return int(serial) if serial == int(serial) else serial


def _split(serial: float) -> tuple[int, int]:
    """Whole days, and microseconds of the day."""
    days = int(serial // 1)
    micros = round((serial - days) * DAY_S * 1_000_000)
    # A float has about a dozen digits behind today's date: less than ten microseconds is noise.
    near = round(micros / 1000) * 1000
    micros = near if abs(near - micros) < 10 else micros
    return (days + 1, 0) if micros >= DAY_S * 1_000_000 else (days, micros)


def _days(year: int, month: int, day: int) -> int:
    """Days since the epoch, in the Gregorian calendar reckoned backwards."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _EPOCH


def _civil(days: int) -> tuple[int, int, int]:
    era, of_era = divmod(days + _EPOCH, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    part = (5 * of_year + 2) // 153
    month = part + 3 if part < 10 else part - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * part + 2) // 5 + 1
