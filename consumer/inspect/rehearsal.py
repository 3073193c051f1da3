"""Everything but sending: what records would become, counted."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from consumer.clock import Clock
from consumer.errors import InvalidRecord, SchemaPending
from consumer.model import Endpoint, Event, Mapped, Record
from consumer.stages import Decode, Map


@dataclass(slots=True)
class Invalid:
    """Records that would be dead letters for one reason; `detail` and `position` are of the first."""

    detail: str
    position: str
    count: int = 0


class Rehearsal:
    """Takes records through the given stages, and remembers what they became."""

    def __init__(self, decode: Decode, mapping: Map, clock: Clock) -> None:
        self._decode = decode
        self._mapping = mapping
        self._clock = clock
        self.records = 0
        self.mapped = 0
        """Records of which at least one event would be sent or is too old."""
        self.events: Counter[tuple[Endpoint, str, str]] = Counter()
        """By endpoint, name and rule: would be sent."""
        self.expired: Counter[tuple[Endpoint, str, str]] = Counter()
        """Too old to be sent now."""
        self.filtered: Counter[str] = Counter()
        self.skipped: Counter[tuple[Endpoint, str]] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.invalid: dict[tuple[str, str], Invalid] = {}
        """By stage and reason."""
        self.samples: dict[tuple[Endpoint, str], Event] = {}
        """The first event of each kind."""

    async def take(self, record: Record) -> Mapped | InvalidRecord:
        """Count what becomes of the record, and return it. Waits for schemas."""
        self.records += 1
        while True:
            try:
                mapped = self._mapping.map(record, self._decode.decode(record))
            except SchemaPending as pending:
                await self._decode.resolve(pending.ref)
            except InvalidRecord as invalid:
                key = (invalid.stage, invalid.reason)
                first = Invalid(invalid.detail, record.position)
                self.invalid.setdefault(key, first).count += 1
                return invalid
            else:
                self._count(mapped)
                return mapped

    def _count(self, mapped: Mapped) -> None:
        now = self._clock.now_ms()
        self.skipped.update(mapped.skipped)
        self.left_out.update(mapped.left_out)
        if not mapped.events:
            self.filtered[mapped.filtered or "no_event"] += 1
            return
        self.mapped += 1
        for event in mapped.events:
            endpoint, kinds = event.endpoint, self.events
            if 0 <= event.expires_ms <= now:
                if event.when_older == "past_events":
                    endpoint = Endpoint(endpoint.account, "past_events")
                else:
                    kinds = self.expired
            kinds[endpoint, event.name, event.rule] += 1
            self.samples.setdefault((event.endpoint, event.name), event)

    def document(self) -> dict[str, Any]:
        """All counts as plain data (no samples: they hold personal data)."""
        return {
            "records": self.records,
            "would_send": sum(self.events.values()),
            "events": _named(self.events),
            "too_old": _named(self.expired),
            "filtered": dict(self.filtered),
            "skipped": {f"{end}/{reason}": n for (end, reason), n in self.skipped.items()},
            "left_out": {f"{path} {reason}": n for (path, reason), n in self.left_out.items()},
            "invalid": [
                {
                    "stage": stage,
                    "reason": reason,
                    "count": one.count,
                    "first": one.position,
                    "detail": one.detail,
                }
                for (stage, reason), one in self.invalid.items()
            ],
        }


def _named(kinds: Counter[tuple[Endpoint, str, str]]) -> list[dict[str, Any]]:
    found: Iterable[tuple[tuple[Endpoint, str, str], int]] = sorted(kinds.items())
    return [
        {"endpoint": str(endpoint), "event": name, "rule": rule, "count": count}
        for (endpoint, name, rule), count in found
    ]


async def rehearse(
    rehearsal: Rehearsal,
    records: Iterator[list[Record]],
    stop: threading.Event,
    *,
    most: int | None,
    progress: Callable[[int], None],
) -> None:
    """Take everything that `records` (of `topic_reader.batches`, given the same `stop`) yields, at most
    `most`; `progress` is called with their number."""
    while (batch := await asyncio.to_thread(next, records, None)) is not None:
        for record in batch:
            if most is not None and rehearsal.records >= most:
                stop.set()
                break
            await rehearsal.take(record)
        progress(rehearsal.records)
