"""The ledgers as a person and a program read them: at shutdown, in `/status`, at the end of a demo."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from consumer.ledger import EventCounts, Ledger, RecordCounts

OUTCOMES = ("delivered", "filtered", "dead_lettered", "released")
ENDS = ("delivered", "superseded", "expired", "dead_lettered", "released")


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
            "in_flight": counts.in_flight,
            **{outcome: _ended(counts, outcome) for outcome in OUTCOMES},
        }
        for (topic, number), counts in sorted(ledger.records.items())
    }


def records_table(ledger: Ledger) -> Table:
    table = _table("Records", "partition", "received", *OUTCOMES, "in flight")
    for where, counts in partitions(ledger).items():
        row = (counts["received"], *(counts[outcome] for outcome in OUTCOMES), counts["in_flight"])
        table.add_row(where, *(f"{number:,}" for number in row))
    return table


def events_table(ledger: Ledger) -> Table:
    table = _table("Events", "endpoint / event", "built", *ENDS, "in flight")
    for (endpoint, name), counts in sorted(ledger.events.items()):
        row = (counts.built, *(getattr(counts, end) for end in ENDS), counts.in_flight)
        table.add_row(f"{endpoint}/{name}", *(f"{number:,}" for number in row))
    return table


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in numbers:
        table.add_column(name.replace("_", "-"), justify="right")
    return table


def _ended(counts: RecordCounts, outcome: str) -> int:
    found: int | dict[str, int] = getattr(counts, outcome)
    return sum(found.values()) if isinstance(found, dict) else found


def _event(counts: EventCounts) -> dict[str, int]:
    ended = {end: getattr(counts, end) for end in ENDS}
    return {"built": counts.built, "in_flight": counts.in_flight, **ended}


def _merged(many: Iterable[dict[str, int]]) -> dict[str, int]:
    merged: dict[str, int] = {}
    for reasons in many:
        for reason, count in reasons.items():
            merged[reason] = merged.get(reason, 0) + count
    return merged
