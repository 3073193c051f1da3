"""Trees of schema references, as registries have them, and what of them costs a schema."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from consumer.config.settings import RegistrySettings
from consumer.decode.api import Incomplete, RegistryApi, UnavailableError, Unsupported
from consumer.sandbox.registry import SchemaRegistryDouble
from tests.decode.encoding import field, record_type, until
from tests.decode.test_registry_client import Bridge, BridgeMaker
from tests.decode.test_registry_client import bridge as bridge  # noqa: PLC0414 a fixture
from tests.decode.test_registry_client import double as double  # noqa: PLC0414 a fixture

MONEY = {"type": "fixed", "name": "shop.Money", "size": 1}
MONEY_REF = {"name": "shop.Money", "subject": "money", "version": 1}
CART = record_type("shop.Cart", field("m", "shop.Money"), field("total", "int"))


async def test_a_reference_to_a_subject_that_is_deleted_softly_is_followed(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("money", MONEY)
    number = double.register("cart", CART, references=[MONEY_REF])
    double._shelf.deleted.add("money")
    assert await bridge(double.url).read(number, b"x\x08") == {"total": 4}


async def test_two_ways_to_one_type_define_it_once(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("money", MONEY)
    parts = [field("m", "shop.Money")]
    for name in ("Left", "Right"):
        double.register(name, record_type(f"shop.{name}", *parts), references=[MONEY_REF])
    sides = [field("left", "shop.Left"), field("right", "shop.Right"), field("total", "int")]
    refs = [{"name": f"shop.{name}", "subject": name, "version": 1} for name in ("Left", "Right")]
    number = double.register("cart", record_type("shop.Cart", *sides), references=refs)
    assert await bridge(double.url).read(number, b"xy\x08") == {"total": 4}


async def passed(one: Bridge, seconds: float, waiting: asyncio.Task[Any]) -> None:
    for _ in range(int(seconds)):
        await until(lambda: waiting.done() or one.clock.pending == 1)
        one.clock.advance(1)


async def test_a_reference_that_stays_missing_costs_the_records_that_need_it_and_may_come_back(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    number = double.register("cart", CART, references=[MONEY_REF])
    one = bridge(double.url, missing_grace=15, missing_ttl=60)
    waiting = asyncio.create_task(one.reason(number))
    await passed(one, 22, waiting)
    assert await waiting == "unsupported_schema"
    double.register("money", MONEY)
    one.clock.advance(60)
    assert await one.read(number, b"x\x08") == {"total": 4}


async def test_more_references_than_a_schema_has_are_refused(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    refs = []
    for place in range(101):
        double.register(f"s{place}", {"type": "fixed", "name": f"shop.F{place}", "size": 1})
        refs.append({"name": f"shop.F{place}", "subject": f"s{place}", "version": 1})
    number = double.register("cart", CART, references=refs)
    assert await bridge(double.url).reason(number) == "unsupported_schema"


def answering(monkeypatch: pytest.MonkeyPatch, answer: Any) -> RegistryApi:
    """An api whose questions `answer(request)` answers."""
    make = httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:
        options.pop("verify")
        return make(transport=httpx.MockTransport(answer), **options)

    monkeypatch.setattr(httpx, "AsyncClient", client)
    return RegistryApi(RegistrySettings(url="http://registry"))


def schema(**more: Any) -> bytes:
    return json.dumps({"schema": '"int"', **more}).encode()


async def test_a_schema_and_all_that_it_refers_to_share_one_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        inner = {"name": "x", "subject": f"s{asked}", "version": 1}
        return httpx.Response(200, stream=Raw(schema(doc="x" * 1_000_000, references=[inner])))

    found = await answering(monkeypatch, answer).fetch(1)
    assert found == Unsupported("it has more than 8,388,608 bytes with all that it refers to")
    assert asked == 9


async def test_answers_are_asked_for_uncompressed_and_counted_inflated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        packed = gzip.compress(schema(doc="x" * 100_000_000))
        assert len(packed) < 200_000
        return httpx.Response(200, stream=Raw(packed), headers={"Content-Encoding": "gzip"})

    found = await answering(monkeypatch, answer).fetch(1)
    assert found == Unsupported("it has more than 8,388,608 bytes with all that it refers to")


async def test_a_proxy_that_compresses_all_the_same_is_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, stream=Raw(gzip.compress(schema())), headers={"Content-Encoding": "gzip"}
        )

    assert await answering(monkeypatch, answer).fetch(1) == ['"int"']


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "x" * 5000])
async def test_another_encoding_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    packed = gzip.compress(gzip.compress(schema()))

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Raw(packed), headers={"Content-Encoding": encoding})

    with pytest.raises(UnavailableError, match="an answer in the encoding"):
        await answering(monkeypatch, answer).fetch(1)


async def test_a_type_of_seven_megabytes_is_told_in_a_hundred_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Raw(schema(schemaType="P\ud800" + "x" * 7_000_000)))

    found = await answering(monkeypatch, answer).fetch(1)
    assert isinstance(found, Unsupported)
    assert len(found.why.encode()) < 150
    assert found.why.startswith("it is of type P\\ud800xxx")


async def test_a_subject_that_is_no_unicode_costs_its_schema(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        refs = [{"name": "x", "subject": "\ud800", "version": 1}]
        return httpx.Response(200, stream=Raw(schema(references=refs)))

    found = await answering(monkeypatch, answer).fetch(1)
    assert found == Unsupported("it refers to a subject whose name is no Unicode")


async def test_a_missing_reference_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/subjects"):
            return httpx.Response(404, stream=Raw(b'{"error_code": 40402}'))
        return httpx.Response(200, stream=Raw(schema(references=[MONEY_REF])))

    found = await answering(monkeypatch, answer).fetch(1)
    why = "it refers to /subjects/money/versions/1, which the registry does not have"
    assert found == Incomplete(why)


class Raw(httpx.AsyncByteStream):
    """A body as it is on the wire."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> Any:
        for start in range(0, len(self._data), 4096):
            yield self._data[start : start + 4096]
