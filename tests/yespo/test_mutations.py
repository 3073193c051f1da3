"""One thing wrong in a valid body: each is refused, and the refusal names the field and the rule."""

import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from consumer.model import Api
from consumer.yespo.judge import judge
from tests.yespo.page_examples import FOLDER

DROPPED = object()


class Mutation(NamedTuple):
    """`at` is where the body is changed, `path` what the refusal has to name."""

    file: str
    at: str
    value: Any
    path: str
    rule: str


PERSON = (
    "externalCustomerId",
    "user_phone",
    "user_email",
    "user_name",
    "cookies.sc",
)
LEGACY = {
    "ProductPage": "S0-0040-ProductPage",
    "StatusCart": "S0-0218-StatusCart",
    "AddToWishlist": "S0-0422-AddToWishlist",
    "PurchasedItems": "S0-0577-PurchasedItems",
    "OneClick": "S2-0563-PurchasedItems",
    "ByGuid": "S2-0458-PurchasedItems",
    "ProductImpressions": "S0-0741-ProductImpressions",
    "CategoryPage": "S0-0902-CategoryPage",
    "CustomerData": "S0-1039-CustomerData",
    "CustomEvent": "S2-0991-CustomEvent",
    "SearchRequest": "S0-1141-SearchRequest",
    "ProductUpdate": "S0-1181-ProductUpdate",
}
V2 = {
    "pageViewed": "S1-0096-pageViewed",
    "productViewed": "S1-0166-productViewed",
    "productCategoryViewed": "S1-0217-productCategoryViewed",
    "cartUpdated": "S1-0294-cartUpdated",
    "productImpressions": "S1-0349-productImpressions",
    "productAddedToWishlist": "S1-0418-productAddedToWishlist",
    "searchRequest": "S1-0478-searchRequest",
}

REQUIRED = {
    "ProductPage": (
        "GeneralInfo",
        "GeneralInfo.eventName",
        "GeneralInfo.siteId",
        "ProductPage",
        "ProductPage.Product",
        "ProductPage.Product.productKey",
        "ProductPage.Product.price",
    ),
    "StatusCart": (
        "GeneralInfo.siteId",
        "StatusCart",
        "StatusCart.GUID",
        "StatusCart.Products",
        "StatusCart.Products[0].productKey",
        "StatusCart.Products[1].price",
        "StatusCart.Products[1].quantity",
    ),
    "AddToWishlist": (
        "AddToWishlist",
        "AddToWishlist.Product",
        "AddToWishlist.Product.productKey",
        "AddToWishlist.Product.price",
    ),
    "PurchasedItems": (
        "PurchasedItems",
        "PurchasedItems.OrderNumber",
        "PurchasedItems.Products[0].product_id",
        "PurchasedItems.Products[1].unit_price",
        "PurchasedItems.Products[1].quantity",
    ),
    "OneClick": ("PurchasedItems.OrderNumber", "PurchasedItems.Products[0].product_id"),
    "ByGuid": ("PurchasedItems.OrderNumber", "GeneralInfo.siteId"),
    "ProductImpressions": (
        "ProductImpression",
        "ProductImpression.Products",
        "ProductImpression.Products[0].product_id",
        "ProductImpression.Products[2].container_type",
    ),
    "CategoryPage": ("CategoryPage", "CategoryPage.Category", "CategoryPage.Category.categoryKey"),
    "CustomerData": ("GeneralInfo.siteId", "GeneralInfo.eventName", "GeneralInfo.cookies.sc"),
    "CustomEvent": ("CustomEvent", "CustomEvent.EventName", "GeneralInfo.screendim.h"),
    "SearchRequest": ("SearchRequest", "SearchRequest.search", "GeneralInfo"),
    "ProductUpdate": (
        "ProductUpdate",
        "ProductUpdate[0].product_id",
        "ProductUpdate[1].isInStock",
        "GeneralInfo.siteId",
    ),
    "pageViewed": ("eventTypeKey", "params", "params.page", "params.page.location"),
    "productViewed": ("params.product", "params.product.productId", "params.product.price"),
    "productCategoryViewed": ("params.category", "params.category.productCategoryId"),
    "cartUpdated": (
        "params.products",
        "params.products[0].productId",
        "params.products[0].quantity",
        "params.products[0].price",
        "params.recycleStateId",
    ),
    "productImpressions": (
        "params.recomVariantId",
        "params.products",
        "params.products[0].productId",
    ),
    "productAddedToWishlist": (
        "params.product",
        "params.product.productId",
        "params.product.price",
    ),
    "searchRequest": ("params.search",),
}

