"""What records become: sends, loops, groups, free names, accounts, identity, the ends of a record."""

import json
from pathlib import Path
from typing import Any

import pytest

from consumer.errors import InvalidRecord
from consumer.model import Decoded, Endpoint, Event, Mapped
from tests.mapping.evaluation import (
    ACCOUNTS,
    HEAD,
    TWO_ACCOUNTS,
    check_text,
    record,
    run,
    unit_of,
)

USER = {"id": "u1", "email": "ann@shop.ua"}
COOKIE: dict[str, Any] = {"maybe": "cookie-1"}


def body(event: Event) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(event.body)
    return loaded


def params(event: Event) -> dict[str, Any]:
    """The params of a v2 event by name, nested ones decoded."""
    found = {}
    for param in body(event)["params"]:
        value = param["value"]
        found[param["name"]] = json.loads(value) if str(value).startswith(("{", "[")) else value
    return found


def rules(text: str) -> str:
    return HEAD + "rules:\n" + text


VIEW = """\
  - name: view
    when: kind == "view"
    send:
      - legacy: ProductPage
        Product:
          productKey: name
          price: money(exact, "UAH")
          isInStock: count > 0
          properties:
            size: attributes["size"]
            colour: attributes["colour"]
        tags: {all: tags, one: name}
"""


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ('"1" if yes else "0"', "1"),
        ("yes", "1"),
        ("0", "0"),
        ("0 if yes else 1", "0"),
        ("coalesce(0 if maybe_yes else null, 1)", "1"),
    ],
)
def test_a_flag_may_be_given_as_constants_or_a_text_that_can_only_be_0_or_1(
    tmp_path: Path, given: str, sent: str
) -> None:
    text = rules(VIEW.replace("count > 0", f"|\n            {given}"))
    (event,) = run(unit_of(tmp_path, text), user=USER, **COOKIE).events
    assert body(event)["ProductPage"]["Product"]["isInStock"] == sent


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ('money(exact, "UAH")', "19.90 UAH"),
        ("exact", "19.90"),
        ('f"{exact} PLN"', "19.90 PLN"),
        ('"12.50"', "12.50"),
        ("12.50 if yes else 754", "12.50"),
        ('coalesce(money(maybe_price, "USD"), "12 USD")', "12 USD"),
    ],
)
def test_a_price_that_may_have_a_currency_is_given_in_either_form(
    tmp_path: Path, given: str, sent: str
) -> None:
    text = rules(VIEW.replace('money(exact, "UAH")', f"|\n            {given}"))
    text = text.replace("cookie: maybe", "cookie: name")
    (event,) = run(unit_of(tmp_path, text), user=USER).events
    assert body(event)["ProductPage"]["Product"]["price"] == sent


def test_a_legacy_event_is_written_field_by_field(tmp_path: Path) -> None:
    (event,) = run(unit_of(tmp_path, rules(VIEW)), user=USER, **COOKIE).events
    assert event.endpoint == Endpoint("main", "legacy")
    assert (event.name, event.rule, event.element) == ("ProductPage", "view", 0)
    assert event.label == "main/legacy/ProductPage/view/0"
    assert event.occurred_ms == 1_700_000_000_000
    assert body(event) == {
        "GeneralInfo": {
            "eventName": "ProductPage",
            "siteId": "8A412DC",
            "datetime": 1_700_000_000_000,
            "user_email": "ann@shop.ua",
            "cookies": {"sc": "cookie-1"},
        },
        "ProductPage": {
            "Product": {
                "productKey": "Mug",
                "price": "19.90 UAH",
                "isInStock": "1",
                "tag_colour": ["red"],
            },
            "Tags": {"all": ["a", "b"], "one": ["Mug"]},
        },
    }


BOTH = """\
  - name: view
    send:
      - both: product_viewed
        product:
          id: name
          price: exact
          currency: |
            "UAH"
          in_stock: yes
          properties: {brand: name}
        tags: {own: name}
        params: {more: count}
        legacy:
          Product: {isInStock: false}
        v2:
          product: {isInStock: 1}
"""


