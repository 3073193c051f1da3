"""`dlq ls`: what became of each letter, in 80 columns and without escapes."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consumer.cli.dlq_tables import print_listing, utc
from consumer.cli.terminal import console
from consumer.decode.reasons import Reason
from consumer.dlq.letter import Letter, Selection, letter_of
from consumer.dlq.listing import Listing
from consumer.dlq.marks import MARK, Marks, ranges_of
from consumer.dlq.stages import Judgement
from consumer.dlq.words import in_words
from consumer.model import Record
from tests.dlq.letters import DEAD, a_letter


def a_mark(document: object, place: int = 99) -> Record:
    value = json.dumps(document).encode()
    return Record(DEAD, place, None, value, [(MARK, b"x")], 1_763_900_000_000)


def discard(places: dict[str, list[list[int]]]) -> Record:
    return a_mark(
        {"kind": "discard", "by": "anna", "why": "test orders", "time": "t", "places": places}
    )


def letter(place: int, offset: str, replays: str | None = None) -> Letter:
    found = letter_of(a_letter(place, offset=offset, replays=replays))
    assert found is not None
    return found


def listing(*letters: Letter, marks: Marks | None = None, passed: int = 0) -> Listing:
    """`passed` is how far a replay of all has come."""
    made = Listing(marks or Marks(), {"bridge.dlq-replay": {1: passed}})
    for each in letters:
        made.add(each)
    made.finish()
    return made


def states(made: Listing) -> dict[str, int]:
    [group] = made.document()["groups"]
    names = ("waiting", "delivered", "failed_again", "discarded")
    return {name: group[name] for name in names if group[name]}


def test_a_letter_waits_until_a_replay_has_passed_it() -> None:
    letters = [letter(7, "42"), letter(8, "43"), letter(9, "44")]
    assert states(listing(*letters)) == {"waiting": 3}
    assert states(listing(*letters, passed=9)) == {"waiting": 1, "delivered": 2}


def test_a_letter_that_failed_again_is_not_delivered_and_its_successor_waits() -> None:
    letters = [letter(7, "42"), letter(8, "43"), letter(9, "42", replays="1")]
    made = listing(*letters, passed=9)
    assert states(made) == {"waiting": 1, "delivered": 1, "failed_again": 1}
    assert made.waiting() == 1


def test_a_letter_that_is_left_out_for_failing_too_often_waits() -> None:
    assert states(listing(letter(7, "42", replays="3"), passed=9)) == {"waiting": 1}


def test_a_replay_of_a_selection_passes_the_letters_that_it_takes() -> None:
    marks = Marks()
    chosen = {"reasons": ["expired"], "events": [], "since": None, "until": None}
    assert marks.add(
        a_mark({"kind": "replay", "by": "anna", "time": "t", "group": "g", "selection": chosen})
    )
    expired = replace(letter(8, "43"), reason="expired")
    made = Listing(marks, {"g": {1: 100}})
    for each in (letter(7, "42"), expired):
        made.add(each)
    made.finish()
    found = {group["reason"]: group["delivered"] for group in made.document()["groups"]}
    assert found == {"rejected": 0, "expired": 1}


def test_a_discarded_letter_is_listed_with_who_and_why_and_not_replayed() -> None:
    marks = Marks()
    assert marks.add(discard({"1": [[7, 8]]}))
    made = listing(letter(7, "42"), letter(9, "43"), marks=marks)
    assert states(made) == {"waiting": 1, "discarded": 1}
    assert made.document()["discards"] == [
        {"by": "anna", "why": "test orders", "time": "t", "letters": 2}
    ]
    judgement = Judgement(Selection(), 3, marks=marks)
    assert judgement.of(a_letter(7))[1] == "discarded"
    assert judgement.of(a_letter(9, offset="43"))[1] == ""
    assert judgement.of(a_mark({}))[1] == "mark"


@pytest.mark.parametrize(
    "value",
    [
        *([], None, {}, "x", {"kind": "discard"}, {"kind": "discard", "places": {"x": 1}}),
        {"kind": "replay", "group": "g", "selection": {"since": "no time"}},
        {"kind": "discard", "by": 1, "why": 2, "time": 3, "places": {"1": [[1]]}},
    ],
)
def test_a_mark_that_cannot_be_read_says_nothing(value: object) -> None:
    marks = Marks()
    assert marks.add(a_mark(value))
    assert (marks.discards, marks.replays) == ([], {})


def test_a_dead_letter_is_no_mark() -> None:
    assert not Marks().add(a_letter())


def test_many_places_become_few_ranges() -> None:
    assert list(ranges_of([(0, 3), (2, 9), (0, 1), (0, 2), (0, 2), (2, 11)])) == [
        {0: [(1, 3)], 2: [(9, 9), (11, 11)]}
    ]
    far = [(0, 2 * n) for n in range(25_000)]
    marks = list(ranges_of(far))
    assert [len(each[0]) for each in marks] == [10_000, 10_000, 5_000]
    assert [first for each in marks for first, _ in each[0]] == [offset for _, offset in far]


def test_what_a_person_reads_fits_80_columns_and_says_the_rule_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    marks = Marks()
    marks.add(discard({"1": [[8, 8]]}))
    story = "cart / add and remove: cartUpdated: products is absent, and so are total and currency"
    wordy = replace(letter(7, "42"), detail=story)
    hours = [replace(wordy, written_ms=1_763_800_000_000 + n * 3_600_000) for n in range(30)]
    print_listing(listing(*hours, replace(letter(8, "43"), reason="a_reason" * 8), marks=marks))
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) < 80
    assert "Yespo refused the event" in text
    assert "rule cart: cart / add and remove: cartUpdated" in " ".join(text.split())
    assert "products is absent, and so are" in " ".join(text.split())
    assert "2025-11-22 08:26:40 to 2025-11-23 13:26:40 UTC" in text
    assert "30 waiting" in text
    assert "1 discarded by anna, t: test orders" in text
    assert "and 6 earlier hours" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"FORCE_COLOR": "1"}])
def test_no_color_and_redirected_output_carry_no_escapes(
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    console().print("[bold red]wrong:[/] 12 of [link=http://x]it[/link]")
    assert capsys.readouterr().out == "wrong: 12 of it\n"


def test_every_reason_of_decoding_has_words() -> None:
    assert [reason for reason in Reason if not in_words(reason)] == []
    assert in_words("a_reason_of_a_mapping") == ""


def test_times_are_times() -> None:
    assert utc(1_763_800_000_000) == "2025-11-22 08:26:40"
    assert utc(2**63 - 1) == "9223372036854775807"
    assert utc(-1) == "?"
    [group] = listing(letter(7, "42")).document()["groups"]
    assert datetime.fromisoformat(group["first"]) == datetime(2025, 11, 22, 8, 26, 40, tzinfo=UTC)
    assert re.fullmatch(r"[0-9T:.+-]+", group["last"])
