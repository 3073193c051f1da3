"""For any values: what `build` accepts passes the judge unchanged, and never breaks a limit."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.model import Api
from consumer.vendor.catalogue import EVENTS
from consumer.vendor.judge import judge
from consumer.vendor.shared import SHARED
from consumer.vendor.spec import (
    AccountContext,
    Built,
    ContractViolation,
    EventSpec,
    FieldSpec,
    Free,
    Identity,
    Kind,
    NoIdentifier,
)
from consumer.vendor.violations import RULES

Key = tuple[Api, str]

TEXT = st.text(max_size=12)
"""Any text, lone surrogates and NUL among it."""
NUMBERS = (
    st.integers(-5, 10**16)
    | st.floats()
    | st.decimals(-5, 10**9, places=2)
    | st.decimals(allow_nan=True, allow_infinity=True)
)
GOOD = st.decimals(0, 10**9, places=2) | st.floats(0, 10**9) | st.integers(0, 100)
ANYTHING = st.none() | st.booleans() | TEXT | NUMBERS | st.lists(TEXT, max_size=2)
LIKELY: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: TEXT.filter(str.strip)
    | TEXT
    | st.integers()
    | st.just("r1v2")
    | st.just("2026-11-20T10:00:00"),
    Kind.NUMBER: GOOD | GOOD | NUMBERS,
    Kind.INTEGER: st.integers(0, 100) | st.integers(-1, 10**16),
    Kind.MONEY: GOOD | GOOD | NUMBERS | st.sampled_from(["754 USD", "754", "7.50", "1e3"]),
    Kind.FLAG: st.booleans() | st.sampled_from([0, 1, "0", "1", 2, "yes"]),
    Kind.CURRENCY: st.sampled_from(["UAH", "usd", "XXX"]),
    Kind.TEXTS: st.lists(TEXT, max_size=3) | TEXT | st.integers(),
    Kind.ANY: ANYTHING,
}
NAMES = st.sampled_from(["color", "size", "of"]) | st.sampled_from(
    ["tag_x", "Email", "ip", "isinStock", "", "x" * 100, "y" * 101]
)
ACCOUNTS = st.builds(
    AccountContext,
    name=st.just("main"),
    site_id=st.just("8A412DC"),
    dialect=st.sampled_from(["yespo", "reteno"]),
    v2_values=st.sampled_from(["text", "object"]),
    phones=st.sampled_from(["digits", "as_given"]),
    without_cookie=st.sampled_from(["send", "skip"]),
)
WORDS = st.none() | TEXT | st.sampled_from(["null", "o'brien@mail.com", "a@b.c", "+380501234567"])
PHONES = WORDS | st.from_regex(r"(\+|00)?[ 0-9-]{3,18}", fullmatch=True)
PEOPLE = st.builds(
    Identity,
    external_customer_id=WORDS,
    email=WORDS,
    phone=PHONES,
    contact_id=st.just("17") | WORDS,
    push_token=WORDS,
    name=WORDS,
    cookie=st.just("c") | WORDS,
)


def objects(fields: tuple[FieldSpec, ...], free: Free) -> st.SearchStrategy[dict[str, Any]]:
    required = {one.name: values(one) for one in fields if one.required}
    optional = {one.name: values(one) for one in fields if not one.required}
    if free is not Free.NONE:
        kind = Kind.ANY if free is Free.PARAM else Kind.TEXTS
        optional["*"] = st.dictionaries(NAMES, LIKELY[kind], max_size=2)
    return st.fixed_dictionaries(required, optional=optional)


def values(field: FieldSpec) -> st.SearchStrategy[Any]:
    if field.kind is Kind.OBJECT:
        return objects(field.fields, field.free)
    if field.kind is Kind.OBJECTS:
        return st.lists(objects(field.fields, field.free), max_size=2)
    return LIKELY[field.kind]


def cases() -> st.SearchStrategy[tuple[Key, dict[str, Any]]]:
    return st.sampled_from(list(EVENTS)).flatmap(
        lambda key: st.tuples(st.just(key), objects(EVENTS[key].fields, EVENTS[key].free))
    )


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
)
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
    account, who = AccountContext("main", "8A412DC"), Identity(email="a@b.c", cookie="c")
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
