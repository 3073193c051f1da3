"""Shows what the next records become, masked: for `/tap` and `yespo-bridge tap`.

Unused it costs the pipeline one comparison per record.
"""

import asyncio
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from consumer.errors import InvalidRecord
from consumer.model import Event, Mapped, Record
from consumer.pipeline.pipeline import Pipeline
from consumer.privacy.documents import DocumentMask

MOST_RECORDS = 100
MOST_SECONDS = 10.0
"""A question is answered within this time, with what came until then."""


@dataclass(eq=False, slots=True)
class _Wish:
    """One client's question: so many records, and those found so far."""

    number: int
    records: list[tuple[Record, Mapped | InvalidRecord]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


class Tap:
    """`next_records` may be called from any thread but the loop's; several clients see the same
    records."""

    def __init__(self, pipeline: Pipeline, loop: asyncio.AbstractEventLoop) -> None:
        self._pipeline = pipeline
        self._loop = loop
        self._wishes: list[_Wish] = []
        self._mask = DocumentMask()

    def next_records(self, number: int, seconds: float) -> list[dict[str, Any]]:
        """The next `number` records, as many as come within `seconds`: `{"record", "timestamp_ms",
        "bytes", "events": [{"endpoint", "event", "rule", "person", "body"}], "filtered", "failed"}`.
        """
        wish = _Wish(max(1, min(number, MOST_RECORDS)))
        self._loop.call_soon_threadsafe(self._begin, wish)
        wish.done.wait(min(seconds, MOST_SECONDS) if seconds > 0 else 0.0)  # NaN is not above 0
        self._loop.call_soon_threadsafe(partial(self._end, wish))
        return [self._shown(record, became) for record, became in list(wish.records)]

    # ---- on the loop's thread --------------------------------------------------------------

    def _begin(self, wish: _Wish) -> None:
        self._wishes.append(wish)
        self._pipeline.tapped = self._take

    def _take(self, record: Record, became: Mapped | InvalidRecord) -> None:
        for wish in list(self._wishes):
            wish.records.append((record, became))
            if len(wish.records) >= wish.number:
                self._end(wish)
                wish.done.set()

    def _end(self, wish: _Wish) -> None:
        if wish in self._wishes:
            self._wishes.remove(wish)
        if not self._wishes:
            self._pipeline.tapped = None

    # ---- on the client's -------------------------------------------------------------------

    def _shown(self, record: Record, became: Mapped | InvalidRecord) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "record": record.position,
            "timestamp_ms": record.timestamp_ms,
            "bytes": record.size,
            "events": [],
            "filtered": None,
            "failed": None,
        }
        if isinstance(became, InvalidRecord):
            failed = {"stage": became.stage, "reason": became.reason, "detail": became.detail}
            return {**shown, "failed": failed}
        events = [self._event(event) for event in became.events]
        return {**shown, "events": events, "filtered": None if events else became.filtered}

    def _event(self, event: Event) -> dict[str, str]:
        person, body = self._mask.shown(event.endpoint.api, event.body)
        return {
            "endpoint": str(event.endpoint),
            "event": event.name,
            "rule": event.rule,
            "person": person,
            "body": body,
        }