WRONG_CASE = {
    "ProductPage": (
        ("GeneralInfo", "generalInfo"),
        ("GeneralInfo.eventName", "eventname"),
        ("GeneralInfo.siteId", "siteID"),
        ("ProductPage", "productPage"),
        ("ProductPage.Product", "product"),
        ("ProductPage.Product.productKey", "product_key"),
        ("ProductPage.Product.productKey", "product_id"),
        ("ProductPage.Product.price", "unit_price"),
    ),
    "StatusCart": (
        ("StatusCart.GUID", "guid"),
        ("StatusCart.GUID", "Guid"),
        ("StatusCart.Products", "products"),
        ("StatusCart.Products[0].productKey", "product_id"),
        ("StatusCart.Products[0].quantity", "Quantity"),
    ),
    "AddToWishlist": (("AddToWishlist", "AddToWishList"), ("AddToWishlist", "Wishlist")),
    "PurchasedItems": (
        ("PurchasedItems.OrderNumber", "orderNumber"),
        ("PurchasedItems.Products[0].product_id", "productKey"),
        ("PurchasedItems.Products[0].unit_price", "price"),
    ),
    "ProductImpressions": (
        ("ProductImpression", "ProductImpressions"),
        ("ProductImpression.Products[0].product_id", "productKey"),
        ("ProductImpression.Products[0].container_type", "containerType"),
    ),
    "CategoryPage": (("CategoryPage.Category.categoryKey", "category_key"),),
    "CustomEvent": (("CustomEvent.EventName", "eventName"), ("CustomEvent", "customEvent")),
    "SearchRequest": (("SearchRequest.search", "Search"), ("SearchRequest.search", "input_value")),
    "ProductUpdate": (
        ("ProductUpdate[0].product_id", "productKey"),
        ("ProductUpdate[0].isInStock", "isinStock"),
    ),
    "pageViewed": (("eventTypeKey", "eventtypekey"), ("params.page.location", "url")),
    "productViewed": (
        ("params.product.productId", "productID"),
        ("params.product.price", "Price"),
        ("params.product", "Product"),
    ),
    "productCategoryViewed": (("params.category.productCategoryId", "categoryKey"),),
    "cartUpdated": (
        ("params.products[0].productId", "productKey"),
        ("params.products[0].quantity", "qty"),
        ("params.recycleStateId", "GUID"),
        ("params.recycleStateId", "recycleStateID"),
        ("params.products", "Products"),
    ),
    "productImpressions": (("params.recomVariantId", "container_type"),),
    "searchRequest": (("params.search", "Search"),),
}
"""The required key under another spelling: it is missing."""

