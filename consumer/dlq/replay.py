"""Sends dead letters again: the same program as `run`, reading the dead-letter topic.

Its position is that of a consumer group of its own, committed after delivery: a replay that was
interrupted, in whatever way, goes on where it was.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from consumer.config.settings import Settings
from consumer.config.value_types import Section
from consumer.dlq.bounded_run import BoundedRun, Span, bounded_settings, slower
from consumer.dlq.letter import Selection
from consumer.dlq.stages import Judgement, ReplayDeadLetters, ReplayDecode, ReplayMap
from consumer.inspect.group_offsets import GroupReader
from consumer.mapping.unit import MappingUnit
from consumer.stages import Stages


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
    return Span.of(group, begins, ends, anew=anew)


def replay_settings(settings: Settings, selection: Selection, rate: float | None) -> Settings:
    """The settings of `run`, but for the group, the pace, and a metrics port that is not in the way."""
    accounts = {}
    for name, account in settings.yespo.accounts.items():
        paced: dict[str, Section] = {}
        if account.legacy is not None:
            paced["legacy"] = slower(account.legacy, rate)
        if (v2 := account.v2) is not None:
            past = slower(v2.past_events, rate)
            paced["v2"] = slower(v2, rate).model_copy(update={"past_events": past})
        accounts[name] = account.model_copy(update=paced)
    group = replay_group(settings, selection)
    return bounded_settings(settings, group, selection.since, accounts)


class Replay(BoundedRun):
    """One replay: construct, `run`, then read `summary`."""

    def __init__(
        self, settings: Settings, mapping: MappingUnit, judgement: Judgement, span: Span
    ) -> None:
        """`settings` are those of `replay_settings`."""
        self._judgement = judgement
        self._map = ReplayMap(mapping, judgement)
        super().__init__(settings, mapping, [settings.dead_letters.topic], span, self._replaying)

    @property
    def not_made(self) -> Mapping[str, int]:
        """Failed events that today's mapping does not make, by label."""
        return self._map.not_made

    def summary(self) -> dict[str, Any]:
        """The outcomes of the letters, as plain data."""
        counts = list(self.app.ledger.records.values())
        left_out, again = self.counts_by_reason()
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

    def _replaying(self, stages: Stages) -> Stages:
        return stages._replace(
            decode=ReplayDecode(stages.decode, self._judgement),
            mapping=self._map,
            dead_letters=ReplayDeadLetters(stages.dead_letters, self._judgement),
        )
