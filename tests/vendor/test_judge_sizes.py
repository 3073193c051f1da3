"""Whatever stands inside a past event gets a verdict, also what JSON encoders refuse."""

import pytest

from consumer.vendor.judge import judge


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


def test_deep_nesting_gets_a_verdict() -> None:
    assert rules_broken(a_batch(b"[" * 900 + b"]" * 900)) == []
