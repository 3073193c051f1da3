"""Functions on time. A time is epoch milliseconds at run time; a plain number has no unit.

Zones come from the system, or from the package `tzdata` where the system has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumer.mapping.language.functions import Library

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def _millis(number: int) -> int:
    return number


def _micros(number: int) -> int:
    return number // 1000


def _seconds(number: int) -> int:
    return number * 1000


def _time(text: str) -> int | None:
    if len(text) > 60:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MS
    except (ValueError, OverflowError):
        return None


def _iso(moment: int) -> str | None:
    try:
        return (_EPOCH + moment * _MS).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return None


def _iso_date(days: int) -> str | None:
    try:
        return (_EPOCH + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return None


def _day(days: int) -> int:
    return days * 86_400_000


_DIRECTIVES = re.compile(r"%(.?)", re.DOTALL)
_WRITTEN = frozenset("YmdHMSfjyz%")
"""Directives that mean the same on every system and in every language."""
_READ = frozenset("YmdHMSfyz%")
_SAMPLES = (1_700_000_000_000, 1_720_000_000_000)
"""A winter and a summer day: text that is made of a time has the format of these."""


@cache  # of the names in a mapping; a record gives none that does not exist
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _known_zone(name: str) -> ZoneInfo | None:
    try:
        return _zone(name) if len(name) <= 40 else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _format_time(moment: int, format_: str, zone: str) -> str | None:
    at = _known_zone(zone)
    if at is None or _bad_directive(format_, _WRITTEN) or len(format_) > 100:
        return None
    try:
        return _four_digits(format_, (_EPOCH + moment * _MS).astimezone(at))
    except OverflowError:
        return None


def _four_digits(format_: str, moment: datetime) -> str:
    # `%Y` of an early year has fewer digits on Linux.
    format_ = _DIRECTIVES.sub(
        lambda found: f"{moment.year:04d}" if found[1] == "Y" else found[0], format_
    )
    return moment.strftime(format_)


def _parse_time(text: str, format_: str, zone: str) -> int | None:
    at = _known_zone(zone)
    if at is None or _bad_directive(format_, _READ) or len(text) > 60:
        return None
    try:
        moment = datetime.strptime(text.strip(), format_)  # noqa: DTZ007 - the zone follows
        if moment.tzinfo is not None:
            return (moment - _EPOCH) // _MS
        local = moment.replace(tzinfo=at)
        utc = local.astimezone(UTC)
        # A time that clocks skip does not come back; one that they show twice is the first.
        return (utc - _EPOCH) // _MS if utc.astimezone(at).replace(tzinfo=None) == moment else None
    except (ValueError, OverflowError):
        return None


def _bad_directive(format_: str, known: frozenset[str]) -> str | None:
    found = (match[0] for match in _DIRECTIVES.finditer(format_) if match[1] not in known)
    return next(found, None)


def _check_time(known: frozenset[str]) -> Any:
    def check(arguments: Sequence[Any]) -> str | None:
        _, format_, zone = arguments
        if format_ is not None and (bad := _bad_directive(format_, known)) is not None:
            return f"`{bad}` is no part of a format: " + " ".join(
                f"%{one}" for one in sorted(known)
            )
        if zone is not None and _known_zone(zone) is None:
            return "the zone is a name such as `Europe/Kyiv`"
        return None

    return check


def _formatted(arguments: Sequence[Any]) -> tuple[str, ...]:
    _, format_, zone = arguments
    if format_ is None:
        return ()
    made = (_format_time(moment, format_, zone or "UTC") for moment in _SAMPLES)
    return tuple(text for text in made if text is not None)


def add_to(library: Library) -> None:
    def add(signature: str, doc: str, example: str, value: Any, call: Any, **more: Any) -> None:
        library.add("Time", signature, doc, [(example, value)], call, **more)

    add(
        "millis(integer) -> time",
        "Epoch milliseconds.",
        "iso(millis(1700000000000))",
        "2023-11-14T22:13:20.000Z",
        _millis,
    )
    add(
        "micros(integer) -> time",
        "Epoch microseconds.",
        "iso(micros(1700000000000000))",
        "2023-11-14T22:13:20.000Z",
        _micros,
    )
    add(
        "seconds(integer) -> time",
        "Epoch seconds.",
        "iso(seconds(1700000000))",
        "2023-11-14T22:13:20.000Z",
        _seconds,
    )
    add(
        "time(text) -> time?",
        "ISO 8601 text; without a zone it is UTC. Absent if it is not one.",
        'iso(time("2023-11-15T00:13:20+02:00"))',
        "2023-11-14T22:13:20.000Z",
        _time,
    )
    add(
        "iso(time) -> text?",
        "ISO 8601 text in UTC.",
        "iso(millis(0))",
        "1970-01-01T00:00:00.000Z",
        _iso,
        like=("1970-01-01T00:00:00.000Z",),
    )
    add(
        "format_time(time, text, text) -> text?",
        "Local time in a zone: `%Y %m %d %H %M %S %f %j %y %z`. Costs 10 µs.",
        'format_time(millis(1700000000000), "%Y-%m-%dT%H:%M:%S", "Europe/Kyiv")',
        "2023-11-15T00:13:20",
        _format_time,
        check=_check_time(_WRITTEN),
        like=_formatted,
    )
    add(
        "parse_time(text, text, text) -> time?",
        "Text of that format, in that zone unless it has `%z`. Absent if it is not one, or if clocks "
        "skip it; a time that they show twice is the first. Costs 15 µs.",
        'iso(parse_time("15.11.2023 00:13", "%d.%m.%Y %H:%M", "Europe/Kyiv"))',
        "2023-11-14T22:13:00.000Z",
        _parse_time,
        check=_check_time(_READ),
    )
    add(
        "midnight(date) -> time",
        "The beginning of a date, in UTC.",
        "iso(midnight(a_date))",
        "2023-11-14T00:00:00.000Z",
        _day,
    )
    add(
        "iso_date(date) -> text?",
        "A date as `2023-11-14`.",
        "iso_date(a_date)",
        "2023-11-14",
        _iso_date,
        like=("2023-11-14",),
    )