BAD_VALUES: dict[str, tuple[tuple[str, str, tuple[Any, ...]], ...]] = {
    "ProductPage": (
        ("GeneralInfo", "type", ("text", 1, [], None)),
        ("GeneralInfo.eventName", "type", (1, None, ["ProductPage"])),
        ("GeneralInfo.eventName", "value", ("productPage", "Productpage", "PageView", "")),
        ("GeneralInfo.siteId", "type", (8, None, ["8A412DC"])),
        ("GeneralInfo.siteId", "blank", ("", "  ")),
        (
            "GeneralInfo.datetime",
            "millis",
            (1579622183, 1579622183208000, "1579622183208", 1579622183208.5, -1, 0, True),
        ),
        ("GeneralInfo.cookies", "type", ("CDA68358", ["CDA68358"], None)),
        ("GeneralInfo.cookies.sc", "type", (12, None, ["a"])),
        *(
            (f"GeneralInfo.{one}", "blank", ("", " ", "null", "None", "undefined"))
            for one in PERSON
        ),
        ("GeneralInfo.externalCustomerId", "type", (1234509876, None)),
        ("GeneralInfo.externalCustomerId", "too_long", ("9" * 301,)),
        ("GeneralInfo.user_phone", "format", ("call me", "12345", "1" * 16, "+38 050 CALL ME")),
        ("GeneralInfo.user_phone", "type", (380501234567,)),
        ("GeneralInfo.user_email", "format", ("user", "user@", "@mail.com", "us er@mail.com")),
        ("GeneralInfo.user_es_contact_id", "format", ("abc", "25 58", "-1")),
        ("GeneralInfo.user_es_contact_id", "type", (255830499, None)),
        ("ProductPage", "type", ("text", [], None)),
        ("ProductPage.Product", "type", ("72354", ["72354"], None)),
        ("ProductPage.Product.productKey", "type", (72354, None, ["72354"], True)),
        ("ProductPage.Product.productKey", "blank", ("", "  ")),
        ("ProductPage.Product.price", "type", (754, 754.5, None, ["754 USD"])),
        (
            "ProductPage.Product.price",
            "number",
            (
                "754USD",
                "USD 754",
                "$754",
                "754,00",
                "1 754",
                "7.5e2",
                "-1",
                "NaN",
                "free",
                "",
                ".5",
                "754.",
                "0754",
                "45.300000000000004",
            ),
        ),
        (
            "ProductPage.Product.price",
            "currency",
            ("754 usd", "754 XYZ", "754 ₴", "754 ", "754 UA", "754  UAH"),
        ),
        ("ProductPage.Product.isInStock", "value", ("yes", 2, "2", True, None, 1.0, "", "true")),
        ("ProductPage.Product.tag_something", "type", ("abc", 1, None, {"a": ["b"]})),
        ("ProductPage.Product.tag_something[0]", "type", (1, None, ["abc"])),
        ("ProductPage.Tags", "type", ("text", ["a"], None)),
        ("ProductPage.Tags.some_tags", "type", ("some_tag1", 7, None)),
        ("ProductPage.Tags.some_tags[1]", "type", (2, None)),
    ),
    "StatusCart": (
        ("StatusCart", "type", ("430738", ["430738"], [{"productKey": "430738"}], None)),
        ("StatusCart.GUID", "type", (6, None)),
        ("StatusCart.GUID", "blank", ("",)),
        ("StatusCart.Products", "type", ({}, "430738", None)),
        ("StatusCart.Products[0]", "type", ("430738", None, 1)),
        ("StatusCart.Products[0].price", "number", ("201,95", None, "", -1, "2e2", True)),
        ("StatusCart.Products[0].discount", "number", ("10%", None, -5)),
        ("StatusCart.Products[0].quantity", "type", ("1", 1.5, None, True)),
        ("StatusCart.Products[0].quantity", "range", (-1,)),
        ("StatusCart.Products[0].price_currency_code", "currency", ("usd", "US", "ГРН", "", 840)),
        ("StatusCart.Products[1].tag_something", "type", ("aaa", None)),
    ),
    "AddToWishlist": (
        ("AddToWishlist.Product.price", "type", (754,)),
        ("AddToWishlist.Product.isInStock", "value", ("in stock", -1)),
    ),
    "PurchasedItems": (
        ("PurchasedItems", "type", ("430738", ["430738"], [{"product_id": "430738"}], None)),
        ("PurchasedItems.Products", "empty", ([],)),
        ("PurchasedItems.Products", "type", ("430738", {}, None)),
        ("PurchasedItems.Products[0].product_id", "type", (430738,)),
        ("PurchasedItems.Products[0].unit_price", "type", (201.95, None)),
        ("PurchasedItems.Products[0].unit_price", "number", ("201.95 USD", "", "1e2")),
        ("PurchasedItems.Products[0].quantity", "type", ("1", 0.5, None)),
        ("PurchasedItems.OrderNumber", "type", (123, None)),
        ("PurchasedItems.OrderNumber", "blank", ("", " ")),
    ),
    "OneClick": (("PurchasedItems.Tags.block_id", "type", ("21246_r335v507", None)),),
    "ByGuid": (("PurchasedItems.GUID", "blank", ("",)), ("PurchasedItems.GUID", "type", (6,))),
    "ProductImpressions": (
        ("ProductImpression", "type", ([], "x")),
        ("ProductImpression.Products", "empty", ([],)),
        ("ProductImpression.Products[0].container_type", "type", (1253, None)),
        ("ProductImpression.Products[0].product_id", "blank", ("",)),
    ),
    "CategoryPage": (
        ("CategoryPage.Category", "type", ("509876", None)),
        ("CategoryPage.Category.categoryKey", "type", (509876, ["a"])),
    ),
    "CustomEvent": (
        ("CustomEvent", "type", ([], None)),
        ("CustomEvent.EventName", "blank", ("",)),
        ("CustomEvent.Tags", "type", ([],)),
        ("GeneralInfo.adblockEnabled", "type", ("true", 1)),
        ("GeneralInfo.screendim", "type", ("1200x2304",)),
    ),
    "SearchRequest": (
        ("SearchRequest.search", "type", (1, None)),
        ("SearchRequest.search", "blank", ("", "\t")),
        ("SearchRequest.isFound", "value", (2, True, "yes", None)),
    ),
    "ProductUpdate": (
        ("ProductUpdate", "type", ({}, None)),
        ("ProductUpdate", "empty", ([],)),
        ("ProductUpdate[0].product_id", "type", (430738,)),
        ("ProductUpdate[0].unit_price", "type", (201.95,)),
        ("ProductUpdate[0].tag_discount", "type", (10, "10")),
        ("ProductUpdate[0].price_currency_code", "currency", (980, "uah")),
        ("ProductUpdate[0].category_id", "type", ("3",)),
    ),
    "pageViewed": (
        ("eventTypeKey", "type", (1, None)),
        ("eventTypeKey", "blank", ("", " ")),
        ("eventTypeKey", "too_long", ("k" * 101,)),
        ("eventTypeKey", "forbidden_character", ("page/viewed", "it's", "page?", "a,b", "’")),
        ("eventTypeKey", "near_miss", ("PageViewed", "page_viewed", "pageViewd", "pageview ed")),
        ("keyValue", "type", (1, None, ["a"])),
        ("keyValue", "blank", ("", " ", "null", "None", "undefined")),
        ("keyValue", "too_long", ("k" * 301,)),
        ("keyValue", "forbidden_character", ("o'brien@mail.com", "123/2017", "a|b", "a\\b", "a`b")),
        ("params", "type", ({}, "page", None)),
        ("params.email", "type", (1, None)),
        ("params.email", "blank", ("", "null", "None")),
        ("params.email", "format", ("nobody", "a b@c")),
        ("params.email", "too_long", ("a" * 300 + "@b",)),
        ("params.email", "forbidden_character", ("o'brien@mail.com", "a!b@mail.com")),
        ("params.phone", "format", ("abc", "123456", "1234567890123456")),
        ("params.phone", "type", (380501234567,)),
        ("params.page", "type", (1, ["https://example.com"])),
        ("params.page", "json", ("https://example.com",)),
        ("params.page.location", "type", (1, None)),
        ("params.page.location", "blank", ("", "NaN", " undefined ", "null")),
    ),
    "productViewed": (
        ("params.product.productId", "type", (7, None)),
        ("params.product.productId", "blank", ("",)),
        ("params.product.price", "type", ("45.5", None, True, "45.5 USD")),
        ("params.product.price", "range", (-1, 10**15)),
        ("params.product.isInStock", "value", ("yes", 2, True)),
        ("params.product.someProductProperty", "type", ("green", 1, None)),
        ("params.currencyCode", "currency", ("usd", "Dollar", "", 840)),
    ),
    "productCategoryViewed": (
        ("params.category", "type", (7, [])),
        ("params.category.productCategoryId", "blank", ("",)),
    ),
    "cartUpdated": (
        ("params.products", "type", ({}, 7)),
        ("params.products[0]", "type", ("WS01-L-Green", 1)),
        ("params.products[0].quantity", "type", ("1", None)),
        ("params.products[0].quantity", "range", (-1,)),
        ("params.products[0].price", "type", ("45.5", None)),
        ("params.recycleStateId", "type", (1,)),
        ("params.recycleStateId", "blank", ("",)),
    ),
    "productImpressions": (
        ("params.recomVariantId", "format", ("1253", "963v1317", "1253_r963v1317", "r963")),
        ("params.products", "empty", ([],)),
        ("params.products[0].productId", "type", (430738,)),
    ),
    "productAddedToWishlist": (
        ("params.product", "type", ([], [{"productId": "72354", "price": 754.5}])),
        ("params.product.price", "type", ("754 USD", "754")),
        ("params.product.someProductProperty", "type", ("abc, bca", None)),
    ),
    "searchRequest": (
        ("params.search", "type", (1, None)),
        ("params.search", "blank", ("",)),
        ("params.isFound", "value", (2, True, "no")),
    ),
}

