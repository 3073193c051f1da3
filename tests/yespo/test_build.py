"""What `build` makes of a mapping's values, and what it refuses."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from consumer.yespo.catalogue import EVENTS, custom_v2, declared, event, names
from consumer.yespo.judge import judge
from consumer.yespo.spec import (
    AccountContext,
    ContractViolation,
    FieldSpec,
    Free,
    Identity,
    Kind,
    NoIdentifier,
)
from consumer.yespo.violations import RULES

ACCOUNT = AccountContext("main", "8A412DC")
VISITOR = Identity(cookie="c1")
CUSTOMER = Identity(email="user@mail.com")
TIME = 1579622183208


def refusal(api: Any, name: str, values: Mapping[str, Any], **account: str) -> tuple[str, str]:
    event = EVENTS[api, name]
    who = VISITOR if api == "legacy" else CUSTOMER
    with pytest.raises(ContractViolation) as caught:
        event.build(AccountContext("main", "8A412DC", **account), who, TIME, values)
    assert caught.value.rule in RULES
    return caught.value.path, caught.value.rule


def legacy(name: str, values: Mapping[str, Any], who: Identity = VISITOR) -> Any:
    built = EVENTS["legacy", name].build(ACCOUNT, who, TIME, values)
    assert judge("legacy", built.body) == []
    return json.loads(built.body)


def params(
    name: str, values: Mapping[str, Any], who: Identity = CUSTOMER, mode: str = "text"
) -> dict[str, Any]:
    account = AccountContext("main", v2_values=mode)
    built = EVENTS["v2", name].build(account, who, TIME, values)
    assert judge("v2", built.body) == []
    return {param["name"]: param["value"] for param in json.loads(built.body)["params"]}


def page(**product: Any) -> dict[str, Any]:
    return {"Product": {"productKey": "1", "price": "1"} | product}


def test_names_come_in_the_order_of_the_vendors_pages() -> None:
    assert names("legacy") == (
        "ProductPage",
        "StatusCart",
        "AddToWishlist",
        "PurchasedItems",
        "ProductImpressions",
        "CategoryPage",
        "CustomerData",
        "CustomEvent",
        "SearchRequest",
        "ProductUpdate",
    )
    assert names("v2")[:7] == (
        "pageViewed",
        "productViewed",
        "productCategoryViewed",
        "cartUpdated",
        "productImpressions",
        "productAddedToWishlist",
        "searchRequest",
    )
    assert names("past_events") == names("v2")
    assert event("v2", "CartUpdated") is None


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (754, "754"),
        (754.0, "754"),
        (0.1 + 0.2, "0.3"),
        (Decimal("754.00"), "754.00"),
        (Decimal("7.54E+2"), "754"),
        (Decimal("0.000001"), "0"),
        (Decimal("1.123456"), "1.12346"),
        (1e14, "100000000000000"),
        (0.00001, "0.00001"),
        (0, "0"),
        ("754", "754"),
        ("754.50 UAH", "754.50 UAH"),
    ],
)
def test_a_legacy_price_is_text_without_exponent_or_noise(given: Any, sent: str) -> None:
    assert legacy("ProductPage", page(price=given))["ProductPage"]["Product"]["price"] == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (45, "45"),
        (45.0, "45"),
        (Decimal("45.00"), "45"),
        ("45.50", "45.5"),
        (0.1 + 0.2, "0.3"),
        (100 / 3, "33.33333"),
        (Decimal("0.00001"), "0.00001"),
        (0.000001, "0"),
        (1e-7, "0"),
        (123456789.1, "123456789.1"),
        (99999999999999.11, "99999999999999.1"),
        (10**15 - 1, "999999999999999"),
        (999999999999999.4, "999999999999999"),
    ],
)
def test_a_v2_price_is_a_number_without_exponent_or_noise(given: Any, sent: str) -> None:
    values = {"product": {"productId": "1", "price": given}}
    assert params("productViewed", values)["product"] == f'{{"productId":"1","price":{sent}}}'


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (float("nan"), "number"),
        (float("inf"), "number"),
        (Decimal("NaN"), "number"),
        (Decimal("-Infinity"), "number"),
        (-1, "range"),
        (-0.01, "range"),
        (10**15, "range"),
        (1e15, "range"),
        (999999999999999.9, "range"),
        (Decimal("999999999999999.9"), "range"),
        (Decimal("1E+15"), "range"),
        (True, "type"),
        (None, "type"),
        ([1], "type"),
        ("4.5e1", "number"),
        ("45,5", "number"),
        ("45 USD", "number"),
    ],
)
def test_what_is_no_v2_price_is_refused(given: Any, rule: str) -> None:
    values = {"product": {"productId": "1", "price": given}}
    assert refusal("v2", "productViewed", values) == ("params.product.price", rule)


@pytest.mark.parametrize("given", [float("nan"), float("inf"), Decimal("NaN"), "NaN", "1e3"])
def test_what_is_no_legacy_price_is_refused(given: Any) -> None:
    assert refusal("legacy", "ProductPage", page(price=given)) == (
        "ProductPage.Product.price",
        "number",
    )


@pytest.mark.parametrize("given", ["1 usd", "1 ₴", "1 ", "1 UA"])
def test_a_currency_that_is_none_is_named_as_such(given: str) -> None:
    assert refusal("legacy", "ProductPage", page(price=given)) == (
        "ProductPage.Product.price",
        "currency",
    )


@pytest.mark.parametrize(
    ("values", "path", "rule"),
    [
        ({}, "ProductPage.Product", "required"),
        ({"Product": {"price": 1}}, "ProductPage.Product.productKey", "required"),
        ({"Product": None}, "ProductPage.Product", "type"),
        (page(productKey=""), "ProductPage.Product.productKey", "blank"),
        (page(productKey=" "), "ProductPage.Product.productKey", "blank"),
        (page(productKey=None), "ProductPage.Product.productKey", "type"),
        (page(productKey=True), "ProductPage.Product.productKey", "type"),
        (page(productKey=1.5), "ProductPage.Product.productKey", "type"),
        (page(productKey="a\ud800"), "ProductPage.Product.productKey", "encoding"),
        (page(isInStock="yes"), "ProductPage.Product.isInStock", "value"),
        (page(isInStock=2), "ProductPage.Product.isInStock", "value"),
        (page(isInStock=1.0), "ProductPage.Product.isInStock", "value"),
        (page(isinStock=1), "ProductPage.Product.isinStock", "unknown"),
        (page(**{"*": {"isinStock": "1"}}), "ProductPage.Product.isinStock", "near_miss"),
        (page(**{"*": {"product_id": "1"}}), "ProductPage.Product.product_id", "near_miss"),
        (page(**{"*": {"prize": "1"}}), "ProductPage.Product.prize", "near_miss"),
        (page(**{"*": {"tag_color": "1"}}), "ProductPage.Product.tag_color", "near_miss"),
        (page(**{"*": {"": "1"}}), "ProductPage.Product.", "blank"),
        (page(**{"*": {"x" * 101: "1"}}), "ProductPage.Product." + "x" * 101, "too_long"),
        (page(**{"*": {"x": ["a", None]}}), "ProductPage.Product.x[1]", "type"),
        (page(**{"*": {"x": 1.5}}), "ProductPage.Product.x[0]", "type"),
        (page(**{"*": {"x": "\udfff"}}), "ProductPage.Product.x[0]", "encoding"),
        (page() | {"Tags": {"a": "b"}}, "ProductPage.Tags.a", "unknown"),
        (page() | {"GeneralInfo": {}}, "ProductPage.GeneralInfo", "unknown"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_by_field_and_rule(
    values: dict[str, Any], path: str, rule: str
) -> None:
    assert refusal("legacy", "ProductPage", values) == (path, rule)


def test_a_free_name_may_have_a_hundred_characters_beside_its_prefix() -> None:
    product = page(**{"*": {"x" * 100: "1"}})
    sent = legacy("ProductPage", product)["ProductPage"]["Product"]
    assert sent["tag_" + "x" * 100] == ["1"]


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(ContractViolation) as caught:
        EVENTS["legacy", "ProductPage"].build(ACCOUNT, VISITOR, TIME, page(price="ivan@mail.com"))
    assert "ivan" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "given", [1579622183, 1579622183208000, 1579622183208000000, -1, 0, 10**13, True, 1.5e12]
)
def test_a_time_that_is_not_in_milliseconds_is_refused(given: Any) -> None:
    with pytest.raises(ContractViolation) as caught:
        EVENTS["legacy", "ProductPage"].build(ACCOUNT, VISITOR, given, page())
    assert (caught.value.path, caught.value.rule) == ("GeneralInfo.datetime", "millis")


def test_without_a_time_a_legacy_event_has_no_datetime() -> None:
    built = EVENTS["legacy", "ProductPage"].build(ACCOUNT, VISITOR, None, page())
    assert b"datetime" not in built.body
    assert judge("legacy", built.body) == []


def test_the_same_event_is_the_same_bytes_whatever_the_order_it_is_given_in() -> None:
    one = {"productId": "1", "price": Decimal("2.50"), "quantity": 1, "*": {"a": "x", "b": "y"}}
    other = dict(reversed(one.items()))
    first = {"recycleStateId": "s", "currencyCode": "UAH", "products": [one]}
    second = {"products": [other], "recycleStateId": "s", "currencyCode": "uah"}
    build = EVENTS["v2", "cartUpdated"].build
    assert (
        build(ACCOUNT, CUSTOMER, None, first).body
        == build(ACCOUNT, Identity(email="user@mail.com"), 1, second).body
    )


def test_an_empty_cart_is_sent_as_an_empty_list() -> None:
    cart = legacy("StatusCart", {"GUID": "s", "Products": []})
    assert cart["StatusCart"] == {"GUID": "s", "Products": []}
    assert params("cartUpdated", {"products": [], "recycleStateId": "s"})["products"] == "[]"


def test_prices_of_a_cart_are_numbers_unless_given_as_text() -> None:
    line = {"productKey": "1", "quantity": 1}
    cart = {
        "GUID": "s",
        "Products": [line | {"price": Decimal("2.50")}, line | {"price": "2.50", "discount": "1"}],
    }
    sent = legacy("StatusCart", cart)["StatusCart"]["Products"]
    assert [item["price"] for item in sent] == [2.5, "2.50"]
    assert sent[1]["discount"] == "1"


def test_nested_values_are_compact_json_text_or_objects_by_the_accounts_option() -> None:
    values = {"product": {"productId": "1", "price": 2, "*": {"a": "x"}}, "*": {"list": ["a", 1]}}
    as_text = params("productViewed", values)
    assert as_text["product"] == '{"productId":"1","price":2,"a":["x"]}'
    assert as_text["list"] == '["a",1]'
    as_object = params("productViewed", values, mode="object")
    assert as_object["product"] == {"productId": "1", "price": 2, "a": ["x"]}
    assert as_object["list"] == ["a", 1]


def test_free_params_keep_their_type() -> None:
    free = {"*": {"text": "web", "whole": 3, "share": Decimal("0.50"), "yes": True}}
    sent = params("searchRequest", {"search": "mug"} | free)
    assert sent == {
        "email": "user@mail.com",
        "search": "mug",
        "text": "web",
        "whole": 3,
        "share": 0.5,
        "yes": True,
    }


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ip", "near_miss"),
        ("contactJson", "near_miss"),
        ("cityName", "near_miss"),
        ("email", "near_miss"),
        ("EmailAddress", "near_miss"),
        ("SMS", "near_miss"),
        ("ContactKey", "near_miss"),
        ("Search", "near_miss"),
        ("is_found", "near_miss"),
        ("x" * 101, "too_long"),
        (" ", "blank"),
    ],
)
def test_a_free_param_may_not_take_a_name_that_means_something(name: str, rule: str) -> None:
    values = {"search": "mug", "*": {name: "x"}}
    assert refusal("v2", "searchRequest", values) == (f"params.{name}", rule)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (float("nan"), "number"),
        (None, "type"),
        ({"a": {"b": float("inf")}}, "number"),
        ({1: "a"}, "type"),
        ("\ud800", "encoding"),
        ({"a": ["\ud800"]}, "encoding"),
        (object(), "type"),
    ],
)
def test_a_free_param_that_json_cannot_say_is_refused(value: Any, rule: str) -> None:
    assert refusal("v2", "searchRequest", {"search": "mug", "*": {"x": value}}) == (
        "params.x",
        rule,
    )


def test_a_name_with_a_side_effect_is_a_field_to_be_asked_for() -> None:
    fields = {field.name: field for field in EVENTS["v2", "searchRequest"].fields}
    assert fields["ip"].side_effect
    assert fields["contactJson"].side_effect
    assert not fields["search"].side_effect
    assert params("searchRequest", {"search": "mug", "ip": "10.0.0.1"})["ip"] == "10.0.0.1"


def test_a_purchase_by_guid_alone_needs_the_reteno_dialect() -> None:
    purchase = {"GUID": "s", "OrderNumber": "123/2017"}
    assert refusal("legacy", "PurchasedItems", purchase) == ("PurchasedItems.Products", "dialect")
    account = AccountContext("main", "8A412DC", dialect="reteno")
    built = EVENTS["legacy", "PurchasedItems"].build(account, VISITOR, TIME, purchase)
    assert json.loads(built.body)["PurchasedItems"] == purchase


def test_a_purchase_may_have_products_and_guid_and_needs_one_of_them() -> None:
    product = {"product_id": "1", "unit_price": Decimal("2.50"), "quantity": 1}
    purchase = {"GUID": "s", "Products": [product], "OrderNumber": "1"}
    assert legacy("PurchasedItems", purchase)["PurchasedItems"] == {
        "GUID": "s",
        "Products": [{"product_id": "1", "unit_price": "2.50", "quantity": 1}],
        "OrderNumber": "1",
    }
    assert refusal("legacy", "PurchasedItems", {"OrderNumber": "1"}) == (
        "PurchasedItems.Products",
        "alternatives",
    )
    assert refusal("legacy", "PurchasedItems", {"OrderNumber": "1", "Products": []}) == (
        "PurchasedItems.Products",
        "empty",
    )
    traits = EVENTS["legacy", "PurchasedItems"].traits
    assert traits.alternatives == ((("Products",), ""), (("GUID",), "reteno"))


def test_a_body_of_more_than_twenty_thousand_bytes_is_refused() -> None:
    empty = len(EVENTS["v2", "searchRequest"].build(ACCOUNT, CUSTOMER, None, {"search": "x"}).body)
    fits = {"search": "x" * (20_001 - empty)}
    assert len(EVENTS["v2", "searchRequest"].build(ACCOUNT, CUSTOMER, None, fits).body) == 20_000
    assert refusal("v2", "searchRequest", {"search": "x" * (20_002 - empty)}) == ("", "body_size")
    cyrillic = {"search": "й" * ((20_002 - empty) // 2 + 1)}
    assert refusal("v2", "searchRequest", cyrillic) == ("", "body_size")


def test_a_past_event_carries_its_minute_and_needs_a_time() -> None:
    event = EVENTS["past_events", "searchRequest"]
    item = json.loads(event.build(ACCOUNT, CUSTOMER, TIME, {"search": "x"}).body)
    assert item == {
        "eventTypeKey": "searchRequest",
        "keyValue": "user@mail.com",
        "params": [
            {"name": "email", "value": "user@mail.com"},
            {"name": "search", "value": "x"},
        ],
        "occurred": "2020-01-21T15:56",
    }
    assert judge("past_events", json.dumps({"events": [item]}).encode()) == []
    with pytest.raises(ContractViolation) as caught:
        event.build(ACCOUNT, CUSTOMER, None, {"search": "x"})
    assert (caught.value.path, caught.value.rule) == ("occurred", "required")


ORDER = {
    "externalOrderId": "A-1",
    "totalCost": Decimal("10.00"),
    "status": "INITIALIZED",
    "date": "2026-11-20T10:00:00",
    "items": [
        {
            "externalItemId": "1",
            "name": "Mug",
            "quantity": 2,
            "cost": 5,
            "url": "https://example.com/1",
        }
    ],
}


def test_an_order_is_built_when_it_is_named() -> None:
    sent = params("orderCreated", ORDER)
    assert sent["externalOrderId"] == "A-1"
    assert sent["totalCost"] == "10.00"
    assert sent["items"] == (
        '[{"externalItemId":"1","name":"Mug","quantity":"2","cost":"5","url":"https://example.com/1"}]'
    )
    assert params("orderDelivered", {"externalOrderId": "A-1"})["externalOrderId"] == "A-1"
    assert refusal("v2", "orderCreated", ORDER | {"status": "done"}) == ("params.status", "format")
    assert refusal("v2", "orderUpdated", {"externalOrderId": "1"})[1] == "required"


def test_a_declared_event_takes_its_fields_and_free_params() -> None:
    fields = (
        declared("plan", Kind.TEXT, required=True),
        declared("price", Kind.MONEY),
        declared("labels", Kind.TEXTS),
        FieldSpec("gift", Kind.OBJECT, False, "", "", fields=(declared("name", Kind.TEXT),)),
    )
    event = custom_v2("subscriptionStarted", fields)
    values = {
        "plan": "gold",
        "price": Decimal("250.75"),
        "labels": "a",
        "gift": {"name": "Mug"},
        "*": {"x": 1},
    }
    built = event.build(ACCOUNT, CUSTOMER, None, values)
    assert judge("v2", built.body) == []
    assert json.loads(built.body)["params"][1:] == [
        {"name": "plan", "value": "gold"},
        {"name": "price", "value": 250.75},
        {"name": "labels", "value": '["a"]'},
        {"name": "gift", "value": '{"name":"Mug"}'},
        {"name": "x", "value": 1},
    ]
    assert event.free is Free.PARAM
    with pytest.raises(ContractViolation) as caught:
        event.build(ACCOUNT, CUSTOMER, None, {})
    assert (caught.value.path, caught.value.rule) == ("params.plan", "required")
    past = custom_v2("subscriptionStarted", fields, past=True)
    assert past.api == "past_events"
    assert b'"occurred":"2020-01-21T15:56"' in past.build(ACCOUNT, CUSTOMER, TIME, values).body


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "blank"),
        ("x" * 101, "too_long"),
        ("a/b", "forbidden_character"),
        ("what’s", "forbidden_character"),
        ("cartUpdated", "near_miss"),
        ("CartUpdated", "near_miss"),
        ("cart_updated", "near_miss"),
        ("cartUpdate", "near_miss"),
        ("orderCreated", "near_miss"),
    ],
)
def test_a_declared_event_needs_a_name_of_its_own(name: str, rule: str) -> None:
    with pytest.raises(ContractViolation) as caught:
        custom_v2(name, ())
    assert (caught.value.path, caught.value.rule) == ("eventTypeKey", rule)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        (("plan", "plan"), "duplicate"),
        (("Email",), "near_miss"),
        (("phone",), "near_miss"),
        (("ip",), "side_effect"),
        (("contactjson",), "side_effect"),
        (("x" * 101,), "too_long"),
        ((" ",), "blank"),
    ],
)
def test_a_declared_field_may_not_mean_something_else(fields: tuple[str, ...], rule: str) -> None:
    with pytest.raises(ContractViolation) as caught:
        custom_v2("mine", [declared(name, Kind.TEXT) for name in fields])
    assert caught.value.rule == rule


def test_nobody_is_never_sent() -> None:
    with pytest.raises(NoIdentifier):
        EVENTS["v2", "searchRequest"].build(ACCOUNT, VISITOR, None, {"search": "x"})
    with pytest.raises(NoIdentifier):
        EVENTS["legacy", "SearchRequest"].build(ACCOUNT, Identity(), None, {"search": "x"})


def test_a_known_person_without_cookie_is_sent_or_skipped_by_the_accounts_setting() -> None:
    sent = legacy("SearchRequest", {"search": "x"}, CUSTOMER)
    assert sent["GeneralInfo"] == {
        "eventName": "SearchRequest",
        "siteId": "8A412DC",
        "datetime": TIME,
        "user_email": "user@mail.com",
    }
    strict = AccountContext("main", "8A412DC", without_cookie="skip")
    with pytest.raises(NoIdentifier):
        EVENTS["legacy", "SearchRequest"].build(strict, CUSTOMER, TIME, {"search": "x"})


def test_a_catalogue_update_names_neither_time_nor_person() -> None:
    update = {"ProductUpdate": [{"product_id": 1, "isInStock": False}]}
    assert legacy("ProductUpdate", update, Identity()) == {
        "GeneralInfo": {"eventName": "ProductUpdate", "siteId": "8A412DC"},
        "ProductUpdate": [{"product_id": "1", "isInStock": 0}],
    }
    assert refusal("legacy", "ProductUpdate", {"ProductUpdate": [{"product_id": "1"}]}) == (
        "ProductUpdate[0].isInStock",
        "required",
    )
