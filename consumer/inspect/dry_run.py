"""Finds the begin and the end of a dry run: the group's committed offsets, without joining it."""

from collections.abc import Mapping
from dataclasses import dataclass

from consumer.config.settings import Settings
from consumer.errors import SetupError
from consumer.inspect.group_offsets import GroupReader
from consumer.inspect.topic_reader import Key

COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class DrySpan:
    """Offsets to begin at, and those behind the last record; no `ends` is to follow the topic."""

    starts: Mapping[Key, int]
    ends: Mapping[Key, int] | None

    @property
    def records(self) -> int | None:
        """At most; None where there is no end."""
        if self.ends is None:
            return None
        return sum(max(0, self.ends[key] - start) for key, start in self.starts.items())


def dry_span(settings: Settings, topics: tuple[str, ...], begin: str) -> DrySpan:
    """`begin` is `committed`, `earliest`, `latest` or an ISO 8601 time with its zone. From `latest`
    on there is nothing yet, so that it follows what comes. Blocks.

    Raises SetupError for another `begin`, or where nothing is committed and no setting tells where
    to begin instead; KafkaException where Kafka refuses.
    """
    with GroupReader(settings.kafka, topics) as reader:
        keys = reader.partitions()
        ends = {(move.topic, move.number): move.after for move in reader.plan("latest", keys)}
        if begin == "latest":
            return DrySpan(ends, None)
        if begin != COMMITTED:
            moves = reader.plan(begin, keys)
            return DrySpan({(move.topic, move.number): move.after for move in moves}, ends)
        starts, unknown = {}, []
        for move in reader.plan("earliest", keys):
            key = (move.topic, move.number)
            if move.before is None:
                unknown.append(key)
            else:
                # what retention has taken away meanwhile cannot be read
                starts[key] = max(move.before, move.after)
        if unknown:
            if settings.start.no_offset == "error":
                raise SetupError(
                    f"the group `{reader.group}` has committed no offset of "
                    f"{len(unknown)} partitions: say where to begin with `--from earliest`, "
                    "`--from latest` or a time"
                )
            moves = reader.plan(settings.start.no_offset, unknown)
            starts.update({(move.topic, move.number): move.after for move in moves})
    return DrySpan(starts, ends)
