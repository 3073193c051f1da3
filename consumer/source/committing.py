"""Commits positions of the partitions that are ours, and takes the answers."""

from collections.abc import Sequence

import structlog
from confluent_kafka import Consumer

from consumer.model import Partition
from consumer.source.assignment import Assigned, Assignment, Key
from consumer.source.commits import REBALANCING, Commits
from consumer.source.fence import Fence
from consumer.source.outbox import Outbox
from consumer.stages import Position, Positions

log = structlog.get_logger()


class Committing:
    """The pipeline's commits, the commit behind the last record, the one that proves membership, and
    the final ones. Owner: the source's thread; `consumer` is set once Kafka was reached."""

    def __init__(
        self, commits: Commits, assignment: Assignment, outbox: Outbox, fence: Fence
    ) -> None:
        self._commits = commits
        self._assignment = assignment
        self._outbox = outbox
        self._fence = fence
        self._final: dict[Partition, Position] = {}
        self.consumer: Consumer

    def commit(self, positions: Positions) -> None:
        """Commit what is still ours. The rest is answered as lost: its successor decides."""
        ours: dict[Key, Assigned] = {}
        gone: dict[Partition, Position] = {}
        for partition, position in positions.items():
            entry = self._assignment.of(partition)
            if entry is None:
                gone[partition] = position
            else:
                ours[entry.key] = entry
                entry.sent = entry.to_commit(position)
        if gone:
            self._outbox.post(self._outbox.listener.committed, gone, "_ASSIGNMENT_LOST")
        if not ours:
            return
        sent = {key: entry.sent for key, entry in ours.items()}

        def answer(keys: Sequence[Key], error: str | None) -> None:
            if error is None:
                for key in keys:
                    ours[key].acknowledged = sent[key].offset
            if error not in REBALANCING:
                for key in keys:
                    self._final.pop(ours[key].partition, None)
            asked = {ours[key].partition: positions[ours[key].partition] for key in keys}
            self._outbox.post(self._outbox.listener.committed, asked, error)

        self._commits.send(self.consumer, sent, answer)

    def begin_final(self, positions: Positions) -> None:
        """These are the last; `commit_final` repeats those that are not acknowledged."""
        self._final = dict(positions)
        self.commit_final()

    @property
    def final_left(self) -> bool:
        """True if a final position is ours and not acknowledged."""
        return bool(self._final)

    def commit_final(self) -> None:
        """Commit what is ours still and not acknowledged: a group that is rebalancing refuses it
        for a while, and what is left behind then would be sent again."""
        self._final = {
            partition: position
            for partition, position in self._final.items()
            if self._assignment.of(partition) is not None
        }
        if self._final:
            self.commit(dict(self._final))

    def commit_end(self, entry: Assigned, offset: int) -> None:
        """The reader has come to the end of the partition, behind markers of transactions."""
        position = entry.ended_at(offset)
        if position is None:
            return
        entry.sent = position

        def answer(_keys: Sequence[Key], error: str | None) -> None:
            if error is None:
                entry.acknowledged = offset

        self._commits.send(self.consumer, {entry.key: position}, answer)

    def prove_membership(self) -> None:
        """Commit once more what is committed: only a member of the group gets that acknowledged."""

        def answer(_keys: Sequence[Key], error: str | None) -> None:
            if error is None:
                self._fence.proven()

        sent = {entry.key: entry.sent for entry in self._assignment if not entry.starting}
        if sent:
            log.warning("the process has not polled for long: asking the group whether it is in")
            self._commits.send(self.consumer, sent, answer)
