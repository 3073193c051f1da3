"""Unions of several kinds of values: read as the kind that is asked for, and told apart with `is`."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.mapping.evaluation import HEAD, check_text, evaluate, node_of, refused, run, unit_of

PRODUCT = {"sku": "100-01", "price": 201.95}
BRANCHES: dict[str, Any] = {
    "boolean": True,
    "number": 201.95,
    "text": "Mug",
    "list": ["a", None, 7],
    "Product": PRODUCT,
}


@pytest.mark.parametrize("asked", BRANCHES)
@pytest.mark.parametrize("held", [*BRANCHES, "null"])
def test_is_tells_each_branch_from_every_other(asked: str, held: str) -> None:
    value = BRANCHES.get(held)
    assert evaluate(f"mixed is {asked}", mixed=value) is (asked == held)
    # Absent is not anything, and not anything else either.
    assert evaluate(f"mixed is not {asked}", mixed=value) is (held not in {asked, "null"})


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("not mixed", {"boolean": False}),
        ("mixed == true", {"boolean": True}),
        ("mixed > 200", {"number": True}),
        ("mixed + 1", {"number": Decimal("202.95")}),
        ("-mixed", {"number": Decimal("-201.95")}),
        ('mixed == "Mug"', {"text": True}),
        ('mixed == "201.95"', {"number": True}),
        ("lower(mixed)", {"text": "mug", "number": "201.95"}),
        ('f"<{mixed}>"', {"text": "<Mug>", "number": "<201.95>"}),
        ("mixed[0]", {"list": "a"}),
        ("length(mixed)", {"list": 2}),
        ('join(mixed, "-")', {"list": "a-7"}),
        ('"7" in mixed', {"list": True}),
        ("[x for x in mixed]", {"list": ["a", 7]}),
        ("mixed.sku", {"Product": "100-01"}),
        ('mixed["sku"]', {"Product": "100-01"}),
        ('coalesce(mixed, "none")', {"text": "Mug", "number": "201.95"}),
        ("coalesce(mixed, 0)", {"number": 201.95}),
        ('mixed if yes else "none"', {"text": "Mug", "number": "201.95"}),
    ],
)
def test_a_branch_is_read_where_it_is_asked_for_and_absent_where_it_is_another(
    text: str, readable: dict[str, Any]
) -> None:
    absent = {'coalesce(mixed, "none")': "none", "coalesce(mixed, 0)": 0}.get(text)
    for held, value in {**BRANCHES, "null": None}.items():
        found = evaluate(text, mixed=value)
        if held in readable:
            assert found == readable[held], held
        elif node_of(text).slot.type == node_of("yes").slot.type:
            assert found in {False, text == "not mixed"}, held
        else:
            assert found == absent, held


@pytest.mark.parametrize(
    ("condition", "text", "other"),
    [
        ("mixed is number", "mixed + 1", "0"),
        ("mixed > 0", "mixed + 1", "0"),
        ("mixed is text", "lower(mixed)", '""'),
        ('mixed == "a"', "lower(mixed)", '""'),
        ("mixed is list", "length(mixed)", "0"),
        ("mixed is Product", "mixed.sku", '""'),
        ("mixed is boolean", "mixed", "false"),
        ("mixed", "mixed", "false"),
        ("not (mixed is not number or mixed == null)", "mixed + 1", "0"),
    ],
)
def test_a_test_proves_the_branch_and_that_it_is_there(
    condition: str, text: str, other: str
) -> None:
    assert not node_of(f"{text} if {condition} else {other}").slot.nullable
    assert node_of(f"{text} if yes else {other}").slot.nullable


def test_what_tests_leave_of_a_union_is_what_remains() -> None:
    text = (
        '"t" if mixed is text else ("n" if mixed is number else "b") '
        'if mixed is text or mixed is number or mixed is boolean else "other"'
    )
    values: list[Any] = ["Mug", 2.5, True, [], None]
    assert [evaluate(text, mixed=value) for value in values] == [
        "t",
        "n",
        "b",
        "other",
        "other",
    ]


def test_a_time_in_a_union_is_read_as_milliseconds_and_has_no_text() -> None:
    assert evaluate("iso(seen)", seen=1_700_000_000_000_999) == "2023-11-14T22:13:20.000Z"
    assert evaluate("iso(seen) if seen is time else seen", seen="now") == "now"
    assert evaluate("lower(seen)", seen=1_700_000_000_000_999) is None
    assert evaluate("lower(seen)", seen="NOW") == "now"


def test_a_time_in_a_union_or_a_list_of_them_never_becomes_a_text_of_digits() -> None:
    assert evaluate("text(seen)", seen=1_700_000_000_000_999) is None
    assert evaluate("text(seen)", seen="now") == "now"
    assert evaluate("integer(unclear)", unclear=7) is None
    assert refused('join(moments, ",")').message == (
        "`join` takes list of text, this is list of date or text"
    )
    assert evaluate('join([x for x in moments if x is text], ",")', moments=["a", 19_675]) == "a"


def test_branches_that_are_read_as_the_same_are_not_told_apart() -> None:
    assert refused("unclear is number").message == (
        "`number` looks like another type of this union: text or integer or time"
    )
    assert refused("iso(unclear)").message == ("`iso` takes time, this is text or integer or time")
    assert evaluate("lower(unclear)", unclear="A") == "a"
    assert evaluate("lower(unclear)", unclear=1_700_000_000_000) is None


def test_the_fields_that_all_records_of_a_union_have_are_open() -> None:
    item = ("shop.Item", {"url": None, "rank": "x", "sku": "s1"})
    offer = ("shop.Offer", {"sku": None})
    either = "page.sku if page is Item or page is Offer else page.url"
    assert evaluate(either, page=item) == "s1"
    assert evaluate(either, page=offer) is None
    assert evaluate(either) == "/"
    assert node_of("page.url if page is not Offer else null").slot.nullable
    assert refused("page.sku").code == "union"
    assert refused("page.rank if page is not Offer else null").code == "union"  # text and integer


SENDS = """
rules:
  - name: viewed
    when: kind == "view"
    send:
      - both: product_viewed
        if: properties["id"] is text and properties["price"] is number
        product:
          id: properties["id"]
          price: properties["price"]
          in_stock: properties["in_stock"]
          properties: {brand: 'properties["brand"]', tags: mixed}
        params: {raw: 'properties["brand"]', all: mixed}
      - v2: productImpressions
        on_missing: skip
        recomVariantId: {text: r1v1}
        products:
          for: item in properties["products"]
          productId: item.sku