def test_both_makes_two_events_of_one_description_with_overrides(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, rules(BOTH))
    legacy, v2 = run(unit, user=USER, **COOKIE).events
    assert body(legacy)["ProductPage"] == {
        "Product": {
            "productKey": "Mug",
            "price": "19.90 UAH",
            "isInStock": "0",
            "tag_brand": ["Mug"],
        },
        "Tags": {"own": ["Mug"]},
    }
    assert params(v2) == {
        "email": "ann@shop.ua",
        "product": {"productId": "Mug", "price": 19.9, "isInStock": 1, "brand": ["Mug"]},
        "currencyCode": "UAH",
        "own": "Mug",
        "more": 3,
    }
    assert (legacy.element, v2.element) == (0, 1)


def test_a_v2_event_for_nobody_is_skipped_and_counted(tmp_path: Path) -> None:
    mapped = run(unit_of(tmp_path, rules(BOTH)), **COOKIE)
    assert [event.endpoint.api for event in mapped.events] == ["legacy"]
    assert mapped.skipped == {(Endpoint("main", "v2"), "no_identifier"): 1}
    assert mapped.filtered is None


def test_a_record_whose_only_event_is_skipped_is_filtered_for_that_reason(tmp_path: Path) -> None:
    text = """\
  - name: search
    send:
      - v2: searchRequest
        search: name
"""
    mapped = run(unit_of(tmp_path, rules(text)))
    assert mapped.events == ()
    assert mapped.filtered == "no_identifier"


LIST = """\
  - name: cart
    send:
      - v2: cartUpdated
        recycleStateId: uuid(name, count)
        products:
          for: line in lines
          if: line.quantity > 1
          productId: line.sku
          quantity: line.quantity
          price: price
          properties: {block: line.block}
"""


def test_a_list_has_one_object_per_element_that_its_if_lets_through(tmp_path: Path) -> None:
    (event,) = run(unit_of(tmp_path, rules(LIST)), user=USER).events
    assert params(event)["products"] == [
        {"productId": "s2", "quantity": 2, "price": 0.1},
        {"productId": "s3", "quantity": 3, "price": 0.1, "block": ["r1"]},
        {"productId": "s4", "quantity": 4, "price": 0.1, "block": ["r0"]},
    ]


GROUPS = """\
  - name: shown
    send:
      - v2: productImpressions
        for: line in lines
        if: line.block != null
        by: line.block
        recomVariantId: |
          f"{key}v1"
        products: {for: line in items, productId: line.sku}
"""


def test_by_makes_one_event_per_value_in_order_of_first_appearance(tmp_path: Path) -> None:
    events = run(unit_of(tmp_path, rules(GROUPS)), user=USER).events
    assert [params(event)["recomVariantId"] for event in events] == ["r1v1", "r0v1"]
    assert [params(event)["products"] for event in events] == [
        [{"productId": "s1"}, {"productId": "s3"}],
        [{"productId": "s4"}],
    ]
    assert [event.element for event in events] == [0, 1]


def test_for_over_an_absent_array_makes_no_event(tmp_path: Path) -> None:
    text = """\
  - name: each
    send:
      - v2: searchRequest
        for: line in maybe_lines
        search: line.sku
"""
    unit = unit_of(tmp_path, rules(text))
    assert run(unit, user=USER).filtered == "no_event"
    events = run(unit, user=USER, maybe_lines=[{"sku": "a"}, {"sku": "b"}]).events
    assert [params(event)["search"] for event in events] == ["a", "b"]


CUSTOM = """\
custom_events:
  somethingHappened: {what: any}
rules:
  - name: custom
    send:
      - v2: somethingHappened
        what:
          if: user != null
          id: user.id
          list: [{for: line in lines, sku: line.sku}, {sku: name}]
        keyValue: name
"""


def test_an_object_is_left_out_when_its_if_is_false(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, HEAD + CUSTOM)
    (event,) = run(unit).events
    assert params(event) == {}
    assert body(event)["keyValue"] == "Mug"
    (event,) = run(unit, lines=[{"sku": "s1"}], user=USER).events
    assert params(event)["what"] == {"id": "u1", "list": [{"sku": "s1"}, {"sku": "Mug"}]}


