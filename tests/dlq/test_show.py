"""`dlq show`: any decoded value is JSON, and only what mapping and schema spell out is shown."""

import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.dlq.letter import letter_of
from consumer.dlq.plain_json import iso, plain, written
from consumer.dlq.show import Describer
from consumer.mapping.unit import load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.model import Decoded, Record
from consumer.privacy.spelt_out import RecordMask
from tests.content.make_fixtures import ROOT
from tests.dlq.letters import a_letter

UNIT = load_unit([ROOT / "mappings" / "shop.yaml"], TEST_ACCOUNTS)

DECODED = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.decimals(),
        st.just("\udcff"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(), inner, max_size=4),
        st.tuples(st.text(), inner),  # a record out of a union
    ),
    max_leaves=12,
)


class Reads:
    """Decodes every record to one value."""

    def __init__(self, value: Any) -> None:
        self._value = value
        self.type_name = "shop.Other"

    def decode(self, record: Record) -> Decoded:
        return Decoded(self._value, self.type_name, "1")

    def look_ahead(self, records: Iterable[Record]) -> None: ...

    async def resolve(self, ref: object) -> None: ...


async def shown(value: Any, record: Record, *, personal: bool = False) -> dict[str, Any]:
    letter = letter_of(record)
    assert letter is not None
    found = await Describer(Reads(value), UNIT, personal=personal).describe(letter)
    read: dict[str, Any] = json.loads(written(found))
    return read


@settings(max_examples=300, deadline=None)
@given(DECODED)
def test_any_decoded_value_is_json_masked_and_as_it_is(value: Any) -> None:
    for form in (plain(value), RecordMask(["kind"]).masked(value), value):
        text = written(form)
        text.encode()
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize(
    ("value", "shows"),
    [
        (Decimal("19.99"), "19.99"),
        (Decimal("1234567.89"), "(number, 9 digits)"),
        (float("nan"), "nan"),
        (b"\x01\xff", "(2 bytes)"),
        (1499.5, 1499.5),
    ],
)
async def test_a_price_is_shown_exactly(value: Any, shows: Any) -> None:
    found = await shown({"price": value}, a_letter())
    assert found["record"]["value"] == {"shop.Other": {"price": shows}}


async def test_keys_of_maps_and_names_of_headers_are_masked() -> None:
    record = a_letter()
    record.headers = [("Olena Koval", b"1"), ("traceparent", b"00"), *record.headers]
    value = {"kind": "product_view", "site": {"Maria Bilyk": "a"}}
    found = await shown(value, record)
    assert found["record"]["headers"][:2] == [
        ["(text, 11 characters)", "(1 bytes)"],
        ["traceparent", "(2 bytes)"],
    ]
    assert found["record"]["value"] == {
        "shop.Other": {
            "kind": "product_view",
            "site": {"(text, 11 characters)": "(text, 1 characters)"},
        }
    }
    whole = await shown(value, record, personal=True)
    assert whole["record"]["headers"][0] == ["Olena Koval", "1"]
    assert whole["record"]["value"] == {"shop.Other": value}


@pytest.mark.parametrize("there", [True, False])
async def test_a_letter_without_its_record_shows_the_record_or_says_that_it_is_gone(
    there: bool,
) -> None:
    record = a_letter()
    record.headers = [*record.headers, ("yespo.dlq.size", b"419430400")]
    letter = letter_of(replace(record, value=None))
    assert letter is not None
    describer = Describer(
        Reads({"kind": "product_view"}),
        UNIT,
        personal=False,
        fetch=lambda _: record if there else None,
    )
    found = await describer.describe(letter)
    if there:
        assert found["record"]["value"] == {"shop.Other": {"kind": "product_view"}}
        assert found["not_carried"] == (
            "419,430,400 bytes, too large for the dead-letter topic; read from its position"
        )
    else:
        assert found["record"]["value"] is None
        assert found["today"]["reason"] == "original_gone"
        assert found["not_carried"].endswith("it cannot be replayed")


async def test_a_letter_that_met_a_bug_is_shown_though_it_meets_it_again() -> None:
    """The generated code expects what the schema promises: this record lacks all of it."""
    letter = letter_of(a_letter())
    assert letter is not None
    reads = Reads({})
    reads.type_name = "shop.Click"
    found = await Describer(reads, UNIT, personal=False).describe(letter)
    assert (found["today"]["stage"], found["today"]["reason"]) == ("mapping", "internal")
    assert found["today"]["detail"].startswith("KeyError at ")


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [
        (1_763_700_000_123, "2025-11-21T04:40:00.123+00:00"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999+00:00"),
        (253_402_300_800_000, "253402300800000"),
        (9_223_372_036_854_775_807, "9223372036854775807"),
        (-1, None),
    ],
)
async def test_a_time_beyond_the_calendar_is_shown_as_its_number(
    epoch_ms: int, text: str | None
) -> None:
    assert iso(epoch_ms) == text
    record = a_letter(timestamp=epoch_ms)
    assert (await shown({}, record))["record"]["timestamp"] == text
