"""Tells Yespo the history of topics by `past_events`: segments become right, no workflow starts.

It is the program of `run` in a group of its own, committed after delivery: a backfill that was
interrupted, in whatever way, goes on where it was.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from consumer.backfill.stages import Failures, PastMap
from consumer.config.settings import Settings
from consumer.dlq.bounded_run import BoundedRun, Span, bounded_settings, slower
from consumer.errors import SetupError
from consumer.inspect.group_offsets import GroupReader
from consumer.mapping.unit import MappingUnit
from consumer.stages import Stages


def backfill_group(settings: Settings, since: datetime | None, until: datetime) -> str:
    """Each stretch of time has its own position."""
    stretch = f"{since.isoformat() if since else ''}/{until.isoformat()}"
    digest = hashlib.sha256(stretch.encode()).hexdigest()[:8]
    return f"{settings.kafka['group.id']}.backfill.{digest}"


def refuse_without_past_form(mapping: MappingUnit) -> list[str]:
    """The kinds of events that will be left out, as `endpoint/name`.

    Raises SetupError where no event of the mappings has a form for `past_events`.
    """
    without = sorted(f"{end}/{name}" for end, name in mapping.kinds if end.api != "v2")
    if not any(endpoint.api == "v2" for endpoint, _ in mapping.kinds):
        raise SetupError(
            "no event of these mappings has a form for `past_events`, which takes v2 events only: "
            f"{', '.join(without)}. Add a `v2:` send to the mapping"
        )
    return without


def find_span(
    settings: Settings,
    topics: Sequence[str],
    since: datetime | None,
    until: datetime,
    *,
    anew: bool,
) -> Span:
    """Find the beginning and the end. Blocks. `anew` moves the position back to the beginning.

    Raises SetupError while the same backfill runs elsewhere, KafkaException where Kafka refuses.
    """
    group = backfill_group(settings, since, until)
    with GroupReader({**settings.kafka, "group.id": group}, topics) as reader:
        keys = reader.partitions()
        ends = reader.offsets(until.isoformat(), keys)
        begins = reader.plan(since.isoformat() if since else "earliest", keys)
        if anew:
            reader.refuse_while_active()
            reader.apply(begins)
    return Span.of(group, begins, ends, anew=anew)


def backfill_settings(
    settings: Settings, span: Span, since: datetime | None, rate: float | None
) -> Settings:
    """The settings of `run`, but for the group, the pace, and a metrics port that is not in the way."""
    accounts = {}
    for name, account in settings.yespo.accounts.items():
        if account.v2 is None:
            accounts[name] = account
            continue
        past = slower(account.v2.past_events, rate)
        v2 = account.v2.model_copy(update={"past_events": past})
        accounts[name] = account.model_copy(update={"v2": v2})
    return bounded_settings(settings, span.group, since, accounts)


class Backfill(BoundedRun):
    """One backfill: construct, `run`, then read `summary`."""

    def __init__(
        self, settings: Settings, mapping: MappingUnit, topics: Sequence[str], span: Span
    ) -> None:
        """`settings` are those of `backfill_settings`."""
        self._map = PastMap(mapping)
        self._failures = Failures()
        super().__init__(settings, mapping, topics, span, self._of_the_past)

    def summary(self) -> dict[str, Any]:
        """The outcomes of the records, as plain data."""
        counts = list(self.app.ledger.records.values())
        filtered, failed = self.counts_by_reason()
        return {
            "records": sum(each.received for each in counts),
            "told": sum(each.delivered for each in counts),
            "events_told": sum(each.delivered for each in self.app.ledger.events.values()),
            "filtered": filtered,
            "failed": failed,
            "left_out": {f"{kind} {why}": n for (kind, why), n in self._map.left_out.items()},
            "released": sum(each.released for each in counts),
            "group": self._span.group,
            "finished": self.finished,
            "stopped_because": self.stopped_because,
        }

    def _of_the_past(self, stages: Stages) -> Stages:
        return stages._replace(mapping=self._map, dead_letters=self._failures)
