"""Functions on time. A time is epoch milliseconds at run time; a plain number has no unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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


def add_to(library: Library) -> None:
    def add(signature: str, doc: str, example: str, value: Any, call: Any) -> None:
        library.add("Time", signature, doc, [(example, value)], call)

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
    )
