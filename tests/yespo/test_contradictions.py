"""The decisions of docs/contract.md where the vendor's pages contradict each other (K1 to K56)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from consumer.config.yespo import LegacySettings, V2Settings
from consumer.model import Api
from consumer.yespo.catalogue import EVENTS
from consumer.yespo.judge import judge
from consumer.yespo.spec import AccountContext, ContractViolation, Identity
from tests.yespo.page_examples import FOLDER, FULL, Example

ROOT = Path(__file__).parents[2]
ACCOUNT = AccountContext("main", "8A412DC")
WHO = Identity(email="user@mail.com", cookie="c1")


def sent(name: str, values: dict[str, Any]) -> Any:
    return json.loads(EVENTS["legacy", name].build(ACCOUNT, WHO, None, values).body)


def params(name: str, values: dict[str, Any]) -> dict[str, Any]:
    body = json.loads(EVENTS["v2", name].build(ACCOUNT, WHO, None, values).body)
    return {param["name"]: param["value"] for param in body["params"]}


def changed(file: str, change: Any) -> list[tuple[str, str]]:
    document = json.loads((FOLDER / f"{file}.json").read_text())
    change(document)
    api: Any = "v2" if file.startswith("S1") else "legacy"
    return [(one.path, one.rule) for one in judge(api, json.dumps(document).encode())]


def test_the_table_has_a_row_for_each_contradiction_and_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "contract.md").read_text()
    rows = re.findall(r"^\| K(\d+) \|(.*)\|$", page, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 57))
    sources = "".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    tests = set(re.findall(r"def (test_\w+)", sources))
    for number, row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        assert len(cells) == 5, f"K{number}"
        assert all(cells), f"K{number}"
        named = re.findall(r"test_\w+", cells[-1])
        assert named or cells[-1].startswith("no observable behaviour: "), f"K{number}"
        assert set(named) <= tests, f"K{number}"


def test_urls_are_settings_with_the_yespo_hosts_as_default() -> None:
    assert LegacySettings(site_id="8A412DC").url == "https://tracker.yespo.io/api/v2"
    assert V2Settings.model_fields["url"].default == "https://yespo.io/api/v2/event"
    for url in ("https://tracker.esputnik.com/api/v2", "https://tracker.yespo.io/api/v2"):
        assert LegacySettings(site_id="8A412DC", url=url).url == url
    for host in ("yespo.io", "esputnik.com", "api.yespo.io", "api.reteno.com"):
        v2 = V2Settings(api_key="key", url=f"https://{host}/api/v2/event")
        assert v2.url == f"https://{host}/api/v2/event"
        assert v2.past_events_url == f"https://{host}/api/v2/past_events"


@pytest.mark.parametrize("general", ["8A412DC", [{"eventName": "StatusCart"}]])
def test_general_info_is_an_object_never_text_nor_a_list(general: Any) -> None:
    found = changed("S0-0218-StatusCart", lambda body: body.update(GeneralInfo=general))
    assert found == [("GeneralInfo", "type")]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("PurchasedItems", {"OrderNumber": "1", "Products": [
            {"product_id": "1", "unit_price": 1, "quantity": 1}]}),
        ("CategoryPage", {"Category": {"categoryKey": "1"}}),
        ("CustomerData", {}),
    ],
)  # fmt: skip
def test_the_event_name_is_that_of_the_event_whatever_its_table_says(
    name: str, values: dict[str, Any]
) -> None:
    assert sent(name, values)["GeneralInfo"]["eventName"] == name


@pytest.mark.parametrize(
    ("file", "event", "said"),
    [
        ("S0-0577-PurchasedItems", "PurchasedItems", "StatusCart"),
        ("S0-0902-CategoryPage", "CategoryPage", "ProductPage"),
        ("S0-1039-CustomerData", "", "StatusCart"),
    ],
)
def test_the_event_name_that_a_table_says_by_mistake_is_refused(
    file: str, event: str, said: str
) -> None:
    found = changed(file, lambda body: body["GeneralInfo"].update(eventName=said))
    assert (said, "required") in found
    assert not event or (event, "unknown") in found


@pytest.mark.parametrize(
    "example",
    [entry for entry in FULL if entry.file.startswith("S0") and entry.event != "ProductUpdate"],
    ids=lambda example: example.file,
)
def test_cookies_are_an_object_with_sc_in_every_event(example: Example) -> None:
    built = EVENTS["legacy", example.event].build(
        example.account, example.who, example.time, example.values
    )
    assert json.loads(built.body)["GeneralInfo"]["cookies"] == {"sc": example.who.cookie}
    found = changed(example.file, lambda body: body["GeneralInfo"].update(cookies="CDA68358"))
    assert found == [("GeneralInfo.cookies", "type")]


@pytest.mark.parametrize("cookie", ["CDA68358-94FB-4D83-9655-3FEB3CGGG1", "my own id", "Ж"])
def test_a_cookie_is_any_text(cookie: str) -> None:
    built = EVENTS["legacy", "CustomerData"].build(ACCOUNT, Identity(cookie=cookie), None, {})
    assert json.loads(built.body)["GeneralInfo"]["cookies"] == {"sc": cookie}
    assert judge("legacy", built.body) == []


@pytest.mark.parametrize("site", ["8A412DC", "site_id", "9CA53387F0E14D7EA3F4A1B2C3D4E5F6"])
def test_a_site_id_is_any_text(site: str) -> None:
    account = AccountContext("main", site)
    built = EVENTS["legacy", "CustomerData"].build(account, WHO, None, {})
    assert json.loads(built.body)["GeneralInfo"]["siteId"] == site
    assert judge("legacy", built.body) == []


@pytest.mark.parametrize("given", [True, 1, "1"])
def test_stock_is_called_is_in_stock_and_sent_as_text(given: Any) -> None:
    product = {"productKey": "1", "price": 1, "isInStock": given}
    assert sent("ProductPage", {"Product": product})["ProductPage"]["Product"]["isInStock"] == "1"


@pytest.mark.parametrize("stock", [0, 1, "0", "1"])
def test_stock_is_taken_as_text_or_number(stock: Any) -> None:
    def change(body: Any) -> None:
        body["ProductPage"]["Product"]["isInStock"] = stock

    assert changed("S0-0040-ProductPage", change) == []


def test_a_quantity_of_the_tracker_is_a_whole_number() -> None:
    line = {"productKey": "1", "price": 1}
    cart = sent("StatusCart", {"GUID": "s", "Products": [line | {"quantity": 2.0}]})
    assert cart["StatusCart"]["Products"][0]["quantity"] == 2
    with pytest.raises(ContractViolation) as caught:
        sent("StatusCart", {"GUID": "s", "Products": [line | {"quantity": 0.5}]})
    assert (caught.value.path, caught.value.rule) == ("StatusCart.Products[0].quantity", "type")


def test_impressions_are_plural_by_name_and_singular_by_key() -> None:
    shown = {"Products": [{"product_id": "1", "container_type": "1253_r963v1317"}]}
    body = sent("ProductImpressions", shown)
    assert body["GeneralInfo"]["eventName"] == "ProductImpressions"
    assert body["ProductImpression"] == shown
    assert "ProductImpressions" not in body


@pytest.mark.parametrize("container", ["1253", "1253_r963v1317"])
def test_a_container_type_is_any_text(container: str) -> None:
    def change(body: Any) -> None:
        body["ProductImpression"]["Products"][0]["container_type"] = container

    assert changed("S0-0741-ProductImpressions", change) == []


@pytest.mark.parametrize("key", ["509876", "Babies"])
def test_a_category_is_any_text(key: str) -> None:
    body = sent("CategoryPage", {"Category": {"categoryKey": key}})
    assert body["CategoryPage"] == {"Category": {"categoryKey": key}}


def test_customer_data_has_no_body_object() -> None:
    assert set(sent("CustomerData", {})) == {"GeneralInfo"}


def test_customer_data_needs_no_email() -> None:
    built = EVENTS["legacy", "CustomerData"].build(ACCOUNT, Identity(cookie="c1"), None, {})
    assert b"user_email" not in built.body
    assert judge("legacy", built.body) == []


@pytest.mark.parametrize("found", [None, True, False])
def test_a_search_is_sent_with_and_without_is_found(found: bool | None) -> None:
    given = {"search": "mug"} | ({} if found is None else {"isFound": found})
    expected = {"search": "mug"} | ({} if found is None else {"isFound": int(found)})
    assert sent("SearchRequest", given)["SearchRequest"] == expected


@pytest.mark.parametrize("discount", ["5.50", 5.5])
def test_a_discount_in_v2_is_text_and_taken_as_a_number_too(discount: Any) -> None:
    line = {"productId": "1", "quantity": 0.5, "price": 2, "discount": 5.5}
    products = params("cartUpdated", {"recycleStateId": "s", "products": [line]})["products"]
    assert json.loads(products) == [line | {"discount": "5.5"}]

    def change(body: Any) -> None:
        body["params"][2]["value"] = json.dumps([line | {"discount": discount}])

    assert changed("S1-0294-cartUpdated", change) == []


def test_all_five_identifiers_are_taken_with_every_event() -> None:
    who = Identity("ext-1", "user@mail.com", "380501234567", "17", "token")
    for name, values in (
        ("productImpressions", {"recomVariantId": "r1v2", "products": [{"productId": "1"}]}),
        ("productAddedToWishlist", {"product": {"productId": "1", "price": 1}}),
        ("searchRequest", {"search": "mug"}),
    ):
        built = EVENTS["v2", name].build(ACCOUNT, who, None, values)
        names = [param["name"] for param in json.loads(built.body)["params"]]
        assert names[:5] == ["phone", "email", "externalCustomerId", "contactId", "pushToken"]
        assert judge("v2", built.body) == []


def test_the_state_of_a_v2_cart_is_called_recycle_state_id() -> None:
    with pytest.raises(ContractViolation) as caught:
        params("cartUpdated", {"products": [], "cartId": "s"})
    assert (caught.value.path, caught.value.rule) == ("params.recycleStateId", "required")


@pytest.mark.parametrize("given", ["green", ["green"]])
def test_a_product_property_is_an_array_of_texts(given: Any) -> None:
    values = {"product": {"productId": "1", "price": 1, "*": {"color": given}}}
    assert json.loads(params("productViewed", values)["product"])["color"] == ["green"]


def test_the_location_stands_inside_of_the_page() -> None:
    assert params("pageViewed", {"page": {"location": "app://home"}})["page"] == (
        '{"location":"app://home"}'
    )


@pytest.mark.parametrize("found", [0, 1, "0", "1"])
def test_is_found_is_sent_as_a_number_and_taken_as_text_too(found: Any) -> None:
    assert params("searchRequest", {"search": "mug", "isFound": found})["isFound"] == int(found)

    def change(body: Any) -> None:
        body["params"][2]["value"] = found

    assert changed("S1-0478-searchRequest", change) == []


def test_an_order_number_may_have_a_slash_and_a_key_value_may_not() -> None:
    product = {"product_id": "1", "unit_price": 1, "quantity": 1}
    body = sent("PurchasedItems", {"OrderNumber": "123/2017", "Products": [product]})
    assert body["PurchasedItems"]["OrderNumber"] == "123/2017"
    event = EVENTS["v2", "searchRequest"]
    built = event.build(ACCOUNT, WHO, None, {"search": "mug"}, "123/2017")
    assert json.loads(built.body)["keyValue"] == "user@mail.com"
    assert built.left_out == (("keyValue", "forbidden_character"),)


AS_ON_THE_PAGE: dict[str, tuple[Api, str]] = {
    "S0:44": (
        "legacy",
        """{"GeneralInfo": {"eventName": "CustomerData",
\xa0 \xa0 "siteId": "8A412DC"}}""",
    ),
    "S2:1130": (
        "legacy",
        """{"GeneralInfo": {"eventName": "ProductUpdate", "siteId": "site_id",
  }}""",
    ),
    "S2:1107": ("legacy", "eS('sendEvent', 'SearchRequest', {'search': 'input_value'});"),
    "S1:110": (
        "v2",
        """{"eventTypeKey": "pageViewed", "keyValue": "a", "params": [
{"name": "page", "value": "{"location":"https://example.com"}"}]}""",
    ),
    "S1:360": (
        "v2",
        """{"eventTypeKey": "productImpressions", "keyValue": "a", "params": [{
"name" : "recomVariantId"  // Required. Recom variant in r{recomId}v{variantId} format
"value" : string           // Mer: container_type
}]}""",
    ),
    "S1:441": (
        "v2",
        """{"eventTypeKey": "searchRequest", "params": [{"name": "phone", "value": "380501234567"}
{"name": "search", "value": "Coffe"}]}""",
    ),
}


@pytest.mark.parametrize(("api", "body"), AS_ON_THE_PAGE.values(), ids=AS_ON_THE_PAGE)
def test_an_example_that_is_no_json_is_refused_as_it_stands_on_the_page(
    api: Api, body: str
) -> None:
    assert [(one.path, one.rule) for one in judge(api, body.encode())] == [("", "json")]


def test_the_product_with_two_brackets_too_many_is_refused_as_it_stands_on_the_page() -> None:
    # S1:180, its quotes escaped, its `]}` left where they are.
    product = (
        '{"productId":"WS01-L-Green","price":45.5,"isInStock":1,"someProductProperty":["green"]}]}'
    )

    def change(body: Any) -> None:
        body["params"][2]["value"] = product

    assert changed("S1-0166-productViewed", change) == [("params.product", "json")]
    product = product.removesuffix("]}")
    assert changed("S1-0166-productViewed", change) == []
