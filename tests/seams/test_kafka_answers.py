"""Answers of Kafka's clients: one that cannot be read is none, and is asked for again."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import OFFSET_END, Consumer
from structlog.testing import capture_logs

from consumer.delivery.dead_letters import producer, writer
from consumer.errors import FatalError
from consumer.model import Partition
from consumer.privacy.safe_traceback import as_fatal
from consumer.source import connect, positions
from consumer.source.assignment import Assignment
from consumer.source.faults import ErrorLog
from consumer.source.positions import Rules, StartPositions
from consumer.source.statistics import Lags
from consumer.source.topic_ids import TopicIds
from consumer.source.totals import Totals
from consumer.stages import Position
from consumer.telemetry.tallies import Tallies
from tests.credentials.test_kafka_login import Told, login
from tests.delivery.test_dead_letter import a_writer
from tests.fakes import ManualClock
from tests.seams.foreign import FOREIGN, SECRET, Once, raising
from tests.source.fake_consumer import FakeConsumer, fake_admin
from tests.source.test_member import Stage
from tests.source.test_totals import Cluster

A = ("shop.clicks", 0)
CLICKS = "AsASkzEsQoe25hzn351c9A"


def failed(kind: type[Exception]) -> Future[Any]:
    answer: Future[Any] = Future()
    answer.set_exception(kind(SECRET))
    return answer


def a_client(**methods: Any) -> Any:
    return SimpleNamespace(**methods)


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("where", ["made", "asked", "answered"])
def test_a_topic_id_that_cannot_be_read_is_asked_for_again(
    where: str, kind: type[Exception]
) -> None:
    broken: Callable[[], Any] = {
        "made": raising(kind),
        "asked": lambda: a_client(describe_topics=raising(kind)),
        "answered": lambda: a_client(describe_topics=lambda *_, **__: {A[0]: failed(kind)}),
    }[where]
    asked: list[Callable[[], Any]] = [lambda: fake_admin({A[0]: CLICKS}), broken]

    def make_admin() -> Any:
        return asked.pop()()

    clock = ManualClock()
    ids = TopicIds(make_admin, clock.monotonic)
    partition = Partition(*A, 1)
    with capture_logs() as lines:
        ids.add([partition], at_once=True)
    assert partition.topic_id == ""
    assert SECRET not in str(lines)
    clock.advance(30)
    ids.add([], at_once=True)
    assert partition.topic_id == CLICKS
    ids.close()


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_number_of_partitions_that_cannot_be_read_is_asked_for_again(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, clock = Cluster(shop_clicks=6), ManualClock()
    monkeypatch.setattr(cluster, "list_topics", Once(kind, cluster.list_topics))
    totals = Totals([A[0]], clock.monotonic)
    totals.look_after(cast("Consumer", cluster))
    assert totals.partitions is None
    clock.advance(5)
    totals.look_after(cast("Consumer", cluster))
    assert totals.partitions == 6


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_end_of_a_paused_partition_that_cannot_be_read_is_asked_for_again(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, clock = FakeConsumer(), ManualClock()
    monkeypatch.setattr(kafka, "offsets_for_times", Once(kind, kafka.offsets_for_times))
    assignment = Assignment()
    assignment.begin(A, Position(5), starting=False).paused = True
    lags = Lags(clock.monotonic)
    lags.look_after(cast("Consumer", kafka), assignment)
    assert lags.by_partition == {}
    clock.advance(30)
    lags.look_after(cast("Consumer", kafka), assignment)
    assert lags.by_partition[A].records == 95


@pytest.mark.parametrize("kind", FOREIGN)
def test_topics_that_cannot_be_listed_at_the_start_are_waited_for(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "PAUSE_SECONDS", 0)
    found = SimpleNamespace(topics={A[0]: SimpleNamespace(error=None)})
    clock = ManualClock()
    client = a_client(list_topics=Once(kind, lambda *_, **__: found), poll=lambda _: None)
    with capture_logs() as lines:
        assert connect.wait_for_topics(
            client,
            [A[0]],
            errors=ErrorLog(Tallies(), clock.monotonic),
            fault=lambda: None,
            stopping=threading.Event(),
            monotonic=clock.monotonic,
        )
    assert SECRET not in str(lines)


def starts(clock: ManualClock, make_admin: Callable[[], Any], *, latest: bool) -> StartPositions:
    rule = OFFSET_END if latest else None
    return StartPositions(
        Rules(rule, rule, rule, rule),
        "group",
        [A[0]],
        make_admin=make_admin,
        stopping=threading.Event(),
        errors=ErrorLog(Tallies(), clock.monotonic),
        monotonic=clock.monotonic,
    )


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", ["committed", "offsets_for_times", "list_topics"])
def test_a_start_position_that_cannot_be_read_is_asked_for_again(
    name: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "PAUSE_SECONDS", 0)
    kafka, clock = FakeConsumer(), ManualClock()
    topic = SimpleNamespace(error=None, partitions={0: None})
    admin = a_client(list_topics=lambda *_, **__: SimpleNamespace(topics={A[0]: topic}))
    owner: Any = admin if name == "list_topics" else kafka
    monkeypatch.setattr(owner, name, Once(kind, getattr(owner, name)))
    with capture_logs() as lines:
        found = starts(clock, lambda: admin, latest=True).find(cast("Consumer", kafka), [A])
    assert found == {A: Position(100)}
    assert SECRET not in str(lines)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_start_position_that_can_never_be_read_ends_the_process_in_order(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(positions, "PATIENCE_SECONDS", -1)
    kafka, clock = FakeConsumer(), ManualClock()
    monkeypatch.setattr(kafka, "committed", raising(kind))
    with pytest.raises(FatalError, match="Kafka does not tell") as raised:
        starts(clock, raising(kind), latest=True).committed(cast("Consumer", kafka), [A])
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_dead_letter_topic_that_cannot_be_described_is_waited_for(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = SimpleNamespace(error=None, partitions={0: None, 1: None})
    listed = Once(kind, lambda **_: SimpleNamespace(topics={"letters": topic}))
    client = a_client(list_topics=listed, describe_configs=raising(kind))
    monkeypatch.setattr(producer, "AdminClient", lambda _: client)
    monkeypatch.setattr(writer, "Producer", lambda _: a_client(purge=lambda: None))
    monkeypatch.setattr(writer, "AGAIN_SECONDS", 0)
    one = a_writer("127.0.0.1:1", "letters")
    with capture_logs() as lines:
        await one.open()
    assert one._partitions == 2
    assert SECRET not in str(lines)
    await one.close(1)


@pytest.mark.parametrize("kind", FOREIGN)
def test_size_limits_that_cannot_be_read_are_not_compared(kind: type[Exception]) -> None:
    resource = SimpleNamespace(name="letters")
    for client in (
        a_client(describe_configs=raising(kind)),
        a_client(describe_configs=lambda *_, **__: {resource: failed(kind)}),
    ):
        with capture_logs() as lines:
            producer._compare_sizes(client, "letters", ["shop.clicks"], 1.0)
        assert SECRET not in str(lines)
        assert "raise max.message.bytes" not in str(lines)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_login_that_the_client_refuses_is_left_until_it_changes(
    kind: type[Exception], tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("old")
    clock, told = ManualClock(), Told()
    one = login(password, clock)
    password.write_text("odd")
    with capture_logs() as lines:
        for _ in range(3):
            clock.advance(5)
            one.look_after(a_client(set_sasl_credentials=raising(kind)))
    assert len(lines) == 1
    assert SECRET not in str(lines)
    password.write_text("new")
    clock.advance(5)
    one.look_after(told)
    assert told.credentials == [("bridge", "new")]


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_fetch_that_raises_ends_the_process_in_order(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    stage.play(stage.kafka.assign(A))
    monkeypatch.setattr(stage.kafka, "consume", raising(kind))
    with pytest.raises(kind) as raised:
        stage.member.poll()
    fault = as_fatal("the Kafka thread failed", raised.value)  # as the thread reports it
    assert isinstance(fault, FatalError)
    assert SECRET not in str(fault)
