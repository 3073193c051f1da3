"""Shipped content through the real decoder and the real mapping, without Kafka or HTTP."""

import json
from collections import Counter
from itertools import islice
from random import Random
from typing import Any, cast

import orjson
import pytest

from consumer.avro.nodes import Node
from consumer.avro.schema import parse
from consumer.config.settings import DecodeSettings
from consumer.decode.api import Missing
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.errors import InvalidRecord
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.json_form import JsonForm
from consumer.model import Mapped, Partition, Record
from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.poison import Poison, poison
from consumer.sandbox.visitors import Visitors, key_of
from consumer.telemetry.tallies import Tallies
from tests.content.make_fixtures import RECORDS, fixtures, load_schema
from tests.content.test_schemas import old_product_view
from tests.content.test_shipped_mappings import LEGACY, MAPPINGS, V2

NOW = 1_795_165_200_000
TOPICS = {
    ".": "shop.clicks",
    "flat": "web.events",
    "segment": "segment.events",
    "union": "market.events",
    "union_catalogue": "market.events",
}


class Known:
    """A registry that knows these schemas and has been asked for them already."""

    def __init__(self, *schemas: Any) -> None:
        self._nodes: dict[object, Node] = {
            number: parse(schema) for number, schema in enumerate(schemas, start=1)
        }

    def get(self, ref: object) -> Node | Missing:
        return self._nodes.get(ref, Missing())


class Line:
    """Decoder and mapping in a row."""

    def __init__(self, *schemas: Any, projected: bool = True) -> None:
        self.unit: MappingUnit = load_unit(MAPPINGS, TEST_ACCOUNTS)
        self.tallies = Tallies()
        self.decoder = Decoder(
            registry=cast("RegistryClient", Known(*schemas)),
            reader_schemas=self.unit.reader_schemas,
            settings=DecodeSettings(),
            tallies=self.tallies,
            reads=self.unit.reads if projected else lambda _: {},
        )

    def take(self, value: bytes, topic: str = "shop.clicks") -> Mapped:
        record = Record(Partition(topic, 0, 1), 0, None, value, (), NOW)
        return self.unit.map(record, self.decoder.decode(record))


@pytest.mark.parametrize("folder", RECORDS)
def test_the_decoder_reads_each_fixture_as_a_person_wrote_it(folder: str) -> None:
    schema = load_schema(*RECORDS[folder])
    line = Line(schema, projected=False)
    for path in fixtures(folder):
        value = b"\x00\x00\x00\x00\x01" + path.with_suffix(".bin").read_bytes()
        record = Record(Partition(TOPICS[folder], 0, 1), 0, None, value, (), NOW)
        decoded = line.decoder.decode(record)
        assert decoded.type_name == RECORDS[folder][1]
        assert decoded.value == JsonForm(schema).decoded(json.loads(path.read_text())), path.name


def test_a_record_written_with_version_one_of_the_schema_is_delivered() -> None:
    schema = load_schema("versions/shop_click.v1")
    (legacy, v2) = Line(schema).take(AvroWriter(schema, 1)(old_product_view())).events
    assert orjson.loads(legacy.body) == {
        "GeneralInfo": {
            "eventName": "ProductPage",
            "siteId": "8A412DC",
            "datetime": 1_600_000_000_000,
            "externalCustomerId": "C-1",
            "cookies": {"sc": "sc-1"},
        },
        "ProductPage": {
            "Product": {"productKey": "100-01", "price": "201.95 UAH", "isInStock": "1"},
            "Tags": {"language": ["uk"], "seq": ["0"]},
        },
    }
    assert orjson.loads(v2.body) == {
        "eventTypeKey": "productViewed",
        "keyValue": "C-1",
        "params": [
            {"name": "externalCustomerId", "value": "C-1"},
            {"name": "product", "value": '{"productId":"100-01","price":201.95,"isInStock":1}'},
            {"name": "currencyCode", "value": "UAH"},
            {"name": "language", "value": "uk"},
            {"name": "seq", "value": 0},
        ],
    }


def test_visitors_make_every_documented_event_and_never_a_bad_one() -> None:
    schema = load_schema("shop_click")
    line, write = Line(schema), AvroWriter(schema, 1)
    made: Counter[str] = Counter()
    ends: Counter[str | None] = Counter()
    for record in islice(Visitors(11, lambda: NOW).records(), 4_000):
        mapped = line.take(write(record))
        ends[mapped.filtered] += 1
        made.update(event.name for event in mapped.events)
        assert mapped.filtered in {None, "no_marketing_consent", "no_identifier"}
    assert set(made) == LEGACY | V2
    assert min(made.values()) >= 10
    assert ends[None] > 2_000


def seq_of(body: dict[str, Any]) -> int | None:
    """The visitor's running number in a delivered event; None where the event has no free fields."""
    if "params" in body:
        return next(int(param["value"]) for param in body["params"] if param["name"] == "seq")
    (content,) = [value for name, value in body.items() if name != "GeneralInfo"] or [{}]
    tags = content.get("Tags") if isinstance(content, dict) else None
    return int(tags["seq"][0]) if tags else None


def test_the_mapping_names_its_schemas_by_the_same_object_each_time() -> None:
    # Else the decoder would settle every record's schema anew.
    unit = load_unit(MAPPINGS, TEST_ACCOUNTS)
    assert unit.reader_schemas("shop.clicks") is unit.reader_schemas("shop.clicks")


def test_a_visitors_running_number_survives_into_what_is_delivered() -> None:
    schema = load_schema("shop_click")
    line, write = Line(schema), AvroWriter(schema, 1)
    without = set()
    for record in islice(Visitors(12, lambda: NOW).records(), 1_000):
        for event in line.take(write(record)).events:
            seq = seq_of(orjson.loads(event.body))
            if seq is None:
                without.add(event.name)
            else:
                assert seq == record["seq"]
    assert without == {"CustomerData", "SearchRequest", "ProductUpdate"}


def a_click() -> dict[str, Any]:
    records = islice(Visitors(1, lambda: NOW).records(), 300)
    return next(record for record in records if record["kind"] == "cart_add")


BAD = list(poison(a_click(), AvroWriter(load_schema("shop_click"), 1), Random(5)))


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_record_is_stopped_at_the_stage_it_says(bad: Poison) -> None:
    line = Line(load_schema("shop_click"))
    with pytest.raises(InvalidRecord) as caught:
        line.take(bad.value)
    assert caught.value.stage == bad.stage


def test_the_bad_records_are_refused_for_these_reasons() -> None:
    line = Line(load_schema("shop_click"))
    reasons = {}
    for bad in BAD:
        with pytest.raises(InvalidRecord) as caught:
            line.take(bad.value)
        reasons[bad.name] = caught.value.reason
    assert reasons == {
        "empty": "unknown_framing",
        "not-avro": "unknown_framing",
        "noise": "unknown_framing",
        "only-the-frame": "truncated",
        "truncated": "truncated",
        "trailing-bytes": "trailing_bytes",
        "unknown-schema-id": "unknown_schema",
        "blank-product-id": "blank",
        "negative-price": "number",
        "price-not-a-number": "number",
        "unknown-currency": "currency",
        "negative-quantity": "range",
        "larger-than-20-kb": "body_size",
        "before-all-time": "time",
    }


def test_what_is_delivered_is_keyed_by_the_visitor() -> None:
    schema = load_schema("shop_click")
    line, write = Line(schema), AvroWriter(schema, 1)
    for record in islice(Visitors(13, lambda: NOW).records(), 500):
        for event in line.take(write(record)).events:
            if record["visitor_id"]:
                assert key_of(record) in event.order_by
