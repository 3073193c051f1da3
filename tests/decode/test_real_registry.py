"""The same lookups on Apicurio, a registry that others wrote."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx
import pytest

from consumer.clock import SystemClock
from consumer.config.settings import DecodeSettings, RegistrySettings
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.errors import InvalidRecord, SchemaPending
from consumer.telemetry.tallies import Tallies
from tests.decode.encoding import a_value, confluent, field, record_type, until
from tests.parts.registry import Registry

pytestmark = pytest.mark.registry

VIEW = record_type("shop.View", field("sku", "string"))
CART = record_type("shop.Cart", field("m", "shop.Money"), field("total", "int"))
Unique = Callable[[str], str]


class Reader:
    """Decodes as the pipeline does, on the real clock."""

    def __init__(self, url: str) -> None:
        self.tallies = Tallies()
        settings = RegistrySettings(url=url, missing_grace=0.1)
        clock = SystemClock(asyncio.get_running_loop())
        self.client = RegistryClient(settings, tallies=self.tallies, clock=clock)
        readers = {"shop.View": VIEW, "shop.Cart": record_type("shop.Cart", field("total", "int"))}
        self._decoder = Decoder(
            registry=self.client,
            reader_schemas=lambda _: readers,
            settings=DecodeSettings(),
            tallies=self.tallies,
        )

    async def read(self, number: int, payload: bytes) -> Any:
        record = a_value(confluent(number, payload))
        try:
            return self._decoder.decode(record).value
        except SchemaPending as pending:
            await self._decoder.resolve(pending.ref)
        return self._decoder.decode(record).value


@pytest.fixture
async def reader(registry: Registry) -> AsyncIterator[Reader]:
    made = Reader(registry.url)
    yield made
    await made.client.close()


def post(registry: Registry, subject: str, schema: Any, references: Sequence[Any] = ()) -> int:
    answer = httpx.post(
        f"{registry.url}/subjects/{subject}/versions",
        json={"schema": json.dumps(schema), "schemaType": "AVRO", "references": list(references)},
        timeout=30,
        trust_env=False,
    )
    answer.raise_for_status()
    number: int = answer.json()["id"]
    return number


async def test_a_registered_schema_is_fetched_and_used(
    registry: Registry, reader: Reader, unique: Unique
) -> None:
    number = post(registry, unique("view-value"), VIEW)
    assert await reader.read(number, b"\x02a") == {"sku": "a"}
    assert reader.tallies.counter("schema_lookups").get("miss") == 1


async def test_an_id_that_was_never_given_is_known_not_to_exist(reader: Reader) -> None:
    with pytest.raises(InvalidRecord) as raised:
        await reader.read(987_654, b"\x02a")
    assert raised.value.reason == "unknown_schema"
    assert reader.tallies.counter("schema_lookups").get("error") == 0


async def test_references_are_followed(registry: Registry, reader: Reader, unique: Unique) -> None:
    money = unique("money")
    post(registry, money, {"type": "fixed", "name": "Money", "namespace": "shop", "size": 1})
    reference = {"name": "shop.Money", "subject": money, "version": 1}
    number = post(registry, unique("cart-value"), CART, [reference])
    assert await reader.read(number, b"x\x08") == {"total": 4}


async def test_a_wrong_base_path_is_no_proof_that_a_schema_is_missing(registry: Registry) -> None:
    reader = Reader(registry.url.replace("/ccompat/", "/no-such-api/"))
    asking = asyncio.create_task(reader.read(1, b"\x02a"))
    await until(lambda: reader.tallies.counter("schema_lookups").get("error") > 0)
    assert not asking.done()
    asking.cancel()
    await reader.client.close()
