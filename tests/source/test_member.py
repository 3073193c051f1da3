"""What a member does when librdkafka calls back, in every order that a real Kafka seldom shows."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import pytest
from confluent_kafka import OFFSET_END, Consumer, KafkaError, Message
from structlog.testing import capture_logs

from consumer.errors import FatalError, KafkaSetupError
from consumer.source.faults import ErrorLog
from consumer.source.fence import Fence
from consumer.source.fetch import FetchFailures
from consumer.source.member import Member
from consumer.source.outbox import Outbox
from consumer.source.positions import Rules, StartPositions
from consumer.source.topic_ids import TopicIds
from consumer.stages import Position
from consumer.telemetry.tallies import Tallies
from tests.fakes import ManualClock
from tests.source.fake_consumer import FakeConsumer, Immediately, fake_admin, message
from tests.source.watch import Watch

A = ("shop.clicks", 0)
B = ("shop.clicks", 1)


class Stage:
    """A member between a played librdkafka and a listening pipeline."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.kafka = FakeConsumer()
        self.kafka.committed_offsets = {A: 5, B: 7}
        self.watch = Watch()
        self.tallies = Tallies()
        self.fence = Fence(15.0, self.clock.monotonic)
        self.topic_ids: dict[str, str] = {}
        self.commands: deque[Callable[[], None]] = deque()
        errors = ErrorLog(self.tallies, self.clock.monotonic)

        def no_admin() -> Any:
            raise AssertionError("every partition has a committed offset")

        self.member = Member(
            outbox=Outbox(Immediately.loop(), self.watch),
            starts=StartPositions(
                Rules(None, None, None, OFFSET_END),
                "group",
                ["shop.clicks"],
                make_admin=no_admin,
                stopping=threading.Event(),
                errors=errors,
                monotonic=self.clock.monotonic,
            ),
            topic_ids=TopicIds(lambda: fake_admin(self.topic_ids), self.clock.monotonic),
            fence=self.fence,
            errors=errors,
            fetch_failures=FetchFailures(self.clock.monotonic),
            tallies=self.tallies,
            drain_seconds=5.0,
            run_commands=self.run_commands,
            enqueue=self.commands.append,
            monotonic=self.clock.monotonic,
        )
        self.kafka.callbacks.update(self.member.callbacks())
        self.member.join(cast("Consumer", self.kafka), ["shop.clicks"])

    def run_commands(self) -> None:
        while self.commands:
            self.commands.popleft()()

    def play(self, *steps: list[Message] | Callable[[], object]) -> None:
        """One poll for each step."""
        for step in steps:
            self.kafka.steps.append(step)
            self.member.poll()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def records(key: tuple[str, int], *offsets: int) -> list[Message]:
    return [message(key, offset) for offset in offsets]


def test_lost_partitions_are_inactive_before_anybody_hears_of_it_and_never_commit(
    stage: Stage,
) -> None:
    stage.play(stage.kafka.assign(A, B), records(A, 5, 6))
    a, b = stage.watch.starts
    seen: list[bool] = []
    stage.watch.lost = lambda partitions: seen.extend(p.active for p in partitions)  # type: ignore[method-assign] # spied on
    stage.play(stage.kafka.lose(A, B))
    assert seen == [False, False]
    stage.member.commit({a: Position(7), b: Position(8)})
    assert stage.kafka.commits == []
    assert stage.watch.commits == [({a: Position(7), b: Position(8)}, "_ASSIGNMENT_LOST")]
    assert dict(stage.tallies.counter("rebalances").items()) == {("assigned",): 2, ("lost",): 2}


def test_a_revoke_commits_what_was_asked_during_the_drain_then_the_last_answer(
    stage: Stage,
) -> None:
    stage.play(stage.kafka.assign(A, B), records(A, 5, 6, 7))
    a = stage.watch.partition(0)

    def drain(partitions: Any) -> dict[Any, Position]:
        assert all(partition.active for partition in partitions)
        stage.commands.append(lambda: stage.member.commit({a: Position(6)}))
        return {a: Position(8)}

    stage.watch.final = drain
    stage.play(stage.kafka.revoke(A))
    assert stage.kafka.commits == [{A: 6}, {A: 8}]
    assert not a.active
    assert stage.watch.partition(1).active
    stage.play(stage.kafka.answer(0), stage.kafka.answer(1))
    assert stage.watch.commits == [({a: Position(6)}, None), ({a: Position(8)}, None)]