EXTRA: dict[str, tuple[tuple[str, Any, str], ...]] = {
    "ProductPage": (
        ("extra", 1, "unknown"),
        ("StatusCart", {}, "unknown"),
        ("GeneralInfo.user_id", "1", "unknown"),
        ("GeneralInfo.s_location", "https://example.com", "unknown"),
        ("GeneralInfo.cookies.sid", "1", "unknown"),
        ("ProductPage.Products", [], "unknown"),
        ("ProductPage.tags", {}, "unknown"),
        ("ProductPage.Product.isinStock", "1", "unknown"),
        ("ProductPage.Product.color", ["red"], "unknown"),
        ("ProductPage.Product.tagcolor", ["red"], "unknown"),
        ("ProductPage.Product.tag_", ["red"], "unknown"),
        ("ProductPage.Product.tag_price", ["1"], "near_miss"),
        ("ProductPage.Product.tag_is_in_stock", ["1"], "near_miss"),
        ("ProductPage.Product.tag_tag_color", ["1"], "near_miss"),
        ("ProductPage.Product.tag_" + "x" * 101, ["1"], "too_long"),
    ),
    "StatusCart": (
        ("StatusCart.OrderNumber", "1", "unknown"),
        ("StatusCart.Products[0].currency", "USD", "unknown"),
        ("StatusCart.Products[0].tag_currency", ["USD"], "near_miss"),
        ("StatusCart.Products[0].unit_price", "1", "unknown"),
    ),
    "PurchasedItems": (
        ("PurchasedItems.block_id", "21246_r335v507", "unknown"),
        ("PurchasedItems.TrackedOrderId", "x", "unknown"),
        ("TrackedOrderId", "x", "unknown"),
        ("PurchasedItems.Products[0].price", "1", "unknown"),
        ("PurchasedItems.Products[0].tag_color", ["red"], "unknown"),
        ("PurchasedItems.Tags.blockId", ["21246_r335v507"], "near_miss"),
    ),
    "ProductImpressions": (
        ("ProductImpressions", {}, "unknown"),
        ("ProductImpression.Products[0].price", 1, "unknown"),
    ),
    "CustomerData": (("CustomerData", {}, "unknown"),),
    "SearchRequest": (("SearchRequest.Tags", {}, "unknown"),),
    "ProductUpdate": (
        ("GeneralInfo.datetime", 1579622183208, "unknown"),
        ("ProductUpdate[0].price", "1", "unknown"),
    ),
    "pageViewed": (
        ("occurred", "2026-11-20T10:00", "unknown"),
        ("params.page.title", "x", "unknown"),
        ("params.Page", "x", "near_miss"),
        ("params.ContactJson", "{}", "near_miss"),
        ("params.nothing", None, "type"),
        ("params." + "n" * 101, "x", "too_long"),
    ),
    "productViewed": (
        ("params.product.isinStock", ["1"], "near_miss"),
        ("params.product.unit_price", ["1"], "near_miss"),
        ("params.product.product_id", ["1"], "near_miss"),
        ("params.product.color", "red", "type"),
        ("params.currency", "USD", "near_miss"),
        ("params.price_currency_code", "USD", "near_miss"),
    ),
    "cartUpdated": (
        ("params.product", "x", "near_miss"),
        ("params.products[0].productKey", ["1"], "near_miss"),
        ("params.products[0].Quantity", ["1"], "near_miss"),
        ("params.Email", "example@email.com", "duplicate"),
        ("params.EmailAddress", "example@email.com", "duplicate"),
        ("params.SMS", "380501234567", "duplicate"),
    ),
    "searchRequest": (("params.is_found", 1, "near_miss"),),
}

