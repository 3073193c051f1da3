"""One member of the consumer group: the poll loop's body and librdkafka's call-backs.

Everything here runs in the source's thread. Call-backs never raise, since an exception in one
loses records and can hang `close`: they note the fault, and the thread reports it in order.
"""

from collections.abc import Callable, Mapping, Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumer.errors import BridgeError
from consumer.model import Partition
from consumer.privacy.kafka_answers import observing
from consumer.source.assignment import Assigned, Assignment, Key, at, names_of
from consumer.source.commits import Commits
from consumer.source.committing import Committing
from consumer.source.faults import AUTO_OFFSET_RESET, PARTITION_EOF, ErrorLog, ending, guarded
from consumer.source.fence import Fence
from consumer.source.fetch import Fetcher, FetchFailures
from consumer.source.outbox import Outbox
from consumer.source.positions import StartPositions
from consumer.source.records import by_partition
from consumer.source.starting import UncommittedStarts
from consumer.source.statistics import Lags, read
from consumer.source.topic_ids import TopicIds
from consumer.stages import Position, Positions
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

POLL_SECONDS = 0.02
"""Seconds for which one poll waits for a record. Commands to this thread wait as long, at most."""

ROOM_SECONDS = 0.1

REVOKE_MARGIN_SECONDS = 1.0
"""Beyond the drain budget, for the loop to notice that it is over and to answer."""

LEAVE_SECONDS = 24 * 3600.0
"""For finishing what is in memory of a partition whose position has left the log: Kafka does not
hold these records any more, so they are waited for, not given up."""