"""


def test_a_map_of_anything_fills_texts_numbers_flags_and_lists(tmp_path: Path) -> None:
    head = HEAD.replace("  cookie: maybe", "  cookie: name")
    unit = unit_of(tmp_path, head + SENDS)
    properties = {
        "id": "100-01",
        "price": 201.95,
        "in_stock": True,
        "brand": 7,
        "products": [PRODUCT, {"sku": "100-02", "price": None}],
    }
    user = {"id": "u1", "email": "ann@shop.ua"}
    mapped = run(unit, properties=properties, user=user, mixed=["a", None, 7])
    [legacy, viewed, shown] = [orjson.loads(event.body) for event in mapped.events]
    product = legacy["ProductPage"]["Product"]
    assert (product["productKey"], product["price"], product["isInStock"]) == (
        "100-01",
        "201.95",
        "1",
    )
    assert product["tag_brand"] == ["7"]
    assert product["tag_tags"] == ["a", "7"]
    params = {one["name"]: one["value"] for one in viewed["params"]}
    assert orjson.loads(params["product"]) == {
        "productId": "100-01",
        "price": 201.95,
        "isInStock": 1,
        "brand": ["7"],
        "tags": ["a", "7"],
    }
    assert (params["raw"], params["all"]) == (7, '["a",7]')  # a record would be left out
    params = {one["name"]: one["value"] for one in shown["params"]}
    assert [one["productId"] for one in orjson.loads(params["products"])] == ["100-01", "100-02"]

    other = {"id": 7, "price": "free", "in_stock": "yes", "products": "none"}
    assert not run(unit, properties=other, user=user).events


def test_a_required_field_asks_for_the_proof_that_is_accepted(tmp_path: Path) -> None:
    text = SENDS.replace('properties["price"] is number', "yes")
    _, findings, _ = check_text(tmp_path, HEAD + text)
    [finding] = findings
    assert finding.remedy.startswith('add `properties["price"] is number` to `when`')


def test_rules_for_branches_of_a_union_do_not_hide_one_another(tmp_path: Path) -> None:
    rules = """
rules:
  - {name: a, when: 'mixed is text and mixed != "x"', send: [{legacy: SearchRequest, search: mixed}]}
  - {name: b, when: mixed is number, send: [{legacy: SearchRequest, search: mixed}]}
  - {name: c, when: mixed is number and mixed > 5, send: [{legacy: SearchRequest, search: mixed}]}
"""
    _, findings, _ = check_text(tmp_path, HEAD + rules)
    assert [(finding.code, finding.place.line) for finding in findings] == [("unreachable", 14)]
