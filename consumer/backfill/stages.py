"""The stages of a backfill: every v2 event goes to `past_events`, nothing is sent as it happens now."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from consumer.model import Decoded, Failure, Mapped, Record
from consumer.stages import Map

log = structlog.get_logger()

LOGGED = 20
"""Failed records that the log names; the others are counted."""


class PastMap:
    """Implements `stages.Map`: today's mapping, and of its events those that have a past form.

    An event counts as too old from the beginning, whatever `max_age` says, so that delivery hands it to
    `past_events`. The form is that of v2: the tracker has none, and the vendor asks when it happened.
    Two states of one cart are both told: `conflate` is for what is sent now.
    """

    def __init__(self, inner: Map) -> None:
        self._inner = inner
        self.left_out: Counter[tuple[str, str]] = Counter()
        """Events without a past form, by endpoint/name and reason."""

    @property
    def digest(self) -> str:
        return self._inner.digest

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        mapped = self._inner.map(record, decoded)
        events = []
        for event in mapped.events:
            if event.endpoint.api != "v2":
                self.left_out[f"{event.endpoint}/{event.name}", "no_past_form"] += 1
            elif event.occurred_ms < 0:
                self.left_out[f"{event.endpoint}/{event.name}", "no_time"] += 1
            else:
                events.append(replace(event, expires_ms=0, when_older="past_events", state_of=None))
        filtered = mapped.filtered if events or mapped.filtered else "no_past_form"
        return Mapped(events, filtered, mapped.skipped, mapped.left_out)


class Failures:
    """Implements `stages.DeadLetters`, and writes none: a replay of one could send it as an event of
    now. The record stays where it was read; its position is logged."""

    def __init__(self) -> None:
        self.count = 0

    def send(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,  # noqa: ARG002  # the seam's signature
        done: Callable[[], None],
        again: object = None,  # noqa: ARG002  # likewise
    ) -> None:
        self.count += 1
        if self.count <= LOGGED:
            log.warning(
                "a record was not told",
                record=record.position,
                reasons=sorted({failure.reason for failure in failures}),
                detail=failures[0].detail,
            )
        asyncio.get_running_loop().call_soon(done)

    async def close(self, seconds: float) -> None:
        """Nothing is outstanding."""
