"""`run` on a terminal renews one line; elsewhere it writes none."""

import asyncio
import io

import pytest
from rich.console import Console

from consumer.terminal import live_line
from consumer.terminal.live_line import LiveLine, on_terminal


async def test_the_line_is_renewed_until_the_bridge_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_line, "EVERY_SECONDS", 0.01)
    out, shown, stop = io.StringIO(), iter(range(1000)), asyncio.Event()

    def line() -> str:
        number = next(shown)
        if number == 2:
            stop.set()
        return f"line {number}"

    async def asked_to_stop() -> None:
        await stop.wait()

    console = Console(file=out, force_terminal=True, width=40)
    with LiveLine(console) as live:
        assert live.is_started
        await live.show(line, asked_to_stop)
    text = out.getvalue()
    assert [f"line {number}" in text for number in range(3)] == [True, True, True]
    assert "stopping" in text


async def test_without_a_console_nothing_is_asked_or_written() -> None:
    async def asked_to_stop() -> None: ...

    with LiveLine(None) as live:
        assert not live.is_started
        await live.show(lambda: str(1 / 0), asked_to_stop)


@pytest.mark.parametrize("log_format", ["auto", "console", "json"])
def test_redirected_output_has_no_line(log_format: str) -> None:
    with on_terminal(log_format) as live:
        assert not live.is_started
