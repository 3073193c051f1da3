"""The generated conversion says what pydantic's says, of whatever values."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.yespo import converter
from consumer.yespo.catalogue import EVENTS, custom_v2, declared
from consumer.yespo.converter import FAULTS, KNOWN_NAMES, Converter
from consumer.yespo.fields import form_of
from consumer.yespo.legacy import StatusCart
from consumer.yespo.spec import (
    AccountContext,
    ContractViolation,
    EventSpec,
    FieldSpec,
    Identity,
    Kind,
)
from tests.yespo.values import ANYTHING, cases, objects

ACCOUNT = AccountContext("main", "8A412DC", dialect="reteno")
WHO = Identity(email="user@mail.com", cookie="c1")
NOON_MS = 1_763_700_000_000

OWN = custom_v2(
    "warehouse_visited",
    [
        declared("count", Kind.INTEGER, required=True),
        declared("title", Kind.TEXT),
        declared("labels", Kind.TEXTS),
        FieldSpec("place", Kind.OBJECT, True, "", "", fields=(declared("city", Kind.TEXT),)),
        FieldSpec("shelves", Kind.OBJECTS, False, "", "", fields=(declared("n", Kind.NUMBER),)),
    ],
)
OWN_CASES = objects(OWN.fields, OWN.free).map(lambda values: (OWN, values))
CASES = cases().map(lambda case: (EVENTS[case[0]], case[1])) | OWN_CASES


def taken(convert: Callable[[Any], Any], values: Any) -> Any:
    try:
        return convert(values)
    except FAULTS:
        return None


def refusal(event: EventSpec, values: Any) -> str:
    with pytest.raises(ContractViolation) as refused:
        event.build(ACCOUNT, WHO, NOON_MS, values)
    return refused.value.rule


def hold(event: EventSpec, values: Any) -> None:
    exactly = taken(event.converter.exactly, values)  # type: ignore[attr-defined]  # each has one
    usually = taken(event.converter.usually, values)  # type: ignore[attr-defined]  # each has one
    if exactly is not None:
        assert repr(usually) == repr(exactly)  # with the order of names and the types of numbers
    elif usually is not None:
        assert refusal(event, values) in {"encoding", "too_long"}


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(CASES)
def test_both_conversions_say_the_same(case: tuple[EventSpec, dict[str, Any]]) -> None:
    hold(*case)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(CASES, st.data())
def test_both_conversions_say_the_same_of_values_that_no_mapping_should_give(
    case: tuple[EventSpec, dict[str, Any]], data: st.DataObject
) -> None:
    event, values = case
    inner = [value for value in values.values() if type(value) is dict]
    spoilt = data.draw(st.sampled_from([values, *inner]))
    names = [*spoilt, "unknown", "*"]
    name = data.draw(st.sampled_from(names))
    if name in spoilt and data.draw(st.booleans()):
        del spoilt[name]
    else:
        spoilt[name] = data.draw(ANYTHING | st.just({}) | st.just([{}]) | st.just({"a": ["b"]}))
    hold(event, values)
    hold(event, data.draw(ANYTHING))


def test_a_value_in_its_usual_form_never_meets_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the generated code would be right, and of no use."""
    values = {
        "GUID": "cart-1",
        "Products": [
            {"productKey": "100-01", "price": 201.95, "quantity": 2, "*": {"brand": ["Сова"]}}
        ],
    }
    cart = Converter(form_of(StatusCart))
    assert cart.usually(values) == {
        "GUID": "cart-1",
        "Products": [
            {"productKey": "100-01", "price": 201.95, "quantity": 2, "tag_brand": ["Сова"]}
        ],
    }
    event = EVENTS["legacy", "StatusCart"]
    monkeypatch.setattr(type(event), "exactly", lambda *_: pytest.fail("asked pydantic"))
    event.build(ACCOUNT, WHO, NOON_MS, values)


def test_a_text_that_is_not_unicode_is_named_by_its_path() -> None:
    values = {"GUID": "cart-\ud800", "Products": []}
    with pytest.raises(ContractViolation) as refused:
        EVENTS["legacy", "StatusCart"].build(ACCOUNT, WHO, NOON_MS, values)
    assert (refused.value.path, refused.value.rule) == ("StatusCart.GUID", "encoding")


def test_a_text_longer_than_any_body_is_named_by_its_path() -> None:
    values = {"GUID": "x" * 20_001, "Products": []}
    with pytest.raises(ContractViolation) as refused:
        EVENTS["legacy", "StatusCart"].build(ACCOUNT, WHO, NOON_MS, values)
    assert (refused.value.path, refused.value.rule) == ("StatusCart.GUID", "too_long")


def test_names_made_of_values_do_not_fill_the_memory() -> None:
    good: set[str] = set()
    check = converter._name_checker(form_of(StatusCart), good)
    for number in range(KNOWN_NAMES + 100):
        check(f"own {number}")
    assert len(good) == KNOWN_NAMES
