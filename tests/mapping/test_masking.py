"""Stand-ins for personal data: of the same shape, the same for the same value, and not to be undone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.unit import load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.masking import Masker, personal_paths
from tests.mapping.evaluation import record, write

MAPPING = """
version: 1
from: {topics: [shop.test], schema: test.avsc}
identity:
  externalCustomerId: user.id
  phone: phone(maybe, attributes["country"])
  name: join([name, lines[0].sku], " ")
time: at_ms
otherwise: drop
rules:
  - name: custom
    send: [{legacy: CustomEvent, EventName: kind}]
"""


@pytest.fixture
def mapping(tmp_path: Path) -> CheckedMapping:
    return load_unit([write(tmp_path, MAPPING)], TEST_ACCOUNTS).mappings[0]


@pytest.fixture
def masker(mapping: CheckedMapping) -> Masker:
    return Masker(mapping)


def test_what_the_identity_reads_is_personal_but_not_the_country(mapping: CheckedMapping) -> None:
    assert personal_paths(mapping) == {"user.id", "maybe", "name", "lines.sku"}


@pytest.mark.parametrize(
    ("value", "stand_in"),
    [
        ("olena.m@example.ua", "bcdef.h@example.com"),
        ("Олена", "Бвгде"),
        ("C-000417", "B-456789"),
        ("+38 (067) 123-45-67", "+38 (067) 000-00-01"),
        ("380671234567", "380670000001"),
        ("10417", "23456"),
        ("3f1c9a52-7b7e-4c0e-9d1f-6f0a2f1f5a10", "2c4e6a89-2f4b-7e9a-3d5f-8c1e3a5c7e91"),
    ],
)
def test_a_stand_in_has_the_shape_of_the_value(masker: Masker, value: str, stand_in: str) -> None:
    assert masker.record({"name": value}) == {"name": stand_in}


def test_equal_values_get_equal_stand_ins_and_others_get_others(masker: Masker) -> None:
    masked = masker.record({"name": "Anna", "maybe": "Anna", "user": {"id": "Olga"}})
    assert masked["name"] == masked["maybe"]
    assert masked["name"] != masked["user"]["id"]


def test_a_stand_in_does_not_depend_on_the_value(mapping: CheckedMapping) -> None:
    """Else a phone number could be found by trying them all."""
    first = Masker(mapping).record({"maybe": "380671111111"})
    second = Masker(mapping).record({"maybe": "380672222222"})
    assert first == second


@pytest.mark.parametrize("value", ["+380500000001", "b", "bcd@example.com"])
def test_a_value_that_is_its_own_stand_in_gets_another(masker: Masker, value: str) -> None:
    assert masker.record({"name": value})["name"] != value


def test_masking_twice_changes_nothing(masker: Masker) -> None:
    value = {"name": "Olena", "maybe": "380671234567", "kind": "mail to ann@shop.ua now"}
    once = masker.record(value)
    assert masker.record(once) == once


def test_fields_of_telling_names_are_personal_in_any_mapping(masker: Masker) -> None:
    value = {"data": {"First_Name": "Olena", "e-mail": "x", "loginCount": 3, "deviceId": 12345}}
    assert masker.record(value)["data"] == {
        "First_Name": "Bcdef",
        "e-mail": "c",
        "loginCount": 3,
        "deviceId": 45678,
    }


def test_known_values_and_what_looks_personal_are_found_inside_other_texts(masker: Masker) -> None:
    value = {
        "name": "Olena",
        "page": "https://shop.ua/?to=ann%40x&hi=Olena&mail=ann@shop.ua&tel=+380671234567",
        "text": "Olenas stay",
    }
    masked = masker.record(value)
    assert "Olena&" not in masked["page"]
    assert "ann@shop.ua" not in masked["page"]
    assert "1234567" not in masked["page"]
    assert masked["page"].startswith("https://shop.ua/?to=")
    assert masked["text"] == "Olenas stay"


def test_what_is_not_personal_stays(masker: Masker) -> None:
    value: dict[str, Any] = {
        "kind": "view",
        "sku": "100-01",
        "at_ms": 1_795_165_200_000,
        "price": 201.95,
        "yes": True,
        "uuid": "0190a1b2-0000-7000-8000-000000000003",
        "time": "2026-11-20T09:03:00.250Z",
        "nothing": None,
    }
    assert masker.record(value) == value


def test_a_record_out_of_a_union_keeps_its_name(masker: Masker) -> None:
    assert masker.record({"event": ("shop.Viewed", {"email": "a@b.ua"})}) == {
        "event": ("shop.Viewed", {"email": "b@example.com"})
    }


def test_key_and_headers_are_masked_as_bytes(masker: Masker) -> None:
    masked = masker.kafka(record(key=b"380671234567"))
    assert masked.key == b"380670000001"
    assert masked.headers == [("source", b"cde"), ("source", b"def"), ("bad", b"\0")]


def test_the_name_of_a_header_is_masked_where_it_looks_personal(masker: Masker) -> None:
    named = replace(record(), headers=[("ann@shop.ua", b"1"), ("traceparent", b"2")])
    names = [name for name, _ in masker.kafka(named).headers]
    assert names == ["cde@example.com", "traceparent"]


def test_parameters_of_a_v2_event_are_masked_by_their_names(masker: Masker) -> None:
    body = {
        "params": [{"name": "externalCustomerId", "value": "C-1"}, {"name": "q", "value": "mug"}]
    }
    assert masker.body(body) == {
        "params": [{"name": "externalCustomerId", "value": "B-4"}, {"name": "q", "value": "mug"}]
    }


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "https://shop.ua/thank-you?email=olena%40example.ua&tel=%2B380671234567",
            "https://shop.ua/thank-you?email=bcdef%40example.com&tel=%2B380670000002",
        ),
        (
            "https%3A%2F%2Fshop.ua%3Femail%3Dann%40shop.ua%26tel%3D380671234567%26x%3D1",
            "https%3A%2F%2Fshop.ua%3Femail%3Dbcd%40example.com%26tel%3D380670000002%26x%3D1",
        ),
        ("tel=%20067%20123%2045%2067", "tel=%20067%20000%2000%2001"),
        ("tel=%2B38+067+123+45+67", "tel=%2B38%2B067%2B000%2B00%2B01"),
        ("ann%2Btag%40shop.ua", "bcd%2Bfgh%40example.com"),
        ("тел.0671234567", "тел.0670000001"),
        ("067/123/45/67", "067/000/00/01"),
        ("id_380671234567", "id_380670000001"),
        ("(067) 123-45-67", "(067) 000-00-01"),
    ],
)
def test_addresses_and_numbers_are_found_however_they_are_written(
    masker: Masker, text: str, masked: str
) -> None:
    assert masker.record({"class": text}) == {"class": masked}
    assert masker.record({"class": masked}) == {"class": masked}


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.ua/2026/11/20/mug-350ml",
        "2026-11-20 09:03:00",
        "https%3A%2F%2Fshop.ua%2F100-01",
        "version 1.2.3",
    ],
)
def test_dates_and_pages_are_no_numbers_to_call(masker: Masker, text: str) -> None:
    assert masker.record({"class": text}) == {"class": text}


def test_an_address_in_a_url_gets_the_stand_in_of_the_address(masker: Masker) -> None:
    masked = masker.record({"name": "ann@shop.ua", "class": "?mail=ann%40shop.ua&who=ann@shop.ua"})
    assert masked == {
        "name": "bcd@example.com",
        "class": "?mail=bcd%40example.com&who=bcd@example.com",
    }


def test_a_known_value_is_found_percent_encoded_too(masker: Masker) -> None:
    masked = masker.record({"name": "Олена", "class": "?hi=%D0%9E%D0%BB%D0%B5%D0%BD%D0%B0"})
    assert masked == {"name": "Бвгде", "class": "?hi=%D0%91%D0%B2%D0%B3%D0%B4%D0%B5"}


def test_the_keys_of_maps_are_masked_and_the_names_of_fields_stay(masker: Masker) -> None:
    value = {"attributes": {"ann@shop.ua": "1", "380671234567": "2", "country": "UA"}}
    assert masker.record(value) == {
        "attributes": {"bcd@example.com": "1", "380670000002": "2", "country": "UA"}
    }


def test_the_keys_of_a_body_are_masked(masker: Masker) -> None:
    assert masker.body({"ann@shop.ua": 1}) == {"bcd@example.com": 1}


def test_long_whole_numbers_are_masked_unless_their_type_says_time(masker: Masker) -> None:
    value = {
        "count": 380671234567,
        "at_ms": 1_795_165_200_000,
        "at_us": 1_795_165_200_000_000,
        "maybe_us": 1_795_165_200_000,
        "maybe_count": 104_170,
    }
    assert masker.record(value) == {**value, "count": 380670000001}
    assert masker.body({"id": 380671234567, "datetime": 1_795_165_200_000}) == {
        "id": 380670000001,
        "datetime": 1_795_165_200_000,
    }


def test_bytes_that_hold_personal_text_become_zeros_of_the_same_length(masker: Masker) -> None:
    value = {"data": b"ann@shop.ua"}
    assert masker.record(value) == {"data": bytes(11)}
    assert masker.record({"data": b"\xff\x00plain"}) == {"data": b"\xff\x00plain"}
    assert masker.record({"data": b"\xff ann@shop.ua"}) == {"data": bytes(13)}