MISSING = """\
  - name: search
    send:
      - v2: searchRequest
        search: maybe_count
        on_missing: skip
      - v2: pageViewed
        page: {location: name}
"""


def test_on_missing_skip_leaves_out_that_event_alone(tmp_path: Path) -> None:
    mapped = run(unit_of(tmp_path, rules(MISSING)), user=USER)
    assert [event.name for event in mapped.events] == ["pageViewed"]
    assert mapped.events[0].element == 1
    assert mapped.skipped == {(Endpoint("main", "v2"), "missing"): 1}


def test_on_missing_dead_letter_makes_the_record_invalid(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, rules(MISSING.replace("skip", "dead_letter")))
    with pytest.raises(InvalidRecord) as caught:
        run(unit, user=USER)
    assert caught.value.reason == "missing"
    assert caught.value.detail == "search: searchRequest: search is absent"


def test_a_value_that_breaks_a_rule_names_rule_and_field_but_never_the_value(
    tmp_path: Path,
) -> None:
    unit = unit_of(tmp_path, rules(LIST))
    with pytest.raises(InvalidRecord) as caught:
        run(unit, user=USER, price=float("nan"))
    assert (caught.value.stage, caught.value.reason) == ("mapping", "number")
    assert caught.value.detail == "cart: cartUpdated.params.products[0].price number"