FILES = LEGACY | V2


def _mutations() -> Iterator[Mutation]:
    for event, paths in REQUIRED.items():
        for path in paths:
            yield Mutation(FILES[event], path, DROPPED, path, "required")
    for event, renames in WRONG_CASE.items():
        for path, name in renames:
            yield Mutation(FILES[event], path, f"renamed to {name}", path, "required")
    for event, fields in BAD_VALUES.items():
        for path, rule, values in fields:
            for value in values:
                yield Mutation(FILES[event], path, value, path, rule)
    for event, extras in EXTRA.items():
        for path, value, rule in extras:
            reported = _blamed(path, rule)
            yield Mutation(FILES[event], path, value, reported, rule)


def _blamed(path: str, rule: str) -> str:
    """A param with too long a name is named by its place: the name is not repeated."""
    return "params[3].name" if path.startswith("params.") and rule == "too_long" else path


MUTATIONS = tuple(_mutations())


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for part in path.replace("]", "").split("."):
        name, *indexes = part.split("[")
        steps += [name, *(int(index) for index in indexes)]
    return steps


def _holder(document: Any, steps: list[str | int]) -> tuple[Any, str | int, list[Any]]:
    """What holds the last step, and the texts to write back on the way out."""
    texts: list[Any] = []
    for at, step in enumerate(steps[:-1]):
        if step == "params":
            name = steps[at + 1]
            param = next((one for one in document["params"] if one["name"] == name), None)
            rest = steps[at + 2 :]
            if not rest:
                return document["params"], name, texts
            assert param is not None
            inner = json.loads(param["value"])
            texts.append((param, inner))
            holder, last, more = _holder({"value": inner}, ["value", *rest])
            return holder, last, texts + more
        document = document[step]
    return document, steps[-1], texts


