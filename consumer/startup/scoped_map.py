"""The mapping of a process that sends to some of the endpoints only."""

from collections.abc import Callable
from dataclasses import replace

from consumer.model import Decoded, Endpoint, Mapped, Record
from consumer.stages import Map

OTHER_SCOPE = "other_scope"
"""The reason why a record is filtered whose events all go to endpoints of other scopes."""


class ScopedMap:
    """Implements `stages.Map`: what another mapping makes, without the events of other endpoints.

    A record that cannot be mapped fails in each scope: each replays the events of its own endpoints.
    """

    __slots__ = ("_holds", "_inner")

    def __init__(self, inner: Map, holds: Callable[[Endpoint], bool]) -> None:
        self._inner = inner
        self._holds = holds

    @property
    def digest(self) -> str:
        return self._inner.digest

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        return within(self._inner.map(record, decoded), self._holds)


def within(mapped: Mapped, holds: Callable[[Endpoint], bool]) -> Mapped:
    """The part of what a record became that goes to endpoints for which `holds` is true."""
    events = [event for event in mapped.events if holds(event.endpoint)]
    if mapped.skipped:
        skipped = {key: count for key, count in mapped.skipped.items() if holds(key[0])}
        mapped = replace(mapped, skipped=skipped)
    if len(events) == len(mapped.events):
        return mapped
    return replace(mapped, events=events, filtered=None if events else OTHER_SCOPE)