def test_defaults_apply_where_the_event_takes_them_and_null_takes_one_away(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
defaults:
  tags: {a: name, b: name}
  params: {p: count, q: maybe}
rules:
  - name: view
    send:
      - legacy: ProductPage
        Product: {productKey: name, price: exact}
        tags: {b: null, c: maybe}
      - legacy: SearchRequest
        search: name
      - v2: searchRequest
        search: name
        params: {p: exact}
      - both: category_viewed
        category: {id: name}
"""
    )
    events = run(unit_of(tmp_path, text), user=USER, **COOKIE).events
    assert body(events[0])["ProductPage"]["Tags"] == {"a": ["Mug"], "c": ["cookie-1"]}
    assert "Tags" not in body(events[1])["SearchRequest"]
    assert params(events[2]) == {
        "email": "ann@shop.ua",
        "search": "Mug",
        "p": 19.9,
        "q": "cookie-1",
    }
    assert body(events[3])["CategoryPage"]["Tags"] == {"a": ["Mug"], "b": ["Mug"]}
    assert params(events[4])["p"] == 3


SUPPRESS = (
    HEAD
    + """\
suppress:
  - when: not maybe_yes
    reason: no marketing consent
  - when: user == null
    reason: nobody
match: MATCH
rules:
  - name: first
    when: count > 2
    send: [{v2: searchRequest, search: user.id}]
  - name: second
    when: yes
    send: [{v2: pageViewed, page: {location: user.id}}]
"""
)


def test_suppress_comes_before_any_rule_and_its_opposite_is_known_after(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, SUPPRESS.replace("MATCH", "first"))
    assert run(unit, user=USER).filtered == "no_marketing_consent"
    assert run(unit, maybe_yes=True).filtered == "nobody"
    assert run(unit, user=USER, maybe_yes=True).filtered is None


def test_match_decides_between_the_first_rule_and_all(tmp_path: Path) -> None:
    first = unit_of(tmp_path, SUPPRESS.replace("MATCH", "first"))
    assert [e.rule for e in run(first, user=USER, maybe_yes=True).events] == ["first"]
    every = unit_of(tmp_path, SUPPRESS.replace("MATCH", "all"))
    events = run(every, user=USER, maybe_yes=True).events
    assert [(e.rule, e.element) for e in events] == [("first", 0), ("second", 0)]
    assert run(every, user=USER, maybe_yes=True, count=0, yes=False).filtered == "no_rule"


def test_otherwise_decides_about_records_no_rule_takes_and_tombstones(tmp_path: Path) -> None:
    text = SUPPRESS.replace("MATCH", "first")
    tombstone = Decoded(None, "", "")
    drop = unit_of(tmp_path, text)
    assert run(drop, user=USER, maybe_yes=True, count=0, yes=False).filtered == "no_rule"
    assert drop.map(record(), tombstone) == Mapped((), "tombstone")
    strict = unit_of(tmp_path, text.replace("otherwise: drop", "otherwise: dead_letter"))
    with pytest.raises(InvalidRecord, match="no_rule"):
        run(strict, user=USER, maybe_yes=True, count=0, yes=False)
    with pytest.raises(InvalidRecord, match="tombstone"):
        strict.map(record(), tombstone)


def test_a_record_type_that_no_file_takes_is_invalid(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, rules(VIEW))
    with pytest.raises(InvalidRecord) as caught:
        unit.map(record(), Decoded({}, "shop.Other", "1"))
    assert caught.value.reason == "unmapped_type"


SEARCH = """\
  - name: search
    send: [{legacy: SearchRequest, search: name}]
"""


def order_of(folder: Path, head: str, **fields: Any) -> tuple[str, ...]:
    given = fields.pop("given", None)
    events = run(unit_of(folder, head + "rules:\n" + SEARCH), given, **fields).events
    return events[0].order_by


def test_order_follows_cookie_and_identifiers_in_one_spelling(tmp_path: Path) -> None:
    head = HEAD.replace("identity:", "identity:\n  phone: name\n  externalCustomerId: kind")
    head = head.replace("  email: user.email", "  email: user.email\n  pushToken: text(id)")
    user = {"id": "u1", "email": " Ann@Shop.ua"}
    found = order_of(tmp_path, head, user=user, name="+38 (050) 123-45-67", **COOKIE)
    assert found == ("cookie-1", "view", "7", "ann@shop.ua", "380501234567")


@pytest.mark.parametrize(
    "phone", ["+380501234567", "00380501234567", "380501234567", " 38 (050) 123-45-67"]
)
def test_one_phone_is_one_key_in_every_spelling(tmp_path: Path, phone: str) -> None:
    head = HEAD.replace("identity:", "identity:\n  phone: name")
    assert order_of(tmp_path, head, name=phone, **COOKIE) == ("cookie-1", "380501234567")


def test_words_for_nobody_never_tie_people_together(tmp_path: Path) -> None:
    user = {"id": "u1", "email": "null"}
    found = order_of(tmp_path, HEAD, user=user, **COOKIE)
    assert found == ("cookie-1",)


def test_order_by_replaces_the_default_and_falls_back_to_key_and_partition(tmp_path: Path) -> None:
    head = HEAD + "order_by: [count, maybe_count]\n"
    assert order_of(tmp_path, head, **COOKIE) == ("3",)
    head = HEAD + "order_by: [maybe_count]\n"
    assert order_of(tmp_path, head, **COOKIE) == (b"key-1".hex(),)
    assert order_of(tmp_path, head, given=record(key=None), **COOKIE) == ("shop.test/3",)


def test_an_account_is_a_name_or_an_expression(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
defaults: {account: lower(name)}
rules:
  - name: search
    send:
      - {legacy: SearchRequest, search: name, account: pl}
      - {legacy: SearchRequest, search: name}
"""
    )
    unit = unit_of(tmp_path, text, TWO_ACCOUNTS)
    first, second = run(unit, name="UA", **COOKIE).events
    assert (first.endpoint.account, second.endpoint.account) == ("pl", "ua")
    assert body(second)["GeneralInfo"]["siteId"] == "UA"
    with pytest.raises(InvalidRecord) as caught:
        run(unit, name="DE", **COOKIE)
    assert caught.value.reason == "account"