def mutate(mutation: Mutation) -> bytes:
    document = json.loads((FOLDER / f"{mutation.file}.json").read_text())
    holder, last, texts = _holder(document, _steps(mutation.at))
    value = copy.deepcopy(mutation.value) if mutation.value is not DROPPED else DROPPED
    if isinstance(holder, list) and isinstance(last, str):
        _set_param(holder, last, value)
    elif value is DROPPED:
        del holder[last]
    elif isinstance(value, str) and value.startswith("renamed to "):
        holder[value.removeprefix("renamed to ")] = holder.pop(last)
    else:
        holder[last] = value
    for param, inner in texts:
        param["value"] = json.dumps(inner)
    return json.dumps(document, ensure_ascii=False).encode()


def _set_param(params: list[dict[str, Any]], name: str, value: Any) -> None:
    param = next((one for one in params if one["name"] == name), None)
    if param is None:
        params.append({"name": name, "value": value})
    elif value is DROPPED:
        params.remove(param)
    elif isinstance(value, str) and value.startswith("renamed to "):
        param["name"] = value.removeprefix("renamed to ")
    else:
        param["value"] = json.dumps(value) if isinstance(value, dict | list) else value


def _name(mutation: Mutation) -> str:
    value = "dropped" if mutation.value is DROPPED else repr(mutation.value)[:30]
    event = mutation.file.split("-")[2]
    return f"{event}-{mutation.at[:60]}-{value}".encode("ascii", "replace").decode()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=_name)
