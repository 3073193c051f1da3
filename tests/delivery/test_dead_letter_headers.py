"""Headers of a dead letter: the record's own come back as they were, ours are short and printable."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.delivery.dead_letters.headers import carried, optional, parted, required
from consumer.dlq.letter import Selection, letter_of
from consumer.dlq.stages import Judgement, ReplayDeadLetters, ReplayDecode, ReplayMap
from consumer.documents.foreign_text import bounded
from consumer.model import NEVER_REPLAYED, Decoded, Failure, Mapped, Partition, Record, Replayed

NAMES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            *("yespo.dlq.replays", "yespo.dlq.offset", "yespo.dlq.size", "yespo.dlq.carried"),
            *("yespo.dlq.", "yespo.dlq", "yespo.dlq.foreign.", "yespo.dlq.foreign.replays"),
            *("yespo.dlq.foreign.foreign.stage", "Yespo.Dlq.stage", "", "trace", "trace"),
        ]
    ),
    st.text(max_size=5).map(lambda name: f"yespo.dlq.foreign.{name}"),
)
HEADERS = st.lists(st.tuples(NAMES, st.one_of(st.none(), st.binary(max_size=9))), max_size=9)
MISSING = Failure("mapping", "missing", "cart: products is absent")


def letter_with(
    headers: list[tuple[str, bytes | None]],
    failure: Failure = MISSING,
    again: Replayed = NEVER_REPLAYED,
) -> Record:
    """The dead letter of a record with these headers, as Kafka gives it back."""
    record = Record(Partition("shop.clicks", 5, 1), 42, b"k", b"v", headers, 1_763_700_000_123)
    ours = required(record, [failure], "sha256:abc", 1_763_700_000_123, again)
    written = [*carried(record.headers), *ours, *optional([failure])]
    return replace(record, partition=Partition("dlq", 0, 1), offset=7, headers=written)


@settings(max_examples=500)
@given(HEADERS, st.integers(0, 3))
def test_the_headers_of_a_record_come_back_as_they_were(
    headers: list[tuple[str, bytes | None]], replays: int
) -> None:
    letter = letter_of(letter_with(headers, again=Replayed(replays)))
    assert letter is not None
    assert letter.record.headers == headers
    assert letter.again == Replayed(replays)
    assert (letter.record.position, letter.reason) == ("shop.clicks/5@42", "missing")
    again = letter_of(letter_with(list(letter.record.headers)))
    assert again is not None
    assert again.record.headers == headers


def test_a_foreign_header_of_our_name_is_escaped() -> None:
    headers: list[tuple[str, bytes | None]] = [("yespo.dlq.replays", b"99"), ("a", None)]
    assert carried(headers) == [("yespo.dlq.foreign.replays", b"99"), ("a", None)]
    assert parted(carried(headers)) == ({}, headers)


class Sends:
    """Maps every record to nothing but a name; notes what fails again."""

    digest = "today"

    def decode(self, record: Record) -> Decoded:
        return Decoded({}, "shop.Click", "1")

    def look_ahead(self, records: Iterable[Record]) -> None: ...

    async def resolve(self, ref: object) -> None: ...

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        return Mapped((), "seen")

    def __init__(self) -> None:
        self.sent: list[tuple[Record, Replayed]] = []

    def send(
        self,
        record: Record,
        failures: object,
        digest: str,
        done: Callable[[], None],
        again: Replayed = NEVER_REPLAYED,
    ) -> None:
        self.sent.append((record, again))

    async def close(self, seconds: float) -> None: ...


def test_a_source_that_claims_99_replays_is_replayed() -> None:
    inner = Sends()
    judgement = Judgement(Selection(), max_replays=3)
    record = letter_with([("yespo.dlq.replays", b"99")])
    decoded = ReplayDecode(inner, judgement).decode(record)
    assert ReplayMap(inner, judgement).map(record, decoded).filtered == "seen"
    ReplayDeadLetters(inner, judgement).send(record, [MISSING], "today", lambda: None)
    [(again, count)] = inner.sent
    assert again.headers == [("yespo.dlq.replays", b"99")]
    assert count == Replayed(replays=1)


@settings(max_examples=300)
@given(st.text(st.characters(codec=None), max_size=3000), st.integers(1, 5))
def test_what_a_record_had_a_part_in_is_printable_and_at_most_a_kilobyte(
    detail: str, failures: int
) -> None:
    short = bounded(detail)
    assert len(short.encode()) <= 1024
    assert short.isprintable()
    many = [replace(MISSING, detail=detail, event=f"main/v2/e/r/{n}") for n in range(failures)]
    (_, first), (_, described) = optional(many)
    assert first == short.encode()
    details = [each["detail"] for each in json.loads(described or b"")]
    assert sum(len(each.encode()) for each in details) <= 1024


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("answered 400", "answered 400"),
        ("schema type \ud800", "schema type \\ud800"),
        ("two\nlines\x00", "two\\nlines\\x00"),
        ("поле `ціна`", "поле `ціна`"),
        ("x" * 1024, "x" * 1024),
        ("x" * 7_000_000, "x" * 1021 + "…"),
        ("\ud800" * 2000, "\\ud800" * 170 + "\\…"),
    ],
)
def test_a_long_or_broken_detail_is_escaped_and_cut(detail: str, shown: str) -> None:
    assert bounded(detail) == shown


def test_a_label_that_is_no_unicode_is_carried_exactly() -> None:
    odd = replace(MISSING, event="main/v2/cartUpdated/r\ud800/0")
    letter = letter_of(letter_with([], odd))
    assert letter is not None
    assert letter.events == ("main/v2/cartUpdated/r\ud800/0",)