def test_the_unit_names_every_kind_of_event_and_every_reason_to_leave_a_record_out(
    tmp_path: Path,
) -> None:
    text = (
        HEAD
        + """\
defaults: {account: lower(name)}
suppress: [{when: not yes, reason: No consent}]
rules:
  - name: search
    when: count > 1
    send:
      - {legacy: SearchRequest, search: name, account: pl}
      - {both: searched, query: name, account: ua}
  - name: page
    send: [{legacy: CustomerData}]
"""
    )
    unit = unit_of(tmp_path, text, TWO_ACCOUNTS)
    assert unit.kinds == {
        (Endpoint("pl", "legacy"), "SearchRequest"),
        (Endpoint("ua", "legacy"), "SearchRequest"),
        (Endpoint("ua", "v2"), "searchRequest"),
        (Endpoint("pl", "legacy"), "CustomerData"),
        (Endpoint("ua", "legacy"), "CustomerData"),
    }
    always = {"no_consent", "missing", "no_event", "no_identifier"}
    assert unit.filters == always | {"no_rule", "tombstone"}
    strict = unit_of(
        tmp_path, text.replace("otherwise: drop", "otherwise: dead_letter"), TWO_ACCOUNTS
    )
    assert strict.filters == always


def test_an_unlikely_time_makes_the_record_invalid(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, rules(SEARCH))
    for wrong in (1_700_000_000, 1_700_000_000_000_000, 2**63 - 1, -(2**63)):
        with pytest.raises(InvalidRecord) as caught:
            run(unit, at_ms=wrong, **COOKIE)
        assert caught.value.reason == "time"


def test_without_a_time_the_kafka_timestamp_gives_the_age(tmp_path: Path) -> None:
    head = HEAD.replace("time: at_ms", "time: maybe_us")
    unit = unit_of(tmp_path, head + "rules:\n" + SEARCH)
    (event,) = run(unit, **COOKIE).events
    assert event.occurred_ms == 1_700_000_000_500
    assert "datetime" not in body(event)["GeneralInfo"]
    for odd in (-1, 1_700_000_000, 1_700_000_000_000_000):  # none, seconds, microseconds
        (event,) = run(unit, record(timestamp_ms=odd), **COOKIE).events
        assert event.occurred_ms == -1


