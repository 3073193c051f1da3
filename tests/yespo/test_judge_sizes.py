"""Whatever stands inside a past event gets a verdict, also what JSON encoders refuse."""

import pytest

from consumer.yespo.judge import judge


def a_batch(value: bytes) -> bytes:
    return (
        b'{"events":[{"eventTypeKey":"a","keyValue":"k","occurred":"2026-11-20T10:00",'
        b'"params":[{"name":"x","value":' + value + b"}]}]}"
    )


def rules_broken(body: bytes) -> list[tuple[str, str]]:
    return [(found.path, found.rule) for found in judge("past_events", body)]


def test_a_lone_surrogate_is_refused_by_its_own_rule() -> None:
    assert rules_broken(a_batch(b'"\\ud800"')) == [("events[0].params.x", "encoding")]


@pytest.mark.parametrize(("letters", "refused"), [(19_000, False), (20_001, True)])
def test_an_event_is_measured_by_its_bytes(letters: int, refused: bool) -> None:
    found = rules_broken(a_batch(b'"' + b"a" * letters + b'"'))
    assert (("events[0]", "body_size") in found) is refused


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_is_bounded_and_however_deep_gets_a_verdict(opening: bytes, closing: bytes) -> None:
    # The request, its events, one of them, its params, one of those: five levels around the value.
    assert rules_broken(a_batch(opening * 35 + b"1" + closing * 35)) == []
    for levels in (36, 300, 1_000, 100_000):
        body = a_batch(opening * levels + b"1" + closing * levels)
        assert rules_broken(body) == [("", "json")]


def test_brackets_within_texts_are_no_nesting() -> None:
    assert rules_broken(a_batch(b'"' + b'[{\\"' * 1_000 + b'"')) == []
