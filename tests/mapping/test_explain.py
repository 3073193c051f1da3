"""`mapping explain`: what it says of a record, and that it shows nobody's data."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from consumer.mapping.unit import check_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.explain import Explainer
from consumer.mapping.workbench.explain_text import pretty, render
from consumer.mapping.workbench.json_form import JsonForm
from consumer.model import Decoded, Endpoint, Partition, Record
from tests.mapping.shipped import FOLDERS, records_of, unit_of

WORKBENCH = Path(__file__).parent / "workbench"
VIEW: dict[str, Any] = {
    "kind": "view",
    "event_time": "2026-11-20T09:00:00Z",
    "visitor": "c-417",
    "email": "Olena@example.ua",
    "consent": True,
    "sku": "100-01",
    "price": 201.95,
    "brand": "Owl",
}


def explained(mapping: Path = WORKBENCH / "shop.yaml", **fields: Any) -> dict[str, Any]:
    """What is said of `VIEW` with `fields` replaced."""
    unit, _, files = check_unit([mapping], TEST_ACCOUNTS, WORKBENCH)
    assert unit is not None
    value = JsonForm(unit.mappings[0].reader_schema).decoded(VIEW | fields)
    record = Record(Partition("clicks", 0, 1), 42, b"c-417", b"", (), 1_795_165_200_000)
    urls = {Endpoint("main", "v2"): "https://yespo.io/api/v2/event"}
    explainer = Explainer(unit, files.documents, urls, show_personal=True)
    return explainer.explain(record, Decoded(value, "shop.Click", "7"))


def rule(explained: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [rule for rule in explained["rules"] if rule["name"] == name]
    assert isinstance(found, dict)
    return found


def test_the_first_false_part_of_a_condition_is_named_with_its_place() -> None:
    found = rule(explained(kind="search", query="mug"), "product viewed")
    assert found["state"] == "refused"
    assert found["failed"] == 'kind == "view"'
    assert found["at"] == "shop.yaml:16:11"
    assert found["because"] == "false"
    assert found["read"] == {"kind": "search"}


def test_a_part_that_fails_for_want_of_a_value_is_absent_and_not_false() -> None:
    found = rule(explained(price=None), "product viewed")
    assert (found["failed"], found["because"]) == ("price > 0", "absent")
    assert found["read"] == {"price": None}
    assert "price > 0 cannot be true: price is absent" in render(explained(price=None))
    assert "price > 0 is false: price is -1.0" in render(explained(price=-1))


def test_a_null_test_is_false_and_says_what_is_absent() -> None:
    found = rule(explained(sku=None), "product viewed")
    assert (found["failed"], found["because"]) == ("sku != null", "false")
    assert "sku != null is false: sku is absent" in render(explained(sku=None))


def test_rules_below_the_one_that_took_it_were_not_reached() -> None:
    found = explained()
    assert rule(found, "product viewed")["state"] == "taken"
    assert rule(found, "searched")["state"] == "not_reached"
    assert rule(found, "searched")["holds"] is False


def test_a_suppressed_record_names_the_reason_and_looks_at_no_rule() -> None:
    found = explained(consent=None)
    assert found["suppress"] == [{"reason": "no_consent", "holds": True}]
    assert found["rules"] == []
    assert (found["end"], found["reason"]) == ("filtered", "no_consent")
    assert "suppressed: no_consent" in render(found)


def test_each_field_says_which_expression_gave_it_and_what_that_reads() -> None:
    [legacy, v2] = explained()["events"]
    assert [
        (one["field"], one["value"], one["expression"], one["reads"]) for one in v2["fields"]
    ] == [
        ("product.id", "100-01", "sku", ["sku"]),
        ("product.price", 201.95, "price", ["price"]),
        ("product.properties.brand", ["owl"], "lower(brand)", ["brand"]),
    ]
    assert legacy["fields"] == v2["fields"]
    assert v2["fields"][2]["at"] == "shop.yaml:23:20"


def test_the_request_is_the_one_that_would_go_out() -> None:
    [legacy, v2] = explained()["events"]
    assert (v2["method"], v2["url"]) == ("POST", "https://yespo.io/api/v2/event")
    assert legacy["url"] == "<url of main/legacy>"
    body = (
        b'{"eventTypeKey":"productViewed","keyValue":"olena@example.ua","params":['
        b'{"name":"email","value":"olena@example.ua"},{"name":"product",'
        b'"value":"{\\"productId\\":\\"100-01\\",\\"price\\":201.95,\\"brand\\":[\\"owl\\"]}"}]}'
    )
    assert v2["body"] == orjson.loads(body)
    assert v2["bytes"] == len(body)
    assert (v2["sent_until"], v2["when_older"]) == ("2026-11-21T09:00:00.000Z", "drop")
    assert (legacy["sent_until"], legacy["when_older"]) == (None, "send")


def test_of_a_cart_that_may_be_superseded_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "click.avsc").write_text((WORKBENCH / "click.avsc").read_text())
    mapping = tmp_path / "shop.yaml"
    carts = (
        (WORKBENCH / "shop.yaml")
        .read_text()
        .replace(
            "- legacy: SearchRequest\n        search: query",
            "- legacy: StatusCart\n        GUID: uuid(query)\n        Products: []\n"
            "        conflate: true",
        )
    )
    mapping.write_text(carts)
    found = explained(mapping, kind="search", query="mug")
    assert [event["conflate"] for event in found["events"]] == [True]
    line = "left out if the next cart of the same person comes while this one waits (conflate)"
    assert line in render(found)
    views = explained(mapping)
    assert [event["conflate"] for event in views["events"]] == [False, False]
    assert line not in render(views)


def test_events_that_are_not_built_say_why() -> None:
    found = explained(email=None)
    assert [event["api"] for event in found["events"]] == ["legacy"]
    assert found["skipped"] == [
        {"api": "v2", "account": "main", "reason": "no_identifier", "count": 1}
    ]
    assert "v2 needs an identifier" in render(found)
    nobody = explained(email=None, visitor=None)
    assert [send["events"] for send in nobody["not_built"]] == [
        ["legacy ProductPage", "v2 productViewed"]
    ]
    assert (nobody["end"], nobody["reason"]) == ("filtered", "no_identifier")


def test_values_left_out_are_named_without_their_value() -> None:
    found = explained(visitor="undefined")
    assert found["left_out"] == [{"field": "cookie", "reason": "blank", "count": 1}]
    assert "left out: cookie (blank)" in render(found)


def test_an_invalid_record_says_where_it_goes_and_what_had_been_filled() -> None:
    found = explained(sku=" ")
    assert (found["end"], found["reason"]) == ("invalid", "blank")
    assert "goes to the dead letters: blank (product viewed: " in render(found)
    [send] = found["not_built"]
    assert send["fields"][0]["expression"] == "sku"


def test_every_send_that_was_tried_is_shown_when_the_second_event_of_a_both_is_refused(
    tmp_path: Path,
) -> None:
    text = (WORKBENCH / "shop.yaml").read_text()
    text = text.replace("price: price", 'price: coalesce(brand, "1")')
    mapping = tmp_path / "shop.yaml"
    mapping.write_text(text.replace("click.avsc", str(WORKBENCH / "click.avsc")))
    found = explained(mapping, brand="7 UAH")
    assert found["detail"] == "product viewed: productViewed.params.product.price number"
    assert found["events"] == []
    [send] = found["not_built"]
    assert send["events"] == ["legacy ProductPage", "v2 productViewed"]
    assert [(one["field"], one["value"], one["expression"]) for one in send["fields"]] == [
        ("product.id", "100-01", "sku"),
        ("product.price", "7 UAH", 'coalesce(brand, "1")'),
        ("product.properties.brand", ["7 uah"], "lower(brand)"),
    ]
    assert "no event: legacy ProductPage and v2 productViewed" in render(found)


def test_a_record_that_no_mapping_takes_is_explained_too() -> None:
    unit, files = unit_of(".")
    record = Record(Partition("elsewhere", 0, 1), 1, None, b"", (), 0)
    found = Explainer(unit, files.documents, {}).explain(record, Decoded({}, "shop.Click", "7"))
    assert (found["end"], found["reason"]) == ("invalid", "unmapped_type")
    assert "dead letters: unmapped_type" in render(found)


@pytest.mark.parametrize("folder", FOLDERS)
def test_nobodys_data_is_shown_unless_asked_for(folder: str) -> None:
    unit, files = unit_of(folder)
    masked = Explainer(unit, files.documents, {})
    open_ = Explainer(unit, files.documents, {}, show_personal=True)
    known: set[str] = set()
    for one in records_of(folder, unit, without=False):
        text = render(masked.explain(one.record, one.decoded))
        plain = open_.explain(one.record, one.decoded)
        known |= set(_personal_values(plain))
        for value in _personal_values(plain):
            assert value not in text, one.name
    assert len(known) >= 5 or folder == "union_catalogue"


def _personal_values(found: dict[str, Any]) -> list[str]:
    """Identifiers as the vendor's own page names them, out of the unmasked request."""
    values = []
    for event in found.get("events", []):
        general = event["body"].get("GeneralInfo", {})
        names = ("externalCustomerId", "user_email", "user_phone", "user_name")
        values += [general[name] for name in names if name in general]
        values += [general["cookies"]["sc"]] if "cookies" in general else []
        locators = ("email", "phone", "externalCustomerId")
        values += [p["value"] for p in event["body"].get("params", ()) if p["name"] in locators]
    return values


@pytest.mark.parametrize("folder", FOLDERS)
def test_masking_changes_nothing_but_values(folder: str) -> None:
    unit, files = unit_of(folder)
    masked = Explainer(unit, files.documents, {})
    open_ = Explainer(unit, files.documents, {}, show_personal=True)
    for one in records_of(folder, unit, without=False):
        hidden = masked.explain(one.record, one.decoded)
        shown = open_.explain(one.record, one.decoded)
        assert [_shape(e["body"]) for e in hidden.get("events", [])] == [
            _shape(e["body"]) for e in shown.get("events", [])
        ]
        assert json.dumps(hidden), one.name


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_shape(member) for member in value]
    return type(value)


def test_pretty_json_is_the_same_json() -> None:
    value: dict[str, Any] = {
        "a": [1, 2, {"b": "x" * 90}],
        "c": {},
        "d": [],
        "e": ["y" * 90],
        "f": None,
    }
    assert orjson.loads(pretty(value)) == value