def test_a_single_mutation_is_refused_by_field_and_rule(mutation: Mutation) -> None:
    api: Api = "v2" if mutation.file.startswith("S1") else "legacy"
    found = {(one.path, one.rule) for one in judge(api, mutate(mutation))}
    assert (mutation.path, mutation.rule) in found


def test_there_are_enough_mutations_and_each_changes_the_body() -> None:
    bodies = {mutate(mutation) for mutation in MUTATIONS}
    assert len(MUTATIONS) >= 450
    assert len(bodies) > 445
    unchanged = {
        json.dumps(json.loads((FOLDER / f"{file}.json").read_text()), ensure_ascii=False).encode()
        for file in FILES.values()
    }
    assert not bodies & unchanged


BODY = b'{"eventTypeKey":"searchRequest","params":[{"name":"phone","value":"380501234567"},'
REST = b'{"name":"search","value":"Coffe"}]}'


@pytest.mark.parametrize(
    ("body", "path", "rule"),
    [
        (b"", "", "json"),
        (b"null", "", "type"),
        (b"[]", "", "type"),
        (BODY, "", "json"),
        (BODY + REST + b"x", "", "json"),
        (b"\xef\xbb\xbf" + BODY + REST, "", "json"),
        (BODY + b'{"name":"search","value":"\xff"}]}', "", "encoding"),
        (BODY + b'{"name":"search","value":"\\ud800"}]}', "params.search", "encoding"),
        (BODY + b'{"name":"x","value":"\\ud800"},' + REST, "params.x", "encoding"),
        (BODY + b'{"name":"x","value":NaN},' + REST, "", "number"),
        (BODY + b'{"name":"x","value":-Infinity},' + REST, "", "number"),
        (BODY + b'{"name":"x","value":1e3},' + REST, "params.x", "number"),
        (BODY + b'{"name":"x","value":0.30000000000000004},' + REST, "params.x", "number"),
        (BODY + b'{"name":"search","value":"a"},' + REST, "params.search", "duplicate"),
        (BODY + b'{"name":"search","name":"x","value":"a"}]}', "name", "duplicate"),
        (BODY + b'{"name":"search"}]}', "params[1].value", "required"),
        (BODY + b'{"value":"Coffe"}]}', "params[1].name", "required"),
        (BODY + b'{"name":"search","value":"a","type":"b"}]}', "params[1].type", "unknown"),
        (BODY + b'"search"]}', "params[1]", "type"),
        (b'{"eventTypeKey":"searchRequest","params":[' + REST, "params", "required"),
        (b"[" * 100_000, "", "body_size"),
        (b"[" * 19_999, "", "json"),
    ],
)
def test_a_body_that_is_no_such_json_is_refused(body: bytes, path: str, rule: str) -> None:
    assert (path, rule) in {(one.path, one.rule) for one in judge("v2", body)}


def test_a_price_with_an_exponent_in_json_text_is_refused() -> None:
    product = rb"{\"productId\":\"1\",\"price\":4.55e1}"
    body = (
        b'{"eventTypeKey":"productViewed","keyValue":"1","params":[{"name":"product","value":"'
        + product
        + b'"}]}'
    )
    assert [(one.path, one.rule) for one in judge("v2", body)] == [
        ("params.product.price", "number")
    ]