class Member:
    """Construct it, then `join`, then `poll` for ever, then `leave`."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        starts: StartPositions,
        topic_ids: TopicIds,
        fence: Fence,
        errors: ErrorLog,
        fetch_failures: FetchFailures,
        tallies: Tallies,
        drain_seconds: float,
        run_commands: Callable[[], None],
        enqueue: Callable[[Callable[[], None]], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._listener = outbox.listener
        self._starts = starts
        self._topic_ids = topic_ids
        self._fence = fence
        self._errors = errors
        self._tallies = tallies
        self._drain_seconds = drain_seconds
        self._run_commands = run_commands
        self._enqueue = enqueue
        self._monotonic = monotonic
        self._assignment = Assignment()
        self._commits = Commits()
        self._committing = Committing(self._commits, self._assignment, outbox, fence)
        self._uncommitted_starts = UncommittedStarts(
            self._commits,
            known=starts.committed,
            committed=self._start_committed,
            monotonic=monotonic,
        )
        self.lags = Lags(monotonic)
        self._fetch_failures = fetch_failures
        self._fault: BridgeError | None = None
        self._connected = False
        self._leaving = False
        self._consumer: Consumer
        self._fetcher: Fetcher

    # ---- life --------------------------------------------------------------------------------

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """For the consumer's configuration."""
        return {
            "error_cb": observing(self._meet),
            "stats_cb": observing(self._on_statistics),
            "on_commit": self._guarded(self._commits.answered),
        }

    def join(self, consumer: Consumer, topics: Sequence[str]) -> None:
        """Subscribe; the group is joined by polling."""
        self._consumer = consumer
        self._fetcher = Fetcher(consumer, POLL_SECONDS)
        self._committing.consumer = consumer
        self._connected = True
        self._fault = None  # Kafka was reached, whatever one of its brokers said on the way
        consumer.subscribe(
            list(topics),
            on_assign=self._guarded(self._on_assign),
            on_revoke=self._guarded(self._on_revoke),
            on_lost=self._guarded(self._on_lost),
        )

    def poll(self) -> None:
        """One round: fetch, hand over. Raises what ends the process (BridgeError)."""
        if not self._outbox.has_room(ROOM_SECONDS):
            return
        messages = self._fetch()
        if self._fence.polled(holding=self.holding > 0):
            self._committing.prove_membership()
        if messages:
            batches = by_partition(messages, self._assignment, self._on_message_error)
            if batches:
                self._outbox.hand_over(batches)
            if self._fetch_failures.by_partition:
                for partition in batches:
                    self._fetch_failures.came((partition.topic, partition.number))
        self._uncommitted_starts.look_after(self._consumer)
        self._topic_ids.look_after()
        self.lags.look_after(self._consumer, self._assignment)
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def fault(self) -> BridgeError | None:
        """The fault that a call-back has met."""
        return self._fault

    def leave(self, positions: Positions, seconds: float) -> None:
        """Commit, wait for the answer within `seconds`, leave the group."""
        deadline = self._monotonic() + seconds
        self._leaving = True
        self._committing.begin_final(positions)
        while self._committing.final_left and self._monotonic() < deadline:
            self._fetch()
            if not len(self._commits):
                self._committing.commit_final()
        self._consumer.close()
        self._topic_ids.close()
        self._commits.give_up()
        for entry in list(self._assignment):
            self._assignment.end(entry.key)

    @property
    def holding(self) -> int:
        """Partitions that are ours."""
        return len(self._assignment)

    # ---- commands of the pipeline ------------------------------------------------------------

    def pause(self, partition: Partition) -> None:
        entry = self._assignment.of(partition)
        if entry is not None and not entry.paused:
            entry.paused = True
            self._apply_pause(entry)

    def resume(self, partition: Partition) -> None:
        entry = self._assignment.of(partition)
        if entry is not None and entry.paused:
            entry.paused = False
            self._apply_pause(entry)

    def commit(self, positions: Positions) -> None:
        """Commit what is still ours. The rest is answered as lost: its successor decides."""
        self._committing.commit(positions)

    # ---- records -----------------------------------------------------------------------------

    def _fetch(self) -> list[Message]:
        try:
            return self._fetcher.take()
        except KafkaException as raised:
            self._meet(raised.args[0])
            return []

    def _on_message_error(self, key: Key, offset: int | None, error: KafkaError) -> None:
        entry = self._assignment.get(key)
        if error.code() == PARTITION_EOF:
            if entry is not None and offset is not None:
                self._fetch_failures.came(entry.key)
                self._committing.commit_end(entry, offset)
        elif error.code() == AUTO_OFFSET_RESET:
            if entry is not None and not entry.leaving:
                self._tallies.counter("kafka_errors").add((error.name(),))
                self._out_of_range(entry)
        else:
            if entry is not None:
                self._fetch_failures.failed(entry, error)
            self._meet(error)

    # ---- assignments -------------------------------------------------------------------------

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Every partition is assigned once, at its final offset: to assign it somewhere and move it
        on could leave librdkafka at the former place."""
        keys = [(each.topic, each.partition) for each in partitions]
        try:
            committed = self._starts.committed(consumer, keys)
            missing = [key for key in keys if key not in committed]
            resolved = self._starts.find(consumer, missing) if missing else {}
        except Exception:
            # Else librdkafka would assign them itself, and records would flow on the way out.
            consumer.incremental_assign(partitions)
            consumer.pause(partitions)
            raise
        self._tallies.counter("rebalances").add(("assigned",), len(keys))
        starts = {key: committed.get(key) or resolved[key] for key in keys}
        consumer.incremental_assign([at(key, start.offset) for key, start in starts.items()])
        self._begin(starts, resolved)

    def _begin(self, starts: Mapping[Key, Position], resolved: Mapping[Key, Position]) -> None:
        """Take partitions in, which librdkafka already has. Regained ones come back paused, and
        resolved ones are held until their start is committed."""
        entries = [
            self._assignment.begin(key, start, starting=key in resolved)
            for key, start in starts.items()
        ]
        for entry in entries:
            self._apply_pause(entry)
        if entries:
            log.info("partitions assigned", partitions=names_of(entries))
            begun = {entry.partition: starts[entry.key] for entry in entries}
            self._topic_ids.add(begun, at_once=any(start.metadata for start in begun.values()))
            self._outbox.post(self._listener.assigned, begun)
        if resolved:
            self._uncommitted_starts.add(resolved, starts)

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        entries = self._assignment.held(partitions)
        self._uncommitted_starts.forget_all(partitions)
        staying = [entry for entry in entries if not entry.leaving]
        self._tallies.counter("rebalances").add(("revoked",), len(entries))
        left = [entry.partition for entry in entries if entry.leaving]
        try:
            if staying and not self._leaving:
                log.info("partitions revoked", partitions=names_of(staying))
                left += self._finish([entry.partition for entry in staying])
            elif self._leaving:
                self._committing.commit_final()
        finally:
            for entry in entries:
                self._assignment.end(entry.key)
        if left:
            self._outbox.post(self._listener.lost, left)

    def _finish(self, partitions: list[Partition]) -> list[Partition]:
        """Wait for the pipeline to finish what it has begun, then commit it. Returns those of which
        that commit will never be answered, since it was not made.

        The commit's answer is not waited for: librdkafka lets go of partitions only once the
        commits under way are answered, so that the successor reads them.
        """
        wait = self._drain_seconds + REVOKE_MARGIN_SECONDS
        positions = self._outbox.ask_to_finish(partitions, self._drain_seconds, wait)
        self._run_commands()  # a commit asked for before that answer must not be left behind
        if positions is None:
            log.error("partitions let go without a last commit: no answer within the drain budget")
            return partitions
        self.commit(positions)
        return []

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        entries = self._assignment.held(partitions)
        self._uncommitted_starts.forget_all(partitions)
        for entry in entries:
            self._assignment.end(entry.key)
        self._tallies.counter("rebalances").add(("lost",), len(entries))
        log.warning("partitions lost", partitions=names_of(entries))
        self._outbox.post(self._listener.lost, [entry.partition for entry in entries])

    def _start_committed(self, key: Key) -> None:
        entry = self._assignment.get(key)
        if entry is not None and entry.starting:
            entry.starting = False
            self._apply_pause(entry)

    def _out_of_range(self, entry: Assigned) -> None:
        """Finish what is in memory, then begin anew as `start.out_of_range` says."""
        try:
            self._starts.find_again(self._consumer, entry.key, entry.next_offset)
        except BridgeError as fault:
            self._note(fault)
            return
        log.warning(
            "offset is not in the log, moving on as `start.out_of_range` says",
            partition=str(entry.partition),
            offset=entry.next_offset,
        )
        entry.leaving = True

        def finished(positions: Positions) -> None:
            self._enqueue(lambda: self._begin_anew(entry, positions))

        self._outbox.post(self._listener.revoked, [entry.partition], LEAVE_SECONDS, finished)

    def _begin_anew(self, former: Assigned, positions: Positions) -> None:
        self.commit(positions)
        if not former.partition.active:
            return
        try:
            start = self._starts.find_again(self._consumer, former.key, former.next_offset)
        except BridgeError as fault:
            self._note(fault)
            return
        log.warning("moved on", partition=str(former.partition), to=start.offset)
        self._assignment.end(former.key)
        self._consumer.incremental_unassign([at(former.key)])
        self._consumer.incremental_assign([at(former.key, start.offset)])
        self._begin({former.key: start}, {former.key: start})

    def _apply_pause(self, entry: Assigned) -> None:
        """Tell librdkafka explicitly; it keeps the state of a former assignment."""
        if entry.paused or entry.starting:
            self._consumer.pause([at(entry.key)])
        else:
            self._consumer.resume([at(entry.key)])

    # ---- what librdkafka tells ---------------------------------------------------------------

    def _meet(self, error: KafkaError) -> None:
        event = (
            "Kafka reports an error" if self._connected else "Kafka cannot be reached, trying again"
        )
        self._errors.note(event, error)
        if (fault := ending(error, connected=self._connected)) is not None:
            self._note(fault)

    def _on_statistics(self, text: str) -> None:
        statistics = read(text)
        if statistics.connected:
            self._errors.over()
        self.lags.heard(statistics, self._assignment)
        self._fetch_failures.look_after(statistics.readable, self._assignment)

    def _note(self, fault: BridgeError) -> None:
        self._fault = self._fault or fault

    def _guarded(self, call: Callable[..., None]) -> Callable[..., None]:
        return guarded(call, self._note)
