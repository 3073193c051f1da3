"""The generated conversion says what pydantic says of any values, and names each fault."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import ValidationError

from consumer.model import Api
from consumer.yespo import converter
from consumer.yespo.catalogue import EVENTS, LEGACY_EVENTS, V2_EVENTS, custom_v2, declared
from consumer.yespo.converter import KNOWN_NAMES, text_fault
from consumer.yespo.fields import Field, Form, declared_form, form_of
from consumer.yespo.kinds import ANY
from consumer.yespo.legacy import StatusCart
from consumer.yespo.spec import (
    AccountContext,
    ContractViolation,
    EventSpec,
    FieldSpec,
    Identity,
    Kind,
)
from consumer.yespo.violations import RULES
from tests.yespo.by_pydantic import by_pydantic
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


def opinions(event: EventSpec) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The generated conversion, and pydantic's of the same form."""
    form = declared_form(OWN.fields, OWN.free) if event is OWN else _form(event)
    return event.convert, by_pydantic(form)  # type: ignore[attr-defined]  # each has one


def _form(event: EventSpec) -> Form:
    legacy = event.api == "legacy"
    declared_event = (LEGACY_EVENTS if legacy else V2_EVENTS)[event.name]
    form = form_of(declared_event.model)
    if declared_event.general is None:
        return form
    (spec,) = (field for field in event.fields if field.name == "GeneralInfo")
    return Form((*form.fields, Field(spec, ANY, form_of(declared_event.general))), form.free)


def hold(event: EventSpec, values: Any) -> None:
    generated, pydantic = opinions(event)
    if refused_by(pydantic, values) and not too_long_or_no_unicode(values):
        with pytest.raises(ContractViolation) as refused:
            generated(values)
        assert refused.value.rule in RULES
    elif not too_long_or_no_unicode(values):
        assert repr(generated(values)) == repr(pydantic(values))  # order of names, types too


def refused_by(pydantic: Callable[[Any], Any], values: Any) -> bool:
    try:
        pydantic(values)
    except ValidationError:
        return True
    return False


def too_long_or_no_unicode(values: Any) -> bool:
    """What is left to the encoded body."""
    return text_fault(values, "") is not None


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


def test_free_properties_stand_under_their_names_on_the_wire() -> None:
    values = {
        "GUID": "cart-1",
        "Products": [
            {"productKey": "100-01", "price": 201.95, "quantity": 2, "*": {"brand": ["Сова"]}}
        ],
    }
    cart = converter.converter(form_of(StatusCart), "StatusCart")
    assert cart(values) == {
        "GUID": "cart-1",
        "Products": [
            {"productKey": "100-01", "price": 201.95, "quantity": 2, "tag_brand": ["Сова"]}
        ],
    }


def test_a_search_may_be_for_a_word_that_programs_write_for_nothing() -> None:
    built = EVENTS["v2", "searchRequest"].build(ACCOUNT, WHO, NOON_MS, {"search": "nan"})
    assert b'{"name":"search","value":"nan"}' in built.body


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
    check = converter.name_checker(form_of(StatusCart), good)
    for number in range(KNOWN_NAMES + 100):
        check(f"own {number}", "StatusCart")
    assert len(good) == KNOWN_NAMES


@pytest.mark.parametrize(
    ("api", "name", "values", "path", "rule"),
    [
        ("legacy", "StatusCart", {"Products": []}, "StatusCart.GUID", "required"),
        ("legacy", "StatusCart", {"GUID": "1", "Products": {}}, "StatusCart.Products", "type"),
        ("legacy", "StatusCart", {"GUID": "1", "Products": [], "x": 1}, "StatusCart.x", "unknown"),
        (
            "legacy",
            "StatusCart",
            {
                "GUID": "1",
                "Products": [
                    {"productKey": "1", "price": 1, "quantity": 1},
                    {"productKey": "1", "price": -1, "quantity": 1},
                ],
            },
            "StatusCart.Products[1].price",
            "range",
        ),
        ("legacy", "ProductUpdate", {"ProductUpdate": [4]}, "ProductUpdate[0]", "type"),
        (
            "legacy",
            "ProductPage",
            {"Product": {"productKey": "1", "price": "754 ₴"}},
            "ProductPage.Product.price",
            "currency",
        ),
        ("v2", "pageViewed", {"page": {"location": "NaN"}}, "params.page.location", "blank"),
        (
            "v2",
            "productViewed",
            {"product": {"productId": "1", "price": 7}, "currencyCode": "UA"},
            "params.currencyCode",
            "currency",
        ),
        ("v2", "pageViewed", {"page": {}}, "params.page.location", "required"),
        (
            "v2",
            "searchRequest",
            {"search": "mug", "*": {"Email": "x"}},
            "params.Email",
            "near_miss",
        ),
        ("v2", "searchRequest", {"search": "mug", "*": {"n": float("nan")}}, "params.n", "number"),
    ],
)
def test_a_fault_is_named_by_path_and_rule(
    api: Api, name: str, values: dict[str, Any], path: str, rule: str
) -> None:
    with pytest.raises(ContractViolation) as refused:
        EVENTS[api, name].build(ACCOUNT, WHO, NOON_MS, values)
    assert (refused.value.path, refused.value.rule) == (path, rule)
