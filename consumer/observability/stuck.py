"""The unfinished events that hold the watermark of their partition: what is stuck, and since when."""

import time
from collections.abc import Mapping
from typing import Any

from consumer.model import Event, Partition, Progress
from consumer.observability.parts import BridgeParts
from consumer.pipeline.partition_buffers import Held
from consumer.privacy.log_lines import mask

STUCK_SECONDS = 10.0
"""From then on the lowest record of a partition is listed. Most end within one request."""


class Holders:
    """Remembers since when each partition has its lowest unfinished record. Call `look` every few
    seconds."""

    def __init__(self) -> None:
        self._since: dict[Partition, tuple[int, float]] = {}

    def look(self, held: Mapping[Partition, Held], now: float) -> None:
        seen = self._since
        self._since = {}
        for partition, each in held.items():
            if each.next_offset >= 0:
                offset, since = seen.get(partition, (-1, now))
                same = offset == each.next_offset
                self._since[partition] = each.next_offset, since if same else now

    def stuck(self, parts: BridgeParts) -> list[dict[str, Any]]:
        """The longest first: `{"position", "partition", "offset", "seconds", "why", "event",
        "attempts", "last_answer", "next_try_seconds"}` for each event that holds a partition."""
        now = time.monotonic()
        found: list[dict[str, Any]] = []
        for partition, held in parts.pipeline.held().items():
            offset, since = self._since.get(partition, (-1, now))
            if offset == held.next_offset and now - since >= STUCK_SECONDS:
                place = {
                    "position": f"{partition}@{offset}",
                    "partition": str(partition),
                    "offset": offset,
                    "seconds": round(now - since, 1),
                }
                found += [{**place, **each} for each in _of(parts, held, now)]
        return sorted(found, key=lambda each: -each["seconds"])


def _of(parts: BridgeParts, held: Held, now: float) -> list[dict[str, Any]]:
    flight = held.lowest
    if flight is None or flight.offset != held.next_offset:
        return [_line("waits for its schema" if held.blocked else "waits for its turn")]
    failed = {failure.event for failure in flight.failures or ()}
    events = [event for event in flight.events if event.label not in failed]
    if not events:
        return [_line("its dead letter is not acknowledged", parts.dead_letters.failing)]
    progress = parts.delivery.progress(events)
    return [_event(event, progress.get(event), now) for event in events]


def _event(event: Event, progress: Progress | None, now: float) -> dict[str, Any]:
    if progress is None:
        return {**_line("waits for another event of the same person"), "event": mask(event.label)}
    due = progress.next_try_at
    return {
        "why": progress.state,
        "event": mask(event.label),
        "attempts": progress.attempts,
        "first_attempt_seconds": None
        if progress.began_at is None
        else _ago(progress.began_at, now),
        "last_answer": mask(progress.last_answer),
        "next_try_seconds": None if due is None else max(0.0, round(due - now, 1)),
    }


def _line(why: str, answer: str = "") -> dict[str, Any]:
    return {
        "why": why,
        "event": "",
        "attempts": 0,
        "first_attempt_seconds": None,
        "last_answer": mask(answer),
        "next_try_seconds": None,
    }


def _ago(moment: float, now: float) -> float:
    return round(now - moment, 1)
