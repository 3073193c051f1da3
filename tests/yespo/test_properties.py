"""For any values: what `build` accepts passes the judge unchanged, and never breaks a limit."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.yespo.catalogue import EVENTS
from consumer.yespo.judge import judge
from consumer.yespo.shared import SHARED
from consumer.yespo.spec import (
    AccountContext,
    Built,
    ContractViolation,
    EventSpec,
    Identity,
    NoIdentifier,
)
from consumer.yespo.violations import RULES
from tests.yespo.values import ACCOUNTS, PEOPLE, Key, cases


def envelope(event: EventSpec, body: bytes) -> bytes:
    return b'{"events":[%b]}' % body if event.api == "past_events" else body


def attempt(
    event: EventSpec, account: AccountContext, who: Identity, at: int | None, given: dict[str, Any]
) -> tuple[Built | None, str]:
    try:
        return event.build(account, who, at, given), ""
    except NoIdentifier:
        return None, "nobody"
    except ContractViolation as refused:
        return None, refused.rule


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), ACCOUNTS, PEOPLE, st.none() | st.integers(1_500_000_000_000, 1_800_000_000_000))
def test_what_is_built_is_valid_and_what_is_not_is_refused_by_a_rule(
    case: tuple[Key, dict[str, Any]], account: AccountContext, who: Identity, at: int | None
) -> None:
    key, given_values = case
    event = EVENTS[key]
    built, rule = attempt(event, account, who, at, given_values)
    assert built is not None or rule in RULES | {"nobody"}
    if built is None:
        return
    assert judge(event.api, envelope(event, built.body)) == []
    assert len(built.body) <= 20_000
    assert event.build(account, who, at, given_values) == built
    document = json.loads(built.body)
    if event.api != "legacy":
        names = [param["name"] for param in document["params"]]
        assert len(names) == len(set(names))
        assert all(len(name) <= 100 for name in names)
        assert len(document["keyValue"]) <= 300


SAFE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    min_size=1,
    max_size=20,
).filter(lambda text: text.casefold() not in {"null", "none", "undefined", "nan", "nil"})
PRICES = st.decimals(0, 10**9, places=2)
FREE = st.dictionaries(
    SAFE.map(lambda name: f"own {name}"[:100]), st.lists(SAFE, min_size=2, max_size=3), max_size=3
)
PRODUCTS = st.fixed_dictionaries(
    {"id": SAFE, "price": PRICES, "quantity": st.integers(0, 10**6)},
    optional={"properties": FREE.map(lambda own: {"*": own}), "discount": PRICES},
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PRODUCTS, max_size=4), SAFE, st.sampled_from(["UAH", "USD"]), FREE)
def test_a_cart_says_the_same_in_both_apis_and_comes_back_unchanged(
    products: list[dict[str, Any]], state: str, currency: str, tags: dict[str, list[str]]
) -> None:
    cart = SHARED["cart_updated"]
    given_values = {
        "state": state,
        "products": products,
        "currency": currency,
        "tags": {"*": tags},
    }
    account, who = AccountContext("main", "8A412DC"), Identity(email="a@b.ua", cookie="c")
    legacy = EVENTS["legacy", cart.legacy].build(account, who, None, cart.to_legacy(given_values))
    v2 = EVENTS["v2", cart.v2].build(account, who, None, cart.to_v2(given_values))
    sent = json.loads(legacy.body, parse_float=Decimal, parse_int=Decimal)["StatusCart"]
    assert sent["GUID"] == state
    assert sent.get("Tags", {}) == tags
    for line, product in zip(sent["Products"], products, strict=True):
        assert line["productKey"] == product["id"]
        assert line["price"] == product["price"]
        assert line["quantity"] == product["quantity"]
        assert line.get("discount") == product.get("discount")
        assert line["price_currency_code"] == currency
        own = product.get("properties", {"*": {}})["*"]
        assert {name: line[f"tag_{name}"] for name in own} == own
    params = {one["name"]: one["value"] for one in json.loads(v2.body)["params"]}
    assert params["recycleStateId"] == state
    assert params["currencyCode"] == currency
    assert {name: json.loads(params[name]) for name in tags} == tags
    lines = json.loads(params["products"], parse_float=Decimal, parse_int=Decimal)
    for line, product in zip(lines, products, strict=True):
        assert line["productId"] == product["id"]
        assert line["price"] == product["price"]
        own = product.get("properties", {"*": {}})["*"]
        assert {name: line[name] for name in own} == own
