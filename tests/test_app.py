"""The program's end, where the parts do not play along."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.app import App
from consumer.errors import FatalError
from consumer.pipeline.pipeline import Pipeline


async def test_a_drain_that_never_ends_does_not_keep_the_process(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Pipeline, "drain", never)
    monkeypatch.setattr("consumer.app.DRAIN_MARGIN", 0.05)
    app._settings = app._settings.model_copy(
        update={"drain": app._settings.drain.model_copy(update={"shutdown": 0.05})}
    )
    with capture_logs() as logs:
        async with asyncio.timeout(20):
            assert await app.stop() is False
    said = [line["event"] for line in logs if line["log_level"] == "error"]
    assert said == ["the drain did not end: what has not been committed will be sent again"]


async def test_a_fault_is_told_when_it_happens_and_not_only_at_the_end(app: App) -> None:
    with capture_logs() as logs:
        app.ask_to_stop(FatalError("the Kafka thread failed: KeyError"))
        app.ask_to_stop(FatalError("the drain failed as well: KeyError"))
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("it is not safe to go on", "the Kafka thread failed: KeyError"),
        ("stopping", None),
        ("it is not safe to go on", "the drain failed as well: KeyError"),
    ]
