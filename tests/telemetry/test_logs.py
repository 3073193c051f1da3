"""Lines that repeat, and texts that look personal."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
import structlog

from consumer.telemetry.logs import REPEATS, Repeats, configure, suppressed


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(repeats: Repeats, event: str, times: int) -> list[dict[str, object]]:
    lines = []
    for _ in range(times):
        try:
            lines.append(dict(repeats(None, "info", {"event": event})))
        except structlog.DropEvent:
            continue
    return lines


def test_a_line_that_repeats_is_left_out_and_counted() -> None:
    seconds = Seconds()
    repeats = Repeats(seconds)
    assert len(kept(repeats, "delivery stopped", 25)) == REPEATS == 10
    assert repeats.suppressed == 15
    assert len(kept(repeats, "delivery resumed", 1)) == 1, "another event is not affected"
    seconds.now = 59.0
    assert kept(repeats, "delivery stopped", 1) == []
    seconds.now = 60.0
    assert kept(repeats, "delivery stopped", 2) == [
        {"event": "delivery stopped", "left_out": 16},
        {"event": "delivery stopped"},
    ]


@pytest.fixture
def configurable() -> Iterator[None]:
    """Logging may be set up as the process has it; for the loggers that the test makes."""
    former = structlog.get_config()
    yield
    structlog.configure(**former)


@pytest.mark.usefixtures("configurable")
def test_a_log_that_cannot_be_written_costs_lines_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = suppressed()
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    monkeypatch.setattr(sys, "stderr", full)
    configure("info", "json")
    structlog.get_logger().warning("nobody will read this")
    assert suppressed() == before + 1
    with suppress(OSError):
        full.close()
    structlog.get_logger().warning("nor this: the stream is closed")
    assert suppressed() == before + 2


@pytest.mark.usefixtures("configurable")
def test_texts_within_lists_and_tables_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    structlog.get_logger().warning("odd", of=["a@b.ua"], by={"who": ("x", "c@d.ua")}, count=2)
    line = json.loads(capsys.readouterr().err)
    assert (line["of"], line["by"], line["count"]) == (["[e-mail]"], {"who": ["x", "[e-mail]"]}, 2)
