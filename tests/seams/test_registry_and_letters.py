"""The registry's answers, its disk cache and credentials, and letters that cannot be handed over."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from structlog.testing import capture_logs

from consumer.config.secrets import Secret
from consumer.config.settings import RegistrySettings
from consumer.decode.api import RegistryApi, UnavailableError
from consumer.decode.cache import DiskCache
from consumer.delivery.dead_letters import writer as writing
from consumer.model import Failure
from consumer.sandbox.registry import SchemaRegistryDouble
from tests.decode.encoding import field, record_type
from tests.decode.test_registry_client import BridgeMaker
from tests.decode.test_registry_client import bridge as bridge  # noqa: PLC0414 a fixture
from tests.decode.test_registry_client import double as double  # noqa: PLC0414 a fixture
from tests.delivery.test_dead_letter import a_source_record, a_writer
from tests.seams.foreign import FOREIGN, SECRET, Once, raising


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_registry_answer_that_raises_costs_its_own_schema(
    double: SchemaRegistryDouble,
    bridge: BridgeMaker,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
) -> None:
    double.register("a", record_type("shop.View", field("sku", "string")))
    double.register("b", record_type("shop.Cart", field("total", "int")))
    one = bridge(double.url)
    await one.read(1)
    with monkeypatch.context() as broken:
        broken.setattr(httpx.AsyncClient, "stream", raising(kind))
        assert await one.reason(2) == "unsupported_schema"
    assert one.decode(1) == {"sku": "a"}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_kept_schema_that_raises_is_asked_for_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    cache = DiskCache(str(tmp_path), "http://registry")
    cache.store("7", ['"int"'])
    assert cache.load("7") == ['"int"']
    monkeypatch.setattr("consumer.decode.cache.json.loads", raising(kind))
    assert cache.load("7") is None


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_registry_token_that_raises_is_read_again_later(kind: type[Exception]) -> None:
    token = Secret("old", Once(kind, lambda: "new"))
    api = RegistryApi(RegistrySettings(url="http://127.0.0.1:1", token=token))
    with pytest.raises(UnavailableError) as raised:
        api._client("http://127.0.0.1:1")
    assert SECRET not in str(raised.value)
    assert api._client("http://127.0.0.1:1").headers["Authorization"] == "Bearer new"


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_letter_that_the_producer_cannot_take_is_held_and_written_again(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    written = asyncio.Event()
    produce = Once(kind, lambda *_, **__: written.set())
    client = SimpleNamespace(produce=produce, poll=lambda _: 0, purge=lambda: None)
    monkeypatch.setattr(writing, "AGAIN_SECONDS", 0)
    one = a_writer("127.0.0.1:1", "letters")
    monkeypatch.setattr(one, "_producer", client)
    with capture_logs() as lines:
        one.send(a_source_record(), [Failure("decode", "truncated", "x")], "d", lambda: None)
        await asyncio.wait_for(written.wait(), 10)
    assert one.outstanding == 1
    assert one.failing == "_FAIL"
    assert SECRET not in str(lines)
    await one.close(0)
