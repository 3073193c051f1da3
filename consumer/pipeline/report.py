"""The ledgers as a person and a program read them: at shutdown, in `/status`, at the end of a demo."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from consumer.model import Ended
from consumer.pipeline.ledger import EventCounts, Ledger, RecordCounts

OUTCOMES = ("delivered", "filtered", "dead_lettered", "released")


def summary(ledger: Ledger) -> dict[str, Any]:
    """Both ledgers as plain data.

    `{"received", "outcomes": {...}, "in_flight", "reasons": {"filtered": {...}, "dead_lettered":
    {...}}, "events": {"main/v2/cartUpdated": {"built", "in_flight", "delivered", ...}}, "balanced",
    "imbalance": [...]}`. `Pipeline.count_in_flight` must have been called just before.
    """
    records = list(ledger.records.values())
    imbalance = ledger.imbalance()
    return {
        "received": sum(counts.received for counts in records),
        "outcomes": {outcome: sum(_ended(c, outcome) for c in records) for outcome in OUTCOMES},
        "in_flight": sum(counts.in_flight for counts in records),
        "reasons": {
            "filtered": _merged(counts.filtered for counts in records),
            "dead_lettered": _merged(counts.dead_lettered for counts in records),
        },
        "events": {f"{e}/{n}": _event(c) for (e, n), c in sorted(ledger.events.items())},
        "balanced": not imbalance,
        "imbalance": imbalance,
    }


def partitions(ledger: Ledger) -> dict[str, dict[str, int]]:
    """The record ledger by `topic/partition`."""
    return {
        f"{topic}/{number}": {
            "received": counts.received,
            **{outcome: _ended(counts, outcome) for outcome in OUTCOMES},
            "in_flight": counts.in_flight,
        }
        for (topic, number), counts in sorted(ledger.records.items())
    }


def records_table(ledger: Ledger) -> Table:
    rows = [
        (where, {name.replace("_", " "): count for name, count in counts.items()})
        for where, counts in partitions(ledger).items()
    ]
    return _table("Records", "partition", rows, always=("received", "delivered", "in flight"))


def events_table(ledger: Ledger) -> Table:
    rows = [
        (f"{endpoint}/{name}", {key.replace("_", " "): n for key, n in _event(counts).items()})
        for (endpoint, name), counts in sorted(ledger.events.items())
    ]
    return _table("Events", "endpoint / event", rows, always=("built", "delivered", "in flight"))


def _table(
    title: str, first: str, rows: list[tuple[str, dict[str, int]]], always: tuple[str, ...]
) -> Table:
    """A column per count; those that are zero everywhere only if they are in `always`."""
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    names = list(rows[0][1]) if rows else list(always)
    shown = [name for name in names if name in always or any(counts[name] for _, counts in rows)]
    for name in shown:
        table.add_column(name, justify="right")
    for label, counts in rows:
        table.add_row(label, *(f"{counts[name]:,}" for name in shown))
    return table


def _ended(counts: RecordCounts, outcome: str) -> int:
    found: int | dict[str, int] = getattr(counts, outcome)
    return sum(found.values()) if isinstance(found, dict) else found


def _event(counts: EventCounts) -> dict[str, int]:
    ended = {end.value: getattr(counts, end) for end in Ended}
    return {"built": counts.built, **ended, "in_flight": counts.in_flight}


def _merged(many: Iterable[dict[str, int]]) -> dict[str, int]:
    merged: dict[str, int] = {}
    for reasons in many:
        for reason, count in reasons.items():
            merged[reason] = merged.get(reason, 0) + count
    return merged
