"""Dead letters on their way back: what is restored, what is sent, and what is left out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consumer.dlq.bounded_source import BoundedSource
from consumer.dlq.letter import Selection, letter_of, parts_of
from consumer.dlq.stages import Judgement, ReplayDeadLetters, ReplayDecode, ReplayMap
from consumer.errors import SchemaPending
from consumer.model import (
    NEVER_REPLAYED,
    Decoded,
    Endpoint,
    Event,
    Failure,
    Mapped,
    Partition,
    Record,
    Replayed,
)
from consumer.stages import Position, Positions, SourceListener
from tests.dlq.letters import CART, DEAD, VIEW, a_letter

FAILED = Failure("delivery", "rejected", "answered 400", CART)


class Inner:
    """Decodes to the offset; makes a cart and a view of every record."""

    digest = "today"

    def __init__(self) -> None:
        self.seen: list[Record] = []
        self.sent: list[tuple[Record, Sequence[Failure], Replayed]] = []

    def decode(self, record: Record) -> Decoded:
        self.seen.append(record)
        return Decoded({"offset": record.offset}, "shop.Click", "1")

    def look_ahead(self, records: Iterable[Record]) -> None: ...

    async def resolve(self, ref: object) -> None: ...

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        assert set(decoded.value) == {"offset"}
        assert record.partition.topic == "shop.clicks"
        return Mapped(
            [
                Event(Endpoint("main", "legacy"), "ProductPage", "view", 0, b"{}", ("a",)),
                Event(Endpoint("main", "v2"), "cartUpdated", "cart", 0, b"{}", ("a",)),
            ]
        )

    def send(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        done: Callable[[], None],
        again: Replayed = NEVER_REPLAYED,
    ) -> None:
        self.sent.append((record, failures, again))

    async def close(self, seconds: float) -> None: ...


class Bench:
    def __init__(self, selection: Selection | None = None, max_replays: int = 3) -> None:
        self.inner = Inner()
        judgement = Judgement(selection or Selection(), max_replays)
        self.decode = ReplayDecode(self.inner, judgement)
        self.mapping = ReplayMap(self.inner, judgement)
        self.dead_letters = ReplayDeadLetters(self.inner, judgement)

    def take(self, record: Record) -> Mapped:
        return self.mapping.map(record, self.decode.decode(record))

    def sends(self, record: Record) -> list[str]:
        return [event.label for event in self.take(record).events]


def test_decoding_and_mapping_see_the_record_as_it_once_came() -> None:
    bench = Bench()
    bench.take(a_letter())
    [record] = bench.inner.seen
    assert record.position == "shop.clicks/5@42"
    assert (record.timestamp_ms, record.timestamp_type) == (1_763_700_000_123, "append")
    assert (record.key, record.value) == (b"visitor-1", b"\x00avro")
    assert record.headers == [("trace", b"1"), ("trace", None)]


def test_only_the_failed_events_are_sent() -> None:
    assert Bench().sends(a_letter()) == [CART]


def test_a_record_that_failed_as_a_whole_is_sent_as_a_whole() -> None:
    assert Bench().sends(a_letter(events="[]")) == [VIEW, CART]


def test_an_event_that_is_not_made_any_more_is_told_of_and_nothing_else_is_sent_for_it() -> None:
    bench = Bench()
    gone = "main/v2/cartUpdated/old rule/0"
    mapped = bench.take(a_letter(events=f'["{gone}"]'))
    assert (mapped.events, mapped.filtered) == ((), "event_not_made")
    assert bench.mapping.not_made == {gone: 1}


@pytest.mark.parametrize(
    ("selection", "sent"),
    [
        (Selection(reasons=frozenset({"rejected"})), True),
        (Selection(reasons=frozenset({"expired"})), False),
        (Selection(events=frozenset({"cartUpdated"})), True),
        (Selection(events=frozenset({"ProductPage"})), False),
        (Selection(since=datetime.fromtimestamp(1_763_800_000, UTC)), True),
        (Selection(since=datetime.fromtimestamp(1_763_800_001, UTC)), False),
        (Selection(until=datetime.fromtimestamp(1_763_800_000, UTC)), False),
    ],
)
def test_a_selection_takes_by_reason_event_and_time(selection: Selection, sent: bool) -> None:
    assert Bench(selection).sends(a_letter()) == ([CART] if sent else [])


def test_of_several_failed_events_the_selected_one_is_sent() -> None:
    both = f'["{VIEW}", "{CART}"]'
    bench = Bench(Selection(events=frozenset({"ProductPage"})))
    assert bench.sends(a_letter(events=both)) == [VIEW]


def test_the_same_failure_written_twice_is_sent_once() -> None:
    bench = Bench()
    assert bench.sends(a_letter(7)) == [CART]
    assert bench.take(a_letter(9)).filtered == "repeated"
    assert bench.sends(a_letter(10, offset="43")) == [CART]


def test_a_letter_that_waits_for_its_schema_is_no_repeat_of_itself() -> None:
    bench = Bench()
    first, other = a_letter(7), a_letter(8, offset="43")
    bench.decode.decode(first)
    assert bench.sends(other) == [CART]
    assert bench.sends(first) == [CART]


def test_what_has_failed_often_enough_is_left_out_without_being_decoded() -> None:
    bench = Bench(max_replays=2)
    assert bench.sends(a_letter(7, replays="1")) == [CART]
    assert bench.take(a_letter(8, offset="43", replays="2")).filtered == "replayed_too_often"
    assert len(bench.inner.seen) == 1


async def test_a_letter_without_its_record_is_replayed_from_the_position_of_the_record() -> None:
    original = replace(a_letter(), value=b"very large", headers=[("trace", b"1")])
    found: list[Record | None] = [original, None]
    inner = Inner()
    judgement = Judgement(Selection(), 3, lambda _: found.pop(0))
    decode, mapping = ReplayDecode(inner, judgement), ReplayMap(inner, judgement)
    lacking = a_letter()
    lacking.value = None
    lacking.headers = [*lacking.headers, ("yespo.dlq.size", b"419430400")]
    with pytest.raises(SchemaPending) as pending:
        decode.decode(lacking)
    await decode.resolve(pending.value.ref)
    decoded = decode.decode(lacking)
    [seen] = inner.seen
    assert (seen.value, seen.headers) == (b"very large", [("trace", b"1")])
    original.partition, original.offset = Partition("shop.clicks", 5, 0), 42
    assert [event.label for event in mapping.map(lacking, decoded).events] == [CART]
    ReplayDeadLetters(inner, judgement).send(lacking, [FAILED], "today", lambda: None)
    [(_, _, again)] = inner.sent
    assert again == Replayed(replays=1, size=419_430_400)
    gone = replace(lacking, offset=8, headers=[*lacking.headers, ("yespo.dlq.offset", b"43")])
    with pytest.raises(SchemaPending) as pending:
        decode.decode(gone)
    await decode.resolve(pending.value.ref)
    assert mapping.map(gone, decode.decode(gone)).filtered == "original_gone"


def test_a_foreign_record_is_left_out() -> None:
    foreign = Record(DEAD, 3, None, b"x", [("yespo.dlq.topic", b"shop.clicks")], 0)
    assert Bench().take(foreign).filtered == "not_a_dead_letter"
    assert letter_of(a_letter(offset="no number")) is None
    assert letter_of(a_letter(events='{"not": "a list"}')) is None


def test_what_fails_again_keeps_its_origin_and_counts_the_replay() -> None:
    bench = Bench()
    failure = Failure("delivery", "rejected", "answered 400", CART)
    bench.dead_letters.send(a_letter(replays="1"), [failure], "today", lambda: None)
    [(record, failures, again)] = bench.inner.sent
    assert record.position == "shop.clicks/5@42"
    assert record.headers == [("trace", b"1"), ("trace", None)]
    assert again == Replayed(replays=2)
    assert failures == [failure]


def test_a_whole_failure_still_names_the_events_that_were_not_sent() -> None:
    """Else the next replay would send again what was delivered the first time."""
    bench = Bench()
    whole = Failure("mapping", "missing", "cart: price is absent")
    bench.dead_letters.send(a_letter(), [whole], "today", lambda: None)
    [(_, failures, _)] = bench.inner.sent
    assert failures == [Failure("mapping", "missing", "cart: price is absent", CART)]


def test_a_rule_may_have_a_slash_in_its_name() -> None:
    assert parts_of("main/v2/cartUpdated/cart / add/3") == (
        *("main/v2", "cartUpdated", "cart / add", "3"),
    )


class Listener:
    def __init__(self) -> None:
        self.offsets: list[int] = []

    def assigned(self, starts: Positions) -> None: ...
    def received(self, batches: dict[Partition, list[Record]]) -> None:
        self.offsets += [record.offset for records in batches.values() for record in records]

    def revoked(self, *_: object) -> None: ...


class Started:
    def start(self, listener: SourceListener) -> None: ...


def test_a_replay_hands_on_nothing_behind_the_end_seen_at_its_start() -> None:
    source, listener = BoundedSource(Started(), {("clicks.dlq", 1): 8}), Listener()  # type: ignore[arg-type]  # the two calls it makes
    source.start(listener)  # type: ignore[arg-type]  # as above
    reached = [source.reached]
    source.assigned({DEAD: Position(6)})
    source.received({DEAD: [a_letter(6)]})
    reached.append(source.reached)
    source.received({DEAD: [a_letter(7), a_letter(8), a_letter(9)]})
    reached.append(source.reached)
    assert reached == [False, False, True]
    assert listener.offsets == [6, 7]


def test_a_replay_whose_position_has_left_the_log_is_not_over_while_it_begins_anew() -> None:
    former, other = Partition("clicks.dlq", 0, 1), Partition("clicks.dlq", 1, 1)
    source = BoundedSource(Started(), {("clicks.dlq", 0): 30, ("clicks.dlq", 1): 7})  # type: ignore[arg-type]  # as above
    source.start(Listener())  # type: ignore[arg-type]  # as above
    source.assigned({former: Position(5), other: Position(7)})
    source.revoked([former], 5.0, lambda _: None)
    assert not source.reached
    former.active = False
    anew = Partition("clicks.dlq", 0, 2)
    source.assigned({anew: Position(20)})
    assert not source.reached
    source.received({anew: [a_letter(29)]})
    assert source.reached


TRACKER, REST = '["main/legacy"]', '["main/v2"]'


def test_a_record_that_failed_in_one_scope_is_sent_to_its_endpoints_alone() -> None:
    bench = Bench()
    assert bench.sends(a_letter(1, events="[]", endpoints=TRACKER)) == [VIEW]
    assert bench.sends(a_letter(2, events="[]", endpoints=REST)) == [CART]


def test_letters_of_two_scopes_are_no_repeats_of_one_another() -> None:
    bench = Bench()
    bench.take(a_letter(1, events="[]", endpoints=TRACKER))
    assert bench.take(a_letter(2, events="[]", endpoints=TRACKER)).filtered == "repeated"
    assert bench.take(a_letter(3, events="[]", endpoints=REST)).filtered is None


def test_a_record_that_fails_again_stays_in_its_scope() -> None:
    bench = Bench()
    letter = a_letter(1, events="[]", endpoints=REST)
    bench.take(letter)
    bench.dead_letters.send(letter, [replace(FAILED, event="")], "today", lambda: None)
    [(_, _, again)] = bench.inner.sent
    assert again == Replayed(1, 0, ("main/v2",))
