"""The program of `run` over a part of a topic: it stops when all records of the part are through."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from consumer.app import App
from consumer.config.settings import Settings, StartSettings
from consumer.config.yespo import AccountSettings, LegacySettings, PastEventsSettings, V2Settings
from consumer.dlq.bounded_source import BoundedSource
from consumer.inspect.group_offsets import Move
from consumer.inspect.topic_reader import Key
from consumer.mapping.unit import MappingUnit
from consumer.stages import Stages

SHARE = 0.1
"""The part of an endpoint's ceiling that such a run takes: live events go first."""
WITHOUT_CEILING = 25.0
"""Requests per second where the settings name no ceiling."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the topics that is left to read: offsets by partition."""

    group: str
    starts: Mapping[Key, int]
    ends: Mapping[Key, int]
    resumed: bool
    """True if an earlier run of the same selection has come some way."""

    @classmethod
    def of(cls, group: str, begins: Sequence[Move], ends: Mapping[Key, int], *, anew: bool) -> Self:
        """The part from the group's committed offsets, or from `begins` where it has none or is to
        begin `anew`."""
        starts, resumed = {}, False
        for move in begins:
            before = None if anew else move.before
            resumed = resumed or before is not None
            starts[move.topic, move.number] = move.after if before is None else before
        return cls(group, starts, ends, resumed)

    @property
    def records(self) -> int:
        return sum(max(0, self.ends[key] - start) for key, start in self.starts.items())


def bounded_settings(
    settings: Settings,
    group: str,
    since: datetime | None,
    accounts: Mapping[str, AccountSettings],
) -> Settings:
    """The configuration of a run with a group, a start and a pace of its own, on a free local port."""
    kafka = {name: v for name, v in settings.kafka.items() if name != "group.instance.id"}
    begin = since.isoformat() if since else "earliest"
    start = StartSettings(no_offset=begin, new_partition="earliest", out_of_range="earliest")
    return settings.model_copy(
        update={
            "kafka": {**kafka, "group.id": group},
            "only": [],  # each record or letter says which endpoints it is for
            "scopes": {},
            "start": start,
            # The pace is that of this group: its members share it, not those of `run`.
            "delivery": settings.delivery.model_copy(update={"share": "auto"}),
            "yespo": settings.yespo.model_copy(update={"accounts": accounts}),
            "http": settings.http.model_copy(update={"host": "127.0.0.1", "port": 0}),
        }
    )


class BoundedRun:
    """One run: construct, `run`, then read `app.ledger`, `finished` and `stopped_because`.

    `adapt` puts its own stages around those of `run`.
    """

    def __init__(
        self,
        settings: Settings,
        mapping: MappingUnit,
        topics: Sequence[str],
        span: Span,
        adapt: Callable[[Stages], Stages],
    ) -> None:
        self._span = span
        self._inner = adapt
        self._source: BoundedSource
        self.app = App(settings, mapping, topics=topics, adapt=self._around)
        self.stopped_because = ""
        """The reason why it stopped before the end: too much failed."""
        self.finished = not span.records
        """True if all records of the part are through."""

    @property
    def ended(self) -> int:
        """Records that are through."""
        return sum(counts.ended() for counts in self.app.ledger.records.values())

    async def run(self, progress: Callable[[int], None]) -> int:
        """Run until the end offsets, a signal, or too many failures.

        `progress` is called with the number of records that are through. Returns the exit code of
        `App.run`, and raises what it raises.
        """
        self.app.stop_on_signals()
        running = asyncio.ensure_future(self.app.run())
        while not running.done():
            await asyncio.wait([running], timeout=LOOK_SECONDS)
            progress(self.ended)
            if self.app.breaker.open_reason and not self.app.stopping:
                self.stopped_because = self.app.breaker.open_reason
                self.app.ask_to_stop()
            elif self._is_over():
                self.finished = True
                self.app.ask_to_stop()
        return running.result()

    def counts_by_reason(self) -> tuple[dict[str, int], dict[str, int]]:
        """Records that were filtered, and those that failed, by reason."""
        filtered: dict[str, int] = {}
        failed: dict[str, int] = {}
        for each in self.app.ledger.records.values():
            for total, part in ((filtered, each.filtered), (failed, each.dead_lettered)):
                for reason, count in part.items():
                    total[reason] = total.get(reason, 0) + count
        return filtered, failed

    def _around(self, stages: Stages) -> Stages:
        self._source = BoundedSource(stages.source, self._span.ends)
        return self._inner(stages._replace(source=self._source))

    def _is_over(self) -> bool:
        if self.app.stopping or not self.app.ledger.records:
            return False
        received = sum(counts.received for counts in self.app.ledger.records.values())
        return self._source.reached and received == self.ended


Paced = TypeVar("Paced", LegacySettings, V2Settings, PastEventsSettings)


def slower(own: Paced, rate: float | None) -> Paced:
    """These settings at `rate` requests per second, or at SHARE of their own ceiling."""
    share = own.rate * SHARE if own.rate is not None else WITHOUT_CEILING
    return own.model_copy(update={"rate": rate or share, "burst": 1})