def test_age_counts_for_v2_unless_legacy_is_told_so(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
defaults: {max_age: 24h}
rules:
  - name: search
    send:
      - both: searched
        query: name
      - {legacy: SearchRequest, search: name, when_older: dead_letter, max_age: 30m}
      - {v2: searchRequest, search: name, when_older: send}
"""
    )
    events = run(unit_of(tmp_path, text), user=USER, **COOKIE).events
    assert [(e.endpoint.api, e.expires_ms, e.when_older) for e in events] == [
        ("legacy", -1, "drop"),
        ("v2", 1_700_086_400_000, "drop"),
        ("legacy", 1_700_001_800_000, "dead_letter"),
        ("v2", -1, "drop"),
    ]


BOTH_SEARCHED = "rules: [{name: s, send: [{both: searched, query: name}]}]\n"


def test_v2_events_of_carts_and_browsing_are_dropped_after_a_day_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    text = (
        HEAD
        + """\
custom_events: {levelChanged: {level: text}}
rules:
  - name: all
    send:
      - {v2: searchRequest, search: name}
      - {v2: levelChanged, level: name}
      - {legacy: SearchRequest, search: name}
      - {v2: searchRequest, search: name, when_older: past_events}
      - {v2: levelChanged, level: name, when_older: past_events, max_age: 1h}
"""
    )
    events = run(unit_of(tmp_path, text), user=USER, **COOKIE).events
    assert [(e.name, e.expires_ms, e.when_older) for e in events] == [
        ("searchRequest", 1_700_086_400_000, "drop"),
        ("levelChanged", -1, "drop"),
        ("SearchRequest", -1, "drop"),
        ("searchRequest", 1_700_086_400_000, "past_events"),
        ("levelChanged", 1_700_003_600_000, "past_events"),
    ]


def test_past_events_in_defaults_speaks_of_v2_alone(tmp_path: Path) -> None:
    head = HEAD + "defaults: {max_age: 1h, when_older: past_events}\n"
    legacy, v2 = run(unit_of(tmp_path, head + BOTH_SEARCHED), user=USER, **COOKIE).events
    assert (legacy.expires_ms, legacy.when_older) == (-1, "drop")
    assert (v2.expires_ms, v2.when_older) == (1_700_003_600_000, "past_events")


def test_what_fits_only_while_it_is_fresh_goes_to_the_dead_letters_when_it_is_not(
    tmp_path: Path,
) -> None:
    send = "{v2: searchRequest, search: name, when_older: past_events}"
    unit = unit_of(tmp_path, HEAD + f"rules: [{{name: s, send: [{send}]}}]\n")
    (small,) = run(unit, user=USER, name="x", **COOKIE).events
    room = 20_000 - len(small.body) + 1
    (largest,) = run(unit, user=USER, name="x" * (room - 30), **COOKIE).events
    (larger,) = run(unit, user=USER, name="x" * (room - 29), **COOKIE).events
    assert (len(largest.body), largest.when_older) == (19_970, "past_events")
    assert (len(larger.body), larger.when_older) == (19_971, "dead_letter")


CATALOGUE = """\
rules:
  - name: catalogue
    send:
      - legacy: ProductUpdate
        ProductUpdate:
          - product_id: name
            isInStock: true
          - product_id: count
            isInStock: true
"""


def test_updates_of_products_are_in_order_by_product(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, HEAD + CATALOGUE)
    (event,) = run(unit, user=USER, name="mug", count=12, **COOKIE).events
    assert event.order_by == ("mug", "12")
    unit = unit_of(tmp_path, HEAD + "order_by: [kind]\n" + CATALOGUE)
    (event,) = run(unit, user=USER, **COOKIE).events
    assert event.order_by == ("view",)


CART = """\
rules:
  - name: cart
    send:
      - both: cart_updated
        state: uuid(name, count)
        products: []
        conflate: true
"""


def test_a_cart_that_may_be_superseded_says_whose_cart_it_is(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, HEAD + CART)
    legacy, v2 = run(unit, user=USER, **COOKIE).events
    ann = ("cookie-1", None, None, None, "ann@shop.ua", None)
    assert legacy.state_of == ("StatusCart", None, "drop", *ann)
    assert v2.state_of == ("cartUpdated", None, "drop", *ann)
    _, next_cart = run(unit, user=USER, count=2, **COOKIE).events
    assert next_cart.state_of == v2.state_of
    _, of_another = run(unit, user={**USER, "email": "bob@shop.ua"}, **COOKIE).events
    assert of_another.state_of != v2.state_of


def test_the_recipient_of_a_v2_cart_is_part_of_whose_cart_it_is(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, HEAD + CART + "        keyValue: name\n")
    _, first = run(unit, user=USER, name="ann@shop.ua", **COOKIE).events
    _, second = run(unit, user=USER, name="bob@shop.ua", **COOKIE).events
    assert first.order_by == second.order_by
    assert first.state_of != second.state_of


@pytest.mark.parametrize("word", ["", "        conflate: false\n", '        conflate: "false"\n'])
def test_a_cart_is_superseded_by_none_unless_the_mapping_says_so(tmp_path: Path, word: str) -> None:
    text = CART.replace("        conflate: true\n", word)
    events = run(unit_of(tmp_path, HEAD + text), user=USER, **COOKIE).events
    assert [event.state_of for event in events] == [None, None]


def test_the_visitors_user_agent_goes_to_the_tracker_only(tmp_path: Path) -> None:
    text = HEAD + "user_agent: name\nrules:\n  - {name: s, send: [{both: searched, query: kind}]}\n"
    legacy, v2 = run(unit_of(tmp_path, text), user=USER, name="Mozilla/5.0", **COOKIE).events
    assert (legacy.user_agent, v2.user_agent) == ("Mozilla/5.0", None)


def test_identifiers_that_break_a_rule_are_left_out_and_named(tmp_path: Path) -> None:
    user = {"id": "u1", "email": "no address"}
    mapped = run(unit_of(tmp_path, rules(SEARCH)), user=user, **COOKIE)
    assert mapped.left_out == {("email", "format"): 1}
    assert len(mapped.events) == 1


def test_a_lone_constant_is_written_as_text_wherever_an_expression_may_stand(
    tmp_path: Path,
) -> None:
    text = (
        HEAD
        + """\
define:
  currency: {text: UAH}
  odd: {text: "it's \\"true\\""}
order_by: [{text: one queue}]
rules:
  - name: view
    when: coalesce(maybe, currency) == "UAH"
    define: {platform: {text: Web}}
    send:
      - both: product_viewed
        product: {id: odd, price: exact, currency: currency}
        tags: {platform: platform, own: {text: "true"}}
"""
    )
    legacy, v2 = run(unit_of(tmp_path, text), user=USER).events
    assert legacy.order_by == ("one queue",)
    assert body(legacy)["ProductPage"] == {
        "Product": {"productKey": 'it\'s "true"', "price": "19.90 UAH"},
        "Tags": {"platform": ["Web"], "own": ["true"]},
    }
    assert params(v2)["currencyCode"] == "UAH"


def test_includes_share_definitions_tables_and_custom_events(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
include: [shared.yaml]
define:
  where: stores[city]
rules:
  - name: custom
    send: [{v2: storeVisited, store: where, on_missing: skip}]
"""
    )
    shared = """\
define: {city: lower(name)}
tables: {stores: {kyiv: "1"}}
custom_events: {storeVisited: {store: "text, required"}}
"""
    unit = unit_of(tmp_path, text, shared_yaml=shared)
    (event,) = run(unit, user=USER, name="Kyiv").events
    assert (event.name, params(event)["store"]) == ("storeVisited", "1")