def test_json_text_that_is_no_json_is_refused_once() -> None:
    body = (
        b'{"eventTypeKey":"productViewed","keyValue":"1","params":[{"name":"product","value":"{"}]}'
    )
    assert [(one.path, one.rule) for one in judge("v2", body)] == [("params.product", "json")]


def test_twenty_thousand_bytes_are_taken_and_one_more_is_not() -> None:
    start, end = b'{"eventTypeKey":"mine","keyValue":"1","params":[{"name":"x","value":"', b'"}]}'
    fits = start + b"x" * (20_000 - len(start) - len(end)) + end
    assert len(fits) == 20_000
    assert judge("v2", fits) == []
    over = fits.replace(b"xx", b"xxx", 1)
    assert [(one.path, one.rule) for one in judge("v2", over)] == [("", "body_size")]
    wide = start + "й".encode() * ((20_001 - len(start) - len(end)) // 2 + 1) + end
    assert [one.rule for one in judge("v2", wide)] == ["body_size"]


PAST = {
    "eventTypeKey": "mine",
    "keyValue": "1",
    "params": [],
    "occurred": "2026-11-20T10:00",
}


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"occurred": None}, "events[1].occurred", "type"),
        ({"occurred": DROPPED}, "events[1].occurred", "required"),
        ({"occurred": "2026-11-20 10:00"}, "events[1].occurred", "format"),
        ({"occurred": "2026-11-20T10:00:00"}, "events[1].occurred", "format"),
        ({"occurred": "2026-13-20T10:00"}, "events[1].occurred", "format"),
        ({"occurred": "2026-1-2T10:00"}, "events[1].occurred", "format"),
        ({"keyValue": DROPPED}, "events[1].keyValue", "required"),
        ({"eventTypeKey": "a/b"}, "events[1].eventTypeKey", "forbidden_character"),
        ({"params": {}}, "events[1].params", "type"),
        ({"extra": 1}, "events[1].extra", "unknown"),
        ({"params": [{"name": "x", "value": "y" * 20_000}]}, "events[1]", "body_size"),
    ],
)
def test_a_past_event_is_refused_by_its_place(change: dict[str, Any], path: str, rule: str) -> None:
    second = {name: value for name, value in (PAST | change).items() if value is not DROPPED}
    body = json.dumps({"events": [PAST, second]}).encode()
    assert (path, rule) in {(one.path, one.rule) for one in judge("past_events", body)}


def test_past_events_are_taken_up_to_five_hundred() -> None:
    assert judge("past_events", json.dumps({"events": [PAST] * 500}).encode()) == []
    over = judge("past_events", json.dumps({"events": [PAST] * 501}).encode())
    assert [(one.path, one.rule) for one in over] == [("events", "range")]
    empty = judge("past_events", b'{"events": []}')
    assert [(one.path, one.rule) for one in empty] == [("events", "range")]


def test_an_anonymous_visitor_needs_a_cookie_and_a_known_one_does_not() -> None:
    page = json.loads((FOLDER / "S0-0040-ProductPage.json").read_text())
    del page["GeneralInfo"]["cookies"]
    assert judge("legacy", json.dumps(page).encode()) == []
    for name in ("externalCustomerId", "user_phone", "user_email", "user_es_contact_id"):
        del page["GeneralInfo"][name]
    assert [(one.path, one.rule) for one in judge("legacy", json.dumps(page).encode())] == [
        ("GeneralInfo.cookies", "required")
    ]


def test_a_purchase_needs_products_or_a_guid() -> None:
    page = json.loads((FOLDER / "S0-0577-PurchasedItems.json").read_text())
    del page["PurchasedItems"]["Products"]
    assert [(one.path, one.rule) for one in judge("legacy", json.dumps(page).encode())] == [
        ("PurchasedItems.Products", "alternatives")
    ]
    page["PurchasedItems"]["GUID"] = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
    assert judge("legacy", json.dumps(page).encode()) == []
