"""The correspondence of legacy and v2: one description, both bodies."""

import json
from decimal import Decimal
from typing import Any

import pytest

from consumer.yespo.catalogue import EVENTS
from consumer.yespo.judge import judge
from consumer.yespo.shared import SHARED
from consumer.yespo.spec import AccountContext, ContractViolation, Identity

ACCOUNT = AccountContext("main", "8A412DC")
WHO = Identity(email="user@mail.com", cookie="c1")


def both(name: str, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The legacy body object and the v2 params, nested JSON text read."""
    shared = SHARED[name]
    legacy = EVENTS["legacy", shared.legacy].build(ACCOUNT, WHO, None, shared.to_legacy(values))
    v2 = EVENTS["v2", shared.v2].build(ACCOUNT, WHO, None, shared.to_v2(values))
    assert judge("legacy", legacy.body) == []
    assert judge("v2", v2.body) == []
    document = json.loads(legacy.body)
    del document["GeneralInfo"]
    params = {one["name"]: one["value"] for one in json.loads(v2.body)["params"]}
    assert params.pop("email") == "user@mail.com"
    nested = {"product", "products", "category"} & params.keys()
    return document, params | {name: json.loads(params[name]) for name in nested}


PRODUCT = {
    "product": {
        "id": "72354",
        "price": 754,
        "currency": "USD",
        "in_stock": True,
        "properties": {"*": {"something": ["abc", "bca"]}},
    },
    "tags": {"*": {"platform": ["web"], "some_tags": ["some_tag1", "some_tag2"]}},
}


@pytest.mark.parametrize(
    ("name", "legacy", "v2"),
    [
        ("product_viewed", "ProductPage", "productViewed"),
        ("added_to_wishlist", "AddToWishlist", "productAddedToWishlist"),
    ],
)
def test_a_product_is_described_once_for_both(name: str, legacy: str, v2: str) -> None:
    assert (SHARED[name].legacy, SHARED[name].v2) == (legacy, v2)
    assert both(name, PRODUCT) == (
        {
            legacy: {
                "Product": {
                    "productKey": "72354",
                    "price": "754 USD",
                    "isInStock": "1",
                    "tag_something": ["abc", "bca"],
                },
                "Tags": {"platform": ["web"], "some_tags": ["some_tag1", "some_tag2"]},
            }
        },
        {
            "product": {
                "productId": "72354",
                "price": 754,
                "isInStock": 1,
                "something": ["abc", "bca"],
            },
            "currencyCode": "USD",
            "platform": "web",
            "some_tags": '["some_tag1","some_tag2"]',
        },
    )


@pytest.mark.parametrize(
    ("price", "currency", "legacy", "v2"),
    [
        (754, "USD", "754 USD", 754),
        (754.5, "uah", "754.5 UAH", 754.5),
        (Decimal("754.50"), "UAH", "754.50 UAH", 754.5),
        ("754.50", "UAH", "754.50 UAH", 754.5),
        (0.1 + 0.2, "UAH", "0.3 UAH", 0.3),
        (754, None, "754", 754),
    ],
)
def test_a_price_carries_its_currency_where_each_api_wants_it(
    price: Any, currency: str | None, legacy: str, v2: Any
) -> None:
    product = {"id": "1", "price": price} | ({"currency": currency} if currency else {})
    old, new = both("product_viewed", {"product": product})
    assert old["ProductPage"]["Product"]["price"] == legacy
    assert new["product"]["price"] == v2
    assert new.get("currencyCode") == (currency.upper() if currency else None)


def test_a_cart_names_its_currency_per_item_and_once() -> None:
    line = {
        "id": "430738",
        "quantity": 2,
        "price": Decimal("201.95"),
        "discount": Decimal("1.10"),
        "name": "Mug",
        "category": "Mugs",
        "properties": {"*": {"color": "red"}},
    }
    assert both("cart_updated", {"state": "s1", "currency": "USD", "products": [line]}) == (
        {
            "StatusCart": {
                "GUID": "s1",
                "Products": [
                    {
                        "productKey": "430738",
                        "price": 201.95,
                        "discount": 1.1,
                        "quantity": 2,
                        "price_currency_code": "USD",
                        "tag_color": ["red"],
                    }
                ],
            }
        },
        {
            "products": [
                {
                    "productId": "430738",
                    "quantity": 2,
                    "price": 201.95,
                    "name": "Mug",
                    "category": "Mugs",
                    "discount": "1.10",
                    "color": ["red"],
                }
            ],
            "currencyCode": "USD",
            "recycleStateId": "s1",
        },
    )


def test_an_emptied_cart_is_empty_in_both() -> None:
    assert both("cart_updated", {"state": "s1", "products": []}) == (
        {"StatusCart": {"GUID": "s1", "Products": []}},
        {"products": [], "recycleStateId": "s1"},
    )


def test_impressions_take_one_container_whose_variant_goes_to_v2() -> None:
    values = {"container": "1253_r963v1317", "products": [{"id": "1"}, {"id": "2"}]}
    assert both("product_impressions", values) == (
        {
            "ProductImpression": {
                "Products": [
                    {"product_id": "1", "container_type": "1253_r963v1317"},
                    {"product_id": "2", "container_type": "1253_r963v1317"},
                ]
            }
        },
        {"recomVariantId": "r963v1317", "products": [{"productId": "1"}, {"productId": "2"}]},
    )
    bare = SHARED["product_impressions"].to_v2({"container": "1253", "products": [{"id": "1"}]})
    with pytest.raises(ContractViolation) as caught:
        EVENTS["v2", "productImpressions"].build(ACCOUNT, WHO, None, bare)
    assert (caught.value.path, caught.value.rule) == ("params.recomVariantId", "format")


def test_a_category_and_a_search_correspond() -> None:
    assert both("category_viewed", {"category": {"id": "Mugs"}}) == (
        {"CategoryPage": {"Category": {"categoryKey": "Mugs"}}},
        {"category": {"productCategoryId": "Mugs"}},
    )
    assert both("searched", {"query": "mug", "found": False}) == (
        {"SearchRequest": {"search": "mug", "isFound": 0}},
        {"search": "mug", "isFound": 0},
    )


@pytest.mark.parametrize("name", sorted(SHARED))
def test_what_is_missing_or_wrong_is_refused_in_the_vendors_words(name: str) -> None:
    shared = SHARED[name]
    for api, event, convert in (
        ("legacy", shared.legacy, shared.to_legacy),
        ("v2", shared.v2, shared.to_v2),
    ):
        with pytest.raises(ContractViolation):
            EVENTS[api, event].build(ACCOUNT, WHO, None, convert({}))  # type: ignore[index]


def test_a_conversion_leaves_its_input_alone() -> None:
    before = json.dumps(PRODUCT)
    both("product_viewed", PRODUCT)
    assert json.dumps(PRODUCT) == before


@pytest.mark.parametrize(
    ("place", "name", "known"),
    [
        (("product", "properties"), "isinStock", "isInStock"),
        (("product", "properties"), "productKey", "productKey"),
        (("product", "properties"), "productId", "productKey"),
        (("product", "properties"), "unit_price", "price"),
        (("product", "properties"), "tag_color", "tag_"),
        (("product", "properties"), "color", None),
        (("product", "properties"), "brand", None),
        (("tags",), "ip", "ip"),
        (("tags",), "Email", "email"),
        (("tags",), "platform", None),
        (("tags",), "product", "product"),
    ],
)
def test_a_near_miss_of_either_api_is_told_before_an_event_is_built(
    place: tuple[str, ...], name: str, known: str | None
) -> None:
    assert SHARED["product_viewed"].near_miss(place, name) == known


def test_only_what_both_apis_document_is_shared() -> None:
    assert {(one.name, one.legacy, one.v2) for one in SHARED.values()} == {
        ("product_viewed", "ProductPage", "productViewed"),
        ("category_viewed", "CategoryPage", "productCategoryViewed"),
        ("cart_updated", "StatusCart", "cartUpdated"),
        ("product_impressions", "ProductImpressions", "productImpressions"),
        ("added_to_wishlist", "AddToWishlist", "productAddedToWishlist"),
        ("searched", "SearchRequest", "searchRequest"),
    }


@pytest.mark.parametrize("currency", ["₴", "", "UA", "грн", " "])
def test_a_currency_that_is_none_is_the_reason_not_the_price(currency: str) -> None:
    product = {"id": "1", "price": 754, "currency": currency}
    shared = SHARED["product_viewed"]
    legacy = shared.to_legacy({"product": product})
    with pytest.raises(ContractViolation) as refused:
        EVENTS["legacy", "ProductPage"].build(
            AccountContext("main", "S"), Identity(cookie="c"), None, legacy
        )
    assert (refused.value.path, refused.value.rule) == ("ProductPage.Product.price", "currency")
