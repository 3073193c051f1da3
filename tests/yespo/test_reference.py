"""The reference page and the JSON Schema come from the models that validate."""

import json
from pathlib import Path

import pytest

from consumer.model import Api
from consumer.yespo.catalogue import EVENTS, LEGACY_EVENTS, V2_EVENTS
from consumer.yespo.declaration import Sample
from consumer.yespo.spec import AccountContext
from docs.generators.events_page import SAMPLE_PERSON, SAMPLE_TIME, json_schema, reference

DOCS = Path(__file__).parents[2] / "docs"
SAMPLES: dict[tuple[Api, str], Sample] = {
    **{("legacy", name): declared.sample for name, declared in LEGACY_EVENTS.items()},
    **{("v2", name): declared.sample for name, declared in V2_EVENTS.items()},
}


def test_the_page_of_events_is_fresh() -> None:
    assert (DOCS / "events.md").read_text() == reference(), "run `make docs`"


def test_the_page_names_every_event_and_field_with_its_source() -> None:
    page = reference()
    for (api, name), event in EVENTS.items():
        if api != "past_events":
            assert f"### {name}\n" in page
            for field in event.fields:
                assert f"`{field.name}" in page
                assert field.doc
                assert field.source
    assert "| `ProductUpdate[].tag_oldprice` | texts |" in page
    assert "| `Product.productKey` | text | required | Product ID" in page


def test_the_schema_of_a_legacy_event_is_the_model() -> None:
    schema = json_schema("legacy", "StatusCart")
    assert schema["required"] == ["GUID", "Products"]
    assert schema["additionalProperties"] is False
    line = schema["$defs"]["CartLine"]
    assert line["required"] == ["productKey", "price", "quantity"]
    assert line["properties"]["quantity"]["type"] == "integer"
    assert line["properties"]["quantity"]["minimum"] == 0
    assert "USD" in line["properties"]["price_currency_code"]["enum"]


def test_the_schema_of_a_v2_event_takes_free_params() -> None:
    schema = json_schema("v2", "cartUpdated")
    assert schema["required"] == ["products", "recycleStateId"]
    assert schema["additionalProperties"]


@pytest.mark.parametrize("key", sorted(SAMPLES), ids=lambda key: f"{key[0]}-{key[1]}")
def test_a_schema_can_be_made_of_every_event(key: tuple[Api, str]) -> None:
    api, name = key
    schema = json_schema(api, name)
    assert json.loads(json.dumps(schema))["type"] == "object"
    event = EVENTS[api, name]
    account = AccountContext("main", "8A412DC", dialect="reteno")
    assert event.build(account, SAMPLE_PERSON, SAMPLE_TIME, SAMPLES[api, name]).left_out == ()