def test_the_digest_changes_with_any_byte_of_any_file(tmp_path: Path) -> None:
    text = HEAD + "include: [shared.yaml]\nrules:\n" + SEARCH
    first = unit_of(tmp_path, text, shared_yaml="define: {}\n").digest
    assert len(first) == 8
    assert unit_of(tmp_path, text, shared_yaml="define: {}\n").digest == first
    assert unit_of(tmp_path, text, shared_yaml="define: {} # a\n").digest != first
    assert unit_of(tmp_path, text + "#\n", shared_yaml="define: {}\n").digest != first


def test_the_unit_names_its_topics_and_reader_schemas(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, rules(SEARCH).replace("[shop.test]", "[shop.test, '^shop[.]t.*']"))
    assert unit.topics == ("shop.test", "^shop[.]t.*")
    assert list(unit.reader_schemas("shop.tests")) == ["shop.Test"]
    assert unit.reader_schemas("other") == {}
    assert "def rule_1" in unit.source()


def test_several_accounts_must_be_chosen_from(tmp_path: Path) -> None:
    unit, findings, shown = check_text(tmp_path, rules(SEARCH), TWO_ACCOUNTS)
    assert unit is None
    assert [finding.code for finding in findings] == ["account"]
    assert "ua, pl" in shown
    assert ACCOUNTS["main"].apis == {"legacy", "v2"}


def test_texts_out_of_all_proportion_make_the_record_invalid(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
define:
  twice: |
    f"{name}{name}"
rules: [{name: r, send: [{legacy: SearchRequest, search: twice}]}]
"""
    )
    with pytest.raises(InvalidRecord) as caught:
        run(unit_of(tmp_path, text), name="x" * 150_000, **COOKIE)
    assert caught.value.reason == "too_long"


def test_absent_elements_are_left_out_of_a_parameter_of_any_kind(tmp_path: Path) -> None:
    send = """
custom_events: {looked: {all: any}}
rules: [{name: r, send: [{v2: looked, all: tags, params: {free: maybe_tags, tags: tags}}]}]
"""
    unit = unit_of(tmp_path, HEAD + send)
    [event] = run(unit, tags=["a", None, "b"], user={"id": "u", "email": "ann@shop.ua"}).events
    params = {one["name"]: one["value"] for one in json.loads(event.body)["params"]}
    assert (params["all"], params["tags"]) == ('["a","b"]', '["a","b"]')
