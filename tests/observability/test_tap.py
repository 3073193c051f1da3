"""A person may look on: the next records with what they became, masked, without another reader."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from consumer.app import App
from consumer.errors import InvalidRecord
from consumer.model import Event, Mapped, Partition, Record
from tests.fakes import a_record
from tests.stage_doubles import V2

BODY = b'{"params":[{"name":"email","value":"ann@shop.ua"},{"name":"cart","value":"c-1"}]}'


async def asked(app: App, query: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.get(f"http://127.0.0.1:{app.port}/tap{query}")


async def armed(app: App) -> Callable[[Record, Mapped | InvalidRecord], None]:
    """The tap, once the question has come."""
    for _ in range(500):
        if app._pipeline.tapped is not None:
            return app._pipeline.tapped
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_the_next_records_come_with_what_they_became_and_nothing_personal(app: App) -> None:
    answering = asyncio.ensure_future(asked(app, "?records=3&seconds=10"))
    tapped = await armed(app)
    record = a_record(7, partition=Partition("shop.clicks", 0, 1), value=b"four")
    event = Event(V2, "cartUpdated", "cart", 0, BODY, ("ann@shop.ua",))
    tapped(record, Mapped([event]))
    tapped(record, Mapped([], filtered="no_rule"))
    tapped(record, InvalidRecord("decode", "truncated", "the record ends early"))
    assert app._pipeline.tapped is None, "whoever has seen enough costs nothing more"
    first, second, third = (await answering).json()
    assert first["record"] == "shop.clicks/0@7"
    [shown] = first["events"]
    assert (shown["endpoint"], shown["event"], shown["rule"]) == ("main/v2", "cartUpdated", "cart")
    assert json.loads(shown["body"])["params"][1] == {"name": "cart", "value": "c-1"}
    assert "ann@" not in json.dumps(first)
    assert (second["events"], second["filtered"]) == ([], "no_rule")
    assert third["failed"] == {
        "stage": "decode",
        "reason": "truncated",
        "detail": "the record ends early",
    }


async def test_where_nothing_comes_the_answer_is_empty_and_nothing_stays_behind(app: App) -> None:
    assert (await asked(app, "?records=5&seconds=0.05")).json() == []
    await asyncio.sleep(0)
    assert app._pipeline.tapped is None


@pytest.mark.parametrize("query", ["", "?records=x&seconds=1", "?records=1", "?seconds=1"])
async def test_a_question_that_is_none_is_answered_with_an_example(app: App, query: str) -> None:
    answer = await asked(app, query)
    assert (answer.status_code, answer.text) == (400, "/tap?records=10&seconds=10\n")


@pytest.mark.parametrize("query", ["?records=-1&seconds=nan", "?records=99999999&seconds=-5"])
async def test_odd_numbers_are_answered_at_once(app: App, query: str) -> None:
    assert (await asked(app, query)).json() == []
