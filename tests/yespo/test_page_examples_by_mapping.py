"""Every example body of the vendor's pages, and every documented form that no page shows whole, comes
out of a mapping: Avro bytes -> decoder -> the YAML files in `shop/` -> a request equal to the page's.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import fastavro
import orjson
import pytest

from consumer.config.settings import DecodeSettings
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.delivery.past_events import item
from consumer.errors import InvalidRecord
from consumer.mapping.check.checked import Account
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.mapping.workbench.json_form import JsonForm
from consumer.model import Api, Event, Mapped, Partition, Record
from consumer.sandbox.broker import confluent_frame
from consumer.telemetry.tallies import Tallies
from consumer.yespo.judge import judge
from consumer.yespo.spec import AccountContext
from tests.content.make_fixtures import encode
from tests.content.test_through_the_stages import Known
from tests.yespo.page_examples import FOLDER, FULL, ITEMS, Example

SHOP = Path(__file__).parent / "shop"
FORMS = Path(__file__).parent / "forms"
RECORDS: dict[str, Any] = json.loads((SHOP / "records.json").read_text())
SCHEMA = fastavro.parse_schema(json.loads((SHOP / "shop.avsc").read_text()))
TOPICS: dict[Api, str] = {"legacy": "shop.tracker", "v2": "shop.events"}
SITES = {
    "main": "8A412DC",
    "reteno": "8A412DC",
    "second": "8D3869C",
    "searches": "CE460EC",
    "catalogue": "site_id",
}
FORMS_BY_RECORD: tuple[tuple[str, Api, str], ...] = (
    ("StatusCart-emptied", "legacy", "emptied cart"),
    ("PurchasedItems-products-and-guid", "legacy", "order with its cart"),
    ("SearchRequest-without-isFound", "legacy", "search of unknown result"),
    ("cartUpdated-emptied", "v2", "v2 emptied cart"),
    ("orderCreated-whole", "v2", "order created"),
    ("orderUpdated-required", "v2", "order updated"),
    ("orderDelivered-required", "v2", "order delivered"),
    ("orderCancelled-required", "v2", "order cancelled"),
    ("loyaltyLevelChanged-declared", "v2", "level"),
)
"""(file, API, record)."""
OBJECTS = (
    ("pageViewed-objects", "v2 page"),
    ("productViewed-objects", "v2 product"),
    ("productCategoryViewed-objects", "v2 category"),
    ("cartUpdated-objects", "v2 cart"),
    ("productImpressions-objects", "v2 block"),
    ("productAddedToWishlist-objects", "v2 wish"),
)
"""The same v2 examples from an account that sends nested values as objects (K44)."""


@cache
def the_shop(dialect: str = "yespo", v2_values: str = "text") -> MappingUnit:
    """Both mapping files, compiled for accounts of one kind. Account `reteno` always is of that."""
    accounts = {
        name: Account(
            AccountContext(
                name,
                site,
                dialect="reteno" if name == "reteno" else dialect,
                v2_values=v2_values,
                phones="as_given",
            ),
            frozenset({"legacy", "v2"}),
        )
        for name, site in SITES.items()
    }
    unit, findings, read = check_unit([SHOP / "tracker.yaml", SHOP / "events.yaml"], accounts, SHOP)
    assert unit is not None, render(findings, read)
    assert not findings, render(findings, read)
    return unit


def mapped(unit: MappingUnit, api: Api, name: str, **more: Any) -> Mapped:
    """What becomes of the record of this name, from its Avro bytes on."""
    value = confluent_frame(1, encode(SCHEMA, JsonForm(SCHEMA).decoded(RECORDS[name] | more)))
    record = Record(Partition(TOPICS[api], 0, 1), 0, b"k", value, (), 1_795_165_200_000)
    decoder = Decoder(
        registry=cast("RegistryClient", Known(SCHEMA)),
        reader_schemas=unit.reader_schemas,
        settings=DecodeSettings(),
        tallies=Tallies(),
    )
    return unit.map(record, decoder.decode(record))


def only_event(unit: MappingUnit, api: Api, name: str, **more: Any) -> Event:
    (event,) = mapped(unit, api, name, **more).events
    return event


def canonical(document: object) -> str:
    """Equal only for the same JSON: unlike `==` in Python, 1 is neither 1.0 nor true."""
    return json.dumps(document, sort_keys=True)


def same(body: bytes, page: object) -> None:
    assert json.loads(body) == page
    assert canonical(json.loads(body)) == canonical(page)


def form(file: str) -> Any:
    return json.loads((FORMS / f"{file}.json").read_text())


@pytest.mark.parametrize("dialect", ["yespo", "reteno"])
@pytest.mark.parametrize("example", FULL, ids=lambda example: example.file)
def test_an_example_of_the_vendor_comes_out_of_a_mapping_as_it_stands_there(
    example: Example, dialect: str
) -> None:
    event = only_event(the_shop(dialect), example.api, example.record)
    page = json.loads(example.text)
    for name, value in example.sent_otherwise.items():
        assert page["GeneralInfo"].pop(name) == value
    assert (event.endpoint.api, event.name) == (example.api, example.event)
    same(event.body, page)


@pytest.mark.parametrize(("file", "record"), [entry[:2] for entry in ITEMS])
def test_a_snippet_of_a_product_update_comes_out_of_a_mapping_as_it_stands_there(
    file: str, record: str
) -> None:
    page = json.loads((FOLDER / f"{file}.json").read_text())
    general = {"eventName": "ProductUpdate", "siteId": "site_id"}
    event = only_event(the_shop(), "legacy", record)
    same(event.body, {"GeneralInfo": general, "ProductUpdate": [page]})


@pytest.mark.parametrize(("file", "api", "record"), FORMS_BY_RECORD)
def test_a_documented_form_comes_out_of_a_mapping_as_it_is_written_down(
    file: str, api: Api, record: str
) -> None:
    event = only_event(the_shop(), api, record)
    same(event.body, form(file))
    assert judge(api, event.body) == []


@pytest.mark.parametrize(("file", "record"), OBJECTS)
def test_a_v2_example_comes_out_with_objects_where_the_account_asks_for_them(
    file: str, record: str
) -> None:
    event = only_event(the_shop(v2_values="object"), "v2", record)
    same(event.body, form(file))
    assert judge("v2", event.body) == []


def test_past_events_hold_the_same_events_with_the_minute_they_happened() -> None:
    shop = the_shop()
    cart = only_event(shop, "v2", "v2 cart", at="2020-01-21T15:56:23.208Z")
    search = only_event(shop, "v2", "v2 search", at="2022-11-18T17:29:12Z")
    assert cart.when_older == search.when_older == "past_events"
    body = b'{"events":[' + item(cart) + b"," + item(search) + b"]}"
    same(body, form("past_events-two"))
    assert judge("past_events", body) == []


def test_a_purchase_by_guid_alone_is_no_request_in_the_yespo_dialect() -> None:
    with pytest.raises(InvalidRecord) as caught:
        mapped(the_shop(), "legacy", "order by its cart", account="main")
    assert caught.value.reason == "dialect"


@pytest.mark.parametrize("example", FULL, ids=lambda example: example.file)
def test_a_program_compiled_again_sends_the_same_bytes(example: Example) -> None:
    again = the_shop.__wrapped__()
    event = only_event(again, example.api, example.record)
    assert event.body == only_event(the_shop(), example.api, example.record).body
    assert event.body == orjson.dumps(orjson.loads(event.body)), "as compact as it can be"


def test_every_record_and_every_form_is_used() -> None:
    used = {example.record for example in FULL} | {record for _, record, _ in ITEMS}
    used |= {record for _, _, record in FORMS_BY_RECORD} | {record for _, record in OBJECTS}
    assert used == set(RECORDS)
    files = {file for file, _, _ in FORMS_BY_RECORD} | {file for file, _ in OBJECTS}
    assert files | {"past_events-two"} == {path.stem for path in FORMS.glob("*.json")}
