"""Sends dead letters again: the same program as `run`, reading the dead-letter topic.

Its position is that of a consumer group of its own, committed after delivery: a replay that was
interrupted, in whatever way, goes on where it was.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from consumer.app import App
from consumer.config.section import Section
from consumer.config.settings import Settings, StartSettings
from consumer.config.yespo import LegacySettings, PastEventsSettings, V2Settings
from consumer.dlq.bounded_source import BoundedSource
from consumer.dlq.letter import Selection
from consumer.dlq.stages import Judgement, ReplayDeadLetters, ReplayDecode, ReplayMap
from consumer.inspect.group_offsets import GroupReader
from consumer.inspect.topic_reader import Key
from consumer.mapping.unit import MappingUnit
from consumer.stages import Source, Stages

SHARE = 0.1
"""The part of an endpoint's ceiling that a replay takes: live events go first."""
WITHOUT_CEILING = 25.0
"""Requests per second where the settings name no ceiling."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the dead-letter topic that is left to read: offsets by partition."""

    group: str
    starts: Mapping[Key, int]
    ends: Mapping[Key, int]
    resumed: bool
    """True if an earlier replay of the same selection has come some way."""

    @property
    def letters(self) -> int:
        return sum(max(0, self.ends[key] - start) for key, start in self.starts.items())


def replay_group(settings: Settings, selection: Selection) -> str:
    """Each selection has its own position: what one leaves out is still there for another."""
    name = f"{settings.kafka['group.id']}.dlq-replay"
    if not selection:
        return name
    return f"{name}.{hashlib.sha256(selection.described().encode()).hexdigest()[:8]}"


def find_span(settings: Settings, selection: Selection, *, anew: bool, may_commit: bool) -> Span:
    """Find the beginning and the end of the replay. Blocks.

    `anew` moves its position back to the beginning, and writes that to Kafka where it `may_commit`.

    Raises SetupError while the same replay runs elsewhere, KafkaException where Kafka refuses.
    """
    group = replay_group(settings, selection)
    kafka = {**settings.kafka, "group.id": group}
    with GroupReader(kafka, [settings.dead_letters.topic]) as reader:
        keys = reader.partitions()
        ends = {(move.topic, move.number): move.after for move in reader.plan("latest", keys)}
        begins = reader.plan("earliest", keys)
        if selection.since is not None:
            begins = reader.plan(selection.since.isoformat(), keys)
        if anew and may_commit:
            reader.refuse_while_active()
            reader.apply(begins)
    starts, resumed = {}, False
    for move in begins:
        before = None if anew else move.before
        resumed = resumed or before is not None
        starts[move.topic, move.number] = move.after if before is None else before
    return Span(group, starts, ends, resumed)


def replay_settings(settings: Settings, selection: Selection, rate: float | None) -> Settings:
    """The settings of `run`, but for the group, the pace, and a metrics port that is not in the way."""
    group = replay_group(settings, selection)
    kafka = {name: v for name, v in settings.kafka.items() if name != "group.instance.id"}
    since = selection.since.isoformat() if selection.since is not None else "earliest"
    start = StartSettings(no_offset=since, new_partition="earliest", out_of_range="earliest")
    accounts = {}
    for name, account in settings.yespo.accounts.items():
        slower: dict[str, Section] = {}
        if account.legacy is not None:
            slower["legacy"] = _slower(account.legacy, rate)
        if (v2 := account.v2) is not None:
            past = _slower(v2.past_events, rate)
            slower["v2"] = _slower(v2, rate).model_copy(update={"past_events": past})
        accounts[name] = account.model_copy(update=slower)
    return settings.model_copy(
        update={
            "kafka": {**kafka, "group.id": group},
            "start": start,
            # the pace is that of this group: its members share it, not those of `run`
            "delivery": settings.delivery.model_copy(update={"share": "auto"}),
            "yespo": settings.yespo.model_copy(update={"accounts": accounts}),
            "http": settings.http.model_copy(update={"host": "127.0.0.1", "port": 0}),
        }
    )


Paced = TypeVar("Paced", LegacySettings, V2Settings, PastEventsSettings)


def _slower(own: Paced, rate: float | None) -> Paced:
    share = own.rate * SHARE if own.rate is not None else WITHOUT_CEILING
    return own.model_copy(update={"rate": rate or share, "burst": 1})


class Replay:
    """One replay: construct, `run`, then read `app.ledger`, `not_made` and `stopped_because`."""

    def __init__(
        self, settings: Settings, mapping: MappingUnit, judgement: Judgement, span: Span
    ) -> None:
        """`settings` are those of `replay_settings`."""
        self._judgement = judgement
        self._span = span
        self._map = ReplayMap(mapping, judgement)
        self._source: BoundedSource
        topic = settings.dead_letters.topic
        self.app = App(settings, mapping, topics=[topic], adapt=self._around)
        self.stopped_because = ""
        """Why it ended before the end: too much failed again."""
        self.finished = not span.letters
        """True if everything up to the ends is through."""

    @property
    def ended(self) -> int:
        """Letters that are through."""
        return sum(counts.ended() for counts in self.app.ledger.records.values())

    @property
    def not_made(self) -> Mapping[str, int]:
        """Failed events that today's mapping does not make, by label."""
        return self._map.not_made

    async def run(self, progress: Callable[[int], None]) -> int:
        """Run until the end offsets, a signal, or too many failures.

        `progress` is called with the number of letters that are through. Returns the exit code of
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

    def summary(self) -> dict[str, Any]:
        """How the letters ended, as plain data."""
        counts = list(self.app.ledger.records.values())
        left_out: dict[str, int] = {}
        again: dict[str, int] = {}
        for each in counts:
            for total, part in ((left_out, each.filtered), (again, each.dead_lettered)):
                for reason, count in part.items():
                    total[reason] = total.get(reason, 0) + count
        return {
            "letters": sum(each.received for each in counts),
            "delivered": sum(each.delivered for each in counts),
            "left_out": left_out,
            "failed_again": again,
            "released": sum(each.released for each in counts),
            "events_delivered": sum(each.delivered for each in self.app.ledger.events.values()),
            "events_expired": sum(each.expired for each in self.app.ledger.events.values()),
            "not_made": dict(self.not_made),
            "finished": self.finished,
            "stopped_because": self.stopped_because,
        }

    def _around(self, stages: Stages) -> Stages:
        source: Source = stages.source
        self._source = BoundedSource(source, self._span.ends)
        return stages._replace(
            source=self._source,
            decode=ReplayDecode(stages.decode, self._judgement),
            mapping=self._map,
            dead_letters=ReplayDeadLetters(stages.dead_letters, self._judgement),
        )

    def _is_over(self) -> bool:
        if self.app.stopping or not self.app.ledger.records:
            return False
        received = sum(counts.received for counts in self.app.ledger.records.values())
        return self._source.reached and received == self.ended