def test_a_pipeline_that_does_not_answer_a_revoke_hears_that_it_lost_the_partition(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may answer later, with positions that nobody commits: it must not wait for their commit."""
    monkeypatch.setattr(Outbox, "ask_to_finish", lambda *_: None)
    stage.play(stage.kafka.assign(A, B), records(A, 5, 6, 7))
    a = stage.watch.partition(0)
    stage.play(stage.kafka.revoke(A))
    assert stage.watch.lost_partitions == [a]
    assert not a.active
    assert stage.kafka.commits == []


def test_records_of_a_partition_that_is_not_ours_are_left_out(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), records(A, 5) + records(B, 9))
    assert stage.watch.offsets(0) == [5]
    assert stage.watch.offsets(1) == []


def test_a_record_that_was_handed_over_is_not_handed_over_again(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), records(A, 5, 6), records(A, 6, 9))
    assert stage.watch.offsets() == [5, 6, 9]


def test_a_refused_commit_is_answered_with_the_name_of_the_error(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A, B))
    asked = {stage.watch.partition(0): Position(6, "m"), stage.watch.partition(1): Position(8)}
    stage.member.commit(asked)
    stage.play(stage.kafka.answer(0, KafkaError.ILLEGAL_GENERATION))
    assert stage.watch.commits == [(asked, "ILLEGAL_GENERATION")]


def test_a_commit_that_cannot_be_sent_is_answered_too(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A))
    stage.kafka.refuse_commits = KafkaError(KafkaError.COORDINATOR_NOT_AVAILABLE)
    stage.member.commit({stage.watch.partition(): Position(6)})
    assert stage.watch.commits == [
        ({stage.watch.partition(): Position(6)}, "COORDINATOR_NOT_AVAILABLE")
    ]


def test_a_start_position_is_committed_before_its_partition_may_flow(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), [message(A, 5, KafkaError(-140))])
    former = stage.watch.partition()
    stage.run_commands()  # the pipeline answered at once
    assert not former.active
    assert stage.kafka.assigned == {A: 100}
    assert stage.kafka.paused == {A}
    stage.play([])
    assert stage.kafka.commits == [{A: 100}]
    stage.play(stage.kafka.answer(0, KafkaError.REBALANCE_IN_PROGRESS))
    assert stage.kafka.paused == {A}
    stage.clock.advance(1.0)
    stage.play([])
    assert stage.kafka.commits == [{A: 100}, {A: 100}]
    stage.member.resume(stage.watch.partition())  # is not for the pipeline to decide yet
    assert stage.kafka.paused == {A}
    stage.play(stage.kafka.answer(1))
    assert stage.kafka.paused == set()


def at_end(key: tuple[str, int], offset: int) -> Message:
    return message(key, offset, KafkaError(KafkaError._PARTITION_EOF))


def test_a_commit_of_all_there_is_goes_behind_the_markers_at_the_end(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), records(A, 5, 6), [at_end(A, 9)])
    a = stage.watch.partition()
    stage.member.commit({a: Position(6, "m")})
    stage.member.commit({a: Position(7)})
    assert stage.kafka.commits == [{A: 6}, {A: 9}]
    stage.play(stage.kafka.answer(0), stage.kafka.answer(1))
    assert stage.watch.commits == [({a: Position(6, "m")}, None), ({a: Position(7)}, None)]


def test_markers_that_come_when_all_is_committed_are_committed_too(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), records(A, 5, 6), [at_end(A, 7)])
    stage.member.commit({stage.watch.partition(): Position(7)})
    stage.play([at_end(A, 9)])
    assert stage.kafka.commits == [{A: 7}]  # not before the commit below is acknowledged
    stage.play(stage.kafka.answer(0), [at_end(A, 11)])
    assert stage.kafka.commits == [{A: 7}, {A: 11}]
    assert len(stage.watch.commits) == 1


def test_the_end_is_not_committed_while_records_below_it_are_open(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), records(A, 5, 6), [at_end(A, 9)])
    assert stage.kafka.commits == []


def test_a_call_back_that_fails_never_raises_and_ends_the_process_in_order(stage: Stage) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    stage.kafka.incremental_assign = broken  # type: ignore[assignment] # an unforeseen fault
    call = stage.kafka.assign(A)
    call()
    with pytest.raises(FatalError, match="call-back failed"):
        stage.member.poll()
    stage.member.poll()


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        (
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            KafkaSetupError,
            "grant its user READ on the group",
        ),
        (KafkaError.INCONSISTENT_GROUP_PROTOCOL, KafkaSetupError, "stop it, or choose another"),
        (KafkaError.UNSUPPORTED_VERSION, KafkaSetupError, "needs Kafka 4.0 or later"),
    ],
)
def test_an_error_that_a_person_must_mend_says_what_to_do(
    stage: Stage, code: int, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        stage.play(lambda: stage.kafka.callbacks["error_cb"](KafkaError(code)))


def test_an_error_that_passes_is_counted_and_told_once_a_minute(stage: Stage) -> None:
    down = KafkaError(KafkaError._ALL_BROKERS_DOWN)
    with capture_logs() as logs:
        for _ in range(3):
            stage.play(lambda: stage.kafka.callbacks["error_cb"](down))
        stage.clock.advance(60.0)
        stage.play(lambda: stage.kafka.callbacks["error_cb"](down))
    lines = [line for line in logs if "ALL_BROKERS_DOWN" in str(line)]
    assert len(lines) == 2
    assert lines[1]["repeated"] == 2
    assert stage.tallies.counter("kafka_errors").get("_ALL_BROKERS_DOWN") == 4


def test_after_a_stop_no_poll_counts_until_the_group_has_answered(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A), records(A, 5, 6))
    stopped_at = stage.clock.monotonic()
    assert stage.fence.polled_at == stopped_at
    stage.clock.advance(60.0)
    stage.play([], [])
    assert stage.fence.polled_at == stopped_at
    assert stage.kafka.commits == [{A: 5}]  # what is committed already, asked as a question
    stage.clock.advance(0.1)
    stage.play(stage.kafka.answer(0), [])
    assert stage.fence.polled_at == stage.clock.monotonic()


def test_a_member_that_was_replaced_while_it_stood_still_does_not_go_on(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A))
    stopped_at = stage.clock.monotonic()
    stage.clock.advance(60.0)
    stage.play([], stage.kafka.answer(0, KafkaError.UNKNOWN_MEMBER_ID))
    stage.clock.advance(0.5)
    stage.play([])
    assert stage.fence.polled_at == stopped_at
    stage.play(stage.kafka.lose(A), [])
    assert stage.fence.polled_at == stage.clock.monotonic()  # nothing is held any more
    assert not stage.watch.partition().active


def test_an_answer_that_lay_unread_while_the_process_stood_still_proves_nothing(
    stage: Stage,
) -> None:
    stage.play(stage.kafka.assign(A))
    stopped_at = stage.clock.monotonic()
    stage.clock.advance(60.0)
    stage.play([])
    stage.clock.advance(60.0)
    stage.play(stage.kafka.answer(0))
    assert stage.fence.polled_at == stopped_at
    assert stage.kafka.commits == [{A: 5}, {A: 5}]


def test_leaving_commits_again_what_a_rebalancing_group_refuses(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A, B), records(A, 5))
    a = stage.watch.partition(0)
    stage.kafka.steps += [
        stage.kafka.answer(0, KafkaError.ILLEGAL_GENERATION),
        stage.kafka.answer(1),
        stage.kafka.revoke(A, B),
    ]
    stage.member.leave({a: Position(6)}, 5.0)
    assert stage.kafka.commits == [{A: 6}, {A: 6}]
    assert [error for _, error in stage.watch.commits] == ["ILLEGAL_GENERATION", None]


def test_leaving_commits_and_closes_and_answers_what_kafka_left_open(stage: Stage) -> None:
    stage.play(stage.kafka.assign(A, B), records(A, 5))
    a = stage.watch.partition(0)
    advance = lambda: stage.clock.advance(3.0)  # noqa: E731 a step of the play
    stage.kafka.steps += [advance, advance, stage.kafka.revoke(A, B)]
    stage.member.leave({a: Position(6)}, 5.0)
    assert stage.kafka.commits == [{A: 6}]
    assert stage.kafka.closed
    assert stage.watch.commits == [({a: Position(6)}, "_TIMED_OUT")]
    assert not a.active
    assert stage.watch.revocations == []
