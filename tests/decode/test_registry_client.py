"""The registry client on the double: what it asks, believes, keeps, and waits for."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from consumer.config.settings import DecodeSettings, RegistrySettings
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.errors import InvalidRecord, SchemaPending, SetupError
from consumer.sandbox.registry import RegistryFault, SchemaRegistryDouble
from consumer.telemetry.tallies import Tallies
from tests.decode.encoding import a_value, confluent, field, record_type, until
from tests.fakes import ManualClock
from tests.parts.relay import relaying

pytestmark = pytest.mark.slow

VIEW = record_type("shop.View", field("sku", "string"))
CART = record_type("shop.Cart", field("total", "int"))


class Bridge:
    """A decoder and its registry client on a clock that stands still unless the test moves it."""

    def __init__(self, clock: ManualClock, url: str | list[str], **settings: Any) -> None:
        self.clock = clock
        self.tallies = Tallies()
        self.client = RegistryClient(
            RegistrySettings(url=url, **settings), tallies=self.tallies, clock=clock
        )
        readers = {"shop.View": VIEW, "shop.Cart": CART}
        self.decoder = Decoder(
            registry=self.client,
            reader_schemas=lambda _: readers,
            settings=DecodeSettings(),
            tallies=self.tallies,
        )

    def decode(self, schema_id: int, payload: bytes = b"\x02a") -> Any:
        return self.decoder.decode(a_value(confluent(schema_id, payload))).value

    async def read(self, schema_id: int, payload: bytes = b"\x02a") -> Any:
        """Decode as the pipeline does: wait for the schema if it is not known yet."""
        try:
            return self.decode(schema_id, payload)
        except SchemaPending as pending:
            await self.decoder.resolve(pending.ref)
        return self.decode(schema_id, payload)

    async def reason(self, schema_id: int) -> str:
        with pytest.raises(InvalidRecord) as raised:
            await self.read(schema_id)
        return raised.value.reason

    def lookups(self, result: str) -> int:
        return self.tallies.counter("schema_lookups").get(result)


@pytest.fixture
def double() -> Iterator[SchemaRegistryDouble]:
    with SchemaRegistryDouble() as running:
        yield running


BridgeMaker = Callable[..., Bridge]


@pytest.fixture
async def bridge() -> AsyncIterator[BridgeMaker]:
    """`bridge(url, **registry settings)`; all clients are closed at the end."""
    made: list[Bridge] = []

    def make(url: str | list[str], **settings: Any) -> Bridge:
        made.append(Bridge(ManualClock(), url, **settings))
        return made[-1]

    yield make
    for one in made:
        await one.client.close()


def unused_url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_a_schema_is_fetched_once_and_then_known(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("shop.clicks-value", VIEW)
    one = bridge(double.url)
    assert await one.read(1) == {"sku": "a"}
    assert one.decode(1) == {"sku": "a"}
    assert double.requests == ["GET /schemas/ids/1"]
    assert (one.lookups("miss"), one.lookups("hit")) == (1, 2)


async def test_concurrent_calls_share_one_request(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("shop.clicks-value", VIEW)
    double.fail_with(RegistryFault(delay=0.05))
    one = bridge(double.url)
    await asyncio.gather(*(one.client.resolve(1) for _ in range(20)))
    assert double.requests == ["GET /schemas/ids/1"]


async def test_one_caller_that_gives_up_does_not_stop_the_others(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("shop.clicks-value", VIEW)
    double.fail_with(RegistryFault(delay=0.1))
    one = bridge(double.url)
    first = asyncio.create_task(one.client.resolve(1))
    second = asyncio.create_task(one.client.resolve(1))
    await until(lambda: len(double.requests) == 1)
    first.cancel()
    await second
    assert one.decode(1) == {"sku": "a"}
    assert first.cancelled()


async def test_a_guid_in_the_header_is_looked_up(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    guid = double.guid(double.register("shop.clicks-value", VIEW))
    record = a_value(b"\x02a", [("__value_schema_id", b"\x01" + guid.bytes)])
    one = bridge(double.url)
    with pytest.raises(SchemaPending) as pending:
        one.decoder.decode(record)
    await one.decoder.resolve(pending.value.ref)
    decoded = one.decoder.decode(record)
    assert (decoded.value, decoded.schema_id) == ({"sku": "a"}, str(guid))


async def test_references_are_fetched_recursively(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("money", {"type": "fixed", "name": "shop.Money", "size": 2})
    double.register(
        "item",
        record_type("shop.Item", field("price", "shop.Money"), field("tax", "shop.Money")),
        references=[{"name": "shop.Money", "subject": "money", "version": 1}],
    )
    number = double.register(
        "cart-value",
        record_type("shop.Cart", field("items", {"type": "array", "items": "shop.Item"}),
                    field("total", "int"), field("deposit", "shop.Money")),
        references=[
            {"name": "shop.Money", "subject": "money", "version": 1},
            {"name": "shop.Item", "subject": "item", "version": 1},
        ],
    )  # fmt: skip
    one = bridge(double.url)
    assert await one.read(number, b"\x02abcd\x00\x08zz") == {"total": 4}
    assert sorted(double.requests) == [
        "GET /schemas/ids/3",
        "GET /subjects/item/versions/1?deleted=true",
        "GET /subjects/money/versions/1?deleted=true",
    ]


async def test_a_schema_that_refers_to_itself_does_not_go_round_for_ever(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    itself = [{"name": "shop.View", "subject": "a", "version": 1}]
    number = double.register("a", VIEW, references=itself)
    assert await bridge(double.url).read(number) == {"sku": "a"}


async def test_a_name_that_no_reference_gives_is_an_unsupported_schema(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    number = double.register("c", record_type("shop.Cart", field("w", "shop.Gone")))
    assert await bridge(double.url).reason(number) == "unsupported_schema"


async def test_a_reference_that_is_missing_is_waited_for(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    """The schema exists, so its reference does: this registry has not heard of it yet."""
    schema = record_type("shop.Cart", field("m", "shop.Money"), field("total", "int"))
    number = double.register(
        "c", schema, references=[{"name": "shop.Money", "subject": "money", "version": 1}]
    )
    one = bridge(double.url)
    waiting = asyncio.create_task(one.read(number, b"x\x08"))
    for _ in range(2):
        await until(lambda: one.clock.pending == 1)
        one.clock.advance(5)
    await until(lambda: one.clock.pending == 1)
    double.register("money", {"type": "fixed", "name": "shop.Money", "size": 1})
    one.clock.advance(5)
    assert await waiting == {"total": 4}


async def test_a_schema_that_is_not_avro_is_unsupported(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    number = double.register("p", 'syntax = "proto3";', kind="PROTOBUF")
    assert await bridge(double.url).reason(number) == "unsupported_schema"


async def test_an_avro_schema_that_cannot_be_read_is_unsupported(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    number = double.register("p", {"type": "record", "name": "A", "fields": [{"name": "x"}]})
    assert await bridge(double.url).reason(number) == "unsupported_schema"


def delete(double: SchemaRegistryDouble, number: int) -> None:
    """As a permanent delete does: the ids above it stay."""
    del double._shelf.schemas[number]


async def test_an_id_below_the_highest_known_is_believed_missing_at_once_and_for_a_while(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("a", CART)
    double.register("b", VIEW)
    delete(double, 1)
    one = bridge(double.url, missing_ttl=60)
    await one.read(2)
    async with asyncio.timeout(5):  # the clock stands still: a grace time would never end
        assert await one.reason(1) == "unknown_schema"
    assert await one.reason(1) == "unknown_schema"
    assert double.requests == ["GET /schemas/ids/2", "GET /schemas/ids/1"]
    assert one.lookups("negative") == 2
    one.clock.advance(61)
    assert await one.reason(1) == "unknown_schema"
    assert double.requests[2:] == ["GET /schemas/ids/1"]


async def test_a_lagging_follower_gets_time_to_learn_of_a_new_id(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("a", VIEW)
    one = bridge(double.url, missing_grace=15)
    await one.read(1)
    waiting = asyncio.create_task(one.read(2, b"\x08"))
    await until(lambda: one.clock.pending == 1)
    double.register("b", CART)
    assert not waiting.done()
    one.clock.advance(0.2)
    assert await waiting == {"total": 4}


async def test_a_new_id_that_stays_missing_is_believed_after_the_grace_time(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    one = bridge(double.url, missing_grace=15, retry_interval=5)
    began = one.clock.monotonic()
    waiting = asyncio.create_task(one.reason(7))
    while not waiting.done():
        await until(lambda: waiting.done() or one.clock.pending == 1)
        one.clock.advance(1)
    assert await waiting == "unknown_schema"
    assert 15 <= one.clock.monotonic() - began <= 22


async def test_an_absurd_id_does_not_hold_its_partition_up(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    async with asyncio.timeout(5):  # the clock stands still: a grace time would never end
        assert await bridge(double.url).reason(2**31 - 1) == "unknown_schema"


OUTAGES = {
    "internal error": RegistryFault(status=500),
    "bad gateway": RegistryFault(status=502, body=b"<html>", content_type="text/html"),
    "unauthorized": RegistryFault(status=401, body=b'{"error_code":401,"message":"no"}'),
    "forbidden": RegistryFault(status=403, body=b""),
    "throttled": RegistryFault(status=429),
    "a path that the registry does not have": RegistryFault(status=404, body=b'{"error_code":404}'),
    "a proxy's 404": RegistryFault(status=404, body=b"<html>not found</html>"),
    "a redirect to a login page": RegistryFault(status=302, body=b""),
    "a page instead of JSON": RegistryFault(status=200, body=b"<html>welcome</html>"),
    "JSON of something else": RegistryFault(status=200, body=b'{"status":"ok"}'),
    "a list": RegistryFault(status=200, body=b"[]"),
    "a schema that is no text": RegistryFault(status=200, body=b'{"schema":{"type":"int"}}'),
    "references that are none": RegistryFault(status=200, body=b'{"schema":"1","references":[7]}'),
    "an endless answer": RegistryFault(status=200, body=b'"' + b"x" * (9 * 1024**2)),
    "silence": RegistryFault(delay=3.0),
}


@pytest.mark.parametrize("outage", OUTAGES)
async def test_a_registry_that_cannot_be_asked_condemns_nothing_and_is_asked_again(
    double: SchemaRegistryDouble, bridge: BridgeMaker, outage: str
) -> None:
    double.register("a", VIEW)
    double.register("b", CART)
    one = bridge(double.url, timeout=1.0 if outage == "silence" else 30.0)
    await one.read(1)
    double.fail_with(OUTAGES[outage])
    with capture_logs() as logs:
        waiting = asyncio.create_task(one.read(2, b"\x08"))
        for _ in range(2):
            await until(lambda: one.clock.pending == 1)
            one.clock.advance(5)
        await until(lambda: one.clock.pending == 1)
        assert one.decode(1) == {"sku": "a"}  # known schemas go on
        assert one.lookups("error") == 3
        double.fail_with(None)
        one.clock.advance(5)
        assert await waiting == {"total": 4}
    assert [line["event"] for line in logs] == [
        "the schema registry cannot be asked; records of new schemas wait",
        "the schema registry answers again",
        "schema known",
    ]


async def test_an_answer_that_drips_for_ever_is_given_up(bridge: BridgeMaker) -> None:
    """Each read is quick enough for a timeout per read; only the whole takes too long."""

    hung_up = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        with contextlib.suppress(OSError):
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        hung_up.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        one = bridge(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=0.2)
        waiting = asyncio.create_task(one.read(1))
        await until(lambda: one.clock.pending == 1)
        waiting.cancel()
        await until(hung_up.is_set)


async def test_a_registry_that_is_down_is_waited_for(bridge: BridgeMaker) -> None:
    double = SchemaRegistryDouble()
    double.start()
    double.register("a", VIEW)
    double.stop()
    one = bridge(double.url)
    waiting = asyncio.create_task(one.read(1))
    await until(lambda: one.clock.pending == 1)
    double.start()
    one.clock.advance(1)
    assert await waiting == {"sku": "a"}
    double.stop()


async def test_several_urls_are_tried_in_order(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("a", VIEW)
    one = bridge([unused_url(), double.url])
    assert await one.read(1) == {"sku": "a"}
    assert one.lookups("error") == 0


async def test_a_schema_that_one_url_lacks_may_be_at_the_next(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("a", VIEW)
    with SchemaRegistryDouble() as follower:
        one = bridge([follower.url, double.url])
        assert await one.read(1) == {"sku": "a"}


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"username": "reader", "password": "s3cret"}, "Basic cmVhZGVyOnMzY3JldA=="),
        ({"token": "abc"}, "Bearer abc"),
        ({}, None),
    ],
)
async def test_credentials_are_sent_as_configured(
    double: SchemaRegistryDouble, bridge: BridgeMaker, settings: Any, header: str | None
) -> None:
    double.register("a", VIEW)
    await bridge(double.url, **settings).read(1)
    assert double.authorizations == [header]


async def test_a_token_that_no_header_can_hold_is_waited_out(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    """It is followed live: whoever rotates it may write nonsense first."""
    one = bridge(double.url, token="café")
    waiting = asyncio.create_task(one.read(1))
    await until(lambda: one.clock.pending == 1)
    waiting.cancel()
    assert double.requests == []


async def test_a_base_path_is_kept(double: SchemaRegistryDouble, bridge: BridgeMaker) -> None:
    one = bridge(f"{double.url}/apis/ccompat/v7/")
    waiting = asyncio.create_task(one.read(1))
    await until(lambda: one.clock.pending == 1)
    waiting.cancel()
    assert double.requests == ["GET /apis/ccompat/v7/schemas/ids/1"]


def test_certificate_files_that_are_missing_are_an_error_at_start(tmp_path: Path) -> None:
    settings = RegistrySettings(url="https://r", ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(SetupError, match=r"ca\.pem.*No such file"):
        RegistryClient(settings, tallies=Tallies(), clock=ManualClock())


async def test_a_warm_cache_starts_with_the_registry_down(
    bridge: BridgeMaker, tmp_path: Path
) -> None:
    double = SchemaRegistryDouble().start()
    double.register("money", {"type": "fixed", "name": "shop.Money", "size": 1})
    number = double.register(
        "b",
        record_type("shop.Cart", field("m", "shop.Money"), field("total", "int")),
        references=[{"name": "shop.Money", "subject": "money", "version": 1}],
    )
    assert await bridge(double.url, cache_dir=str(tmp_path)).read(number, b"x\x08") == {"total": 4}
    double.stop()
    again = bridge(double.url, cache_dir=str(tmp_path))
    assert await again.read(number, b"x\x08") == {"total": 4}
    assert again.lookups("error") == 0


async def test_the_highest_id_on_disk_counts_as_known(
    double: SchemaRegistryDouble, bridge: BridgeMaker, tmp_path: Path
) -> None:
    for number in range(3):
        double.register(f"s{number}", record_type(f"T{number}"))
    await bridge(double.url, cache_dir=str(tmp_path)).client.resolve(3)
    delete(double, 2)
    async with asyncio.timeout(5):  # the clock stands still: a grace time would never end
        assert await bridge(double.url, cache_dir=str(tmp_path)).reason(2) == "unknown_schema"


def the_file(folder: Path) -> Path:
    (file,) = folder.glob("*/1.json")
    return file


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'["no schema"]', b"[]", b"[7]", b"\xff\xfe", b'{"schema": 1}', b"[" * 99_999]
)  # fmt: skip
async def test_a_damaged_file_is_fetched_anew(
    double: SchemaRegistryDouble, bridge: BridgeMaker, tmp_path: Path, damage: bytes
) -> None:
    double.register("a", VIEW)
    await bridge(double.url, cache_dir=str(tmp_path)).read(1)
    file = the_file(tmp_path)
    file.write_bytes(damage)
    assert await bridge(double.url, cache_dir=str(tmp_path)).read(1) == {"sku": "a"}
    assert len(double.requests) == 2
    assert json.loads(json.loads(file.read_text())[0])["name"] == "shop.View"


async def test_ids_of_another_registry_are_not_mistaken(
    double: SchemaRegistryDouble, bridge: BridgeMaker, tmp_path: Path
) -> None:
    double.register("a", VIEW)
    await bridge(double.url, cache_dir=str(tmp_path)).read(1)
    with SchemaRegistryDouble() as other:
        other.register("a", CART)
        assert await bridge(other.url, cache_dir=str(tmp_path)).read(1, b"\x08") == {"total": 4}


async def test_a_folder_that_cannot_be_written_costs_only_the_warm_start(
    double: SchemaRegistryDouble, bridge: BridgeMaker, tmp_path: Path
) -> None:
    double.register("a", VIEW)
    double.register("b", CART)
    (tmp_path / "file").write_text("in the way")
    one = bridge(double.url, cache_dir=str(tmp_path / "file"))
    with capture_logs() as logs:
        assert await one.read(1) == {"sku": "a"}
        assert await one.read(2, b"\x08") == {"total": 4}
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "schemas cannot be kept on disk; a start with the registry down would wait"
    ]


async def test_closing_gives_up_what_is_being_asked(bridge: BridgeMaker) -> None:
    one = bridge(unused_url())
    waiting = asyncio.create_task(one.client.resolve(1))
    await until(lambda: one.clock.pending == 1)
    await one.client.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert one.clock.pending == 0


async def test_tls_takes_the_authority_and_certificate_that_are_configured(
    double: SchemaRegistryDouble, bridge: BridgeMaker, tmp_path: Path
) -> None:
    double.register("a", VIEW)
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("bridge.example")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "certificate", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    ours.cert_chain_pems[0].write_to_path(files["certificate"])
    ours.private_key_pem.write_to_path(files["key"])

    async with relaying(int(double.url.rsplit(":", 1)[1]), tls=server) as port:
        url = f"https://127.0.0.1:{port}"
        one = bridge(
            url,
            ca_file=files["ca"],
            certificate_file=files["certificate"],
            key_file=files["key"],
        )
        assert await one.read(1) == {"sku": "a"}

        stranger = bridge(url)  # trusts the system's authorities only
        waiting = asyncio.create_task(stranger.read(1))
        await until(lambda: stranger.clock.pending == 1)
        assert stranger.lookups("error") == 1
        waiting.cancel()
        await stranger.client.close()
