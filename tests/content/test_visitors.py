"""The sandbox's visitors: repeatable, consistent, complete."""

import time
from collections import Counter, defaultdict
from itertools import islice, pairwise
from typing import Any

import pytest
from fastavro import parse_schema

from consumer.sandbox.visitors import MIX, Visitors, key_of
from tests.content.make_fixtures import encode, load_schema

KINDS = tuple(MIX)

NOW = 1_795_165_200_000


def visit(seed: int, count: int) -> list[dict[str, Any]]:
    """Records at ten a second."""
    ticks = iter(range(NOW, NOW + 10**9, 100))
    return list(islice(Visitors(seed, lambda: next(ticks)).records(), count))


def by_visitor(records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped = defaultdict(list)
    for record in records:
        grouped[key_of(record)].append(record)
    return grouped


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return visit(7, 12_000)


def test_the_same_seed_gives_the_same_records() -> None:
    assert visit(3, 500) == visit(3, 500)
    assert visit(3, 500) != visit(4, 500)


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_occurs_in_any_three_hundred_records(seed: int) -> None:
    kinds = [record["kind"] for record in visit(seed, 5_000)]
    for start in range(len(kinds) - 300):
        missing = set(KINDS) - set(kinds[start : start + 300])
        assert not missing, f"seed {seed}, records {start}..{start + 300}"


def test_every_kind_of_the_schema_is_made_but_the_unknown_one() -> None:
    schema = load_schema("shop_click")
    kinds = next(field for field in schema["fields"] if field["name"] == "kind")["type"]["symbols"]
    assert set(KINDS) == set(kinds) - {"unknown"}


def test_every_record_fits_the_schema(records: list[dict[str, Any]]) -> None:
    schema = parse_schema(load_schema("shop_click"))
    names = [field["name"] for field in load_schema("shop_click")["fields"]]
    for record in records[:3_000]:
        assert list(record) == names
        encode(schema, record)


def test_numbers_count_up_without_gaps_and_time_never_stands_still(
    records: list[dict[str, Any]],
) -> None:
    for key, theirs in by_visitor(records).items():
        assert [record["seq"] for record in theirs] == list(range(1, len(theirs) + 1)), key
        times = [record["event_time"] for record in theirs]
        assert all(earlier < later for earlier, later in pairwise(times)), key


def test_times_are_close_to_the_clock(records: list[dict[str, Any]]) -> None:
    for place, record in enumerate(records):
        assert abs(record["event_time"] - (NOW + 100 * place)) < 5_000


def test_somebody_becomes_known_by_signing_in_and_stays_so_for_the_visit(
    records: list[dict[str, Any]],
) -> None:
    midway = Counter[str]()
    for theirs in by_visitor(records).values():
        known: dict[str, Any] = {}
        anonymous: set[str] = set()
        for record in theirs:
            session, user = record["session_id"], record["user"]
            if session in known:
                assert user == known[session]
            elif user is None:
                anonymous.add(session)
            else:
                known[session] = user
                if session in anonymous:
                    assert record["kind"] in {"sign_in", "sign_up"}
                    midway[record["kind"]] += 1
    assert midway["sign_in"] > 50
    assert midway["sign_up"] > 50


def test_a_cart_changes_by_one_version_at_a_time_and_an_order_takes_it(
    records: list[dict[str, Any]],
) -> None:
    orders = 0
    for theirs in by_visitor(records).values():
        cart: dict[str, Any] | None = None
        for record in theirs:
            if record["cart"] is not None:
                before = cart["version"] if cart and cart["id"] == record["cart"]["id"] else 0
                assert record["cart"]["version"] == before + 1
                cart = record["cart"]
            order = record["order"]
            if order is not None and order["one_click_block"] is None:
                assert cart is not None
                assert (order["cart_id"], order["cart_version"]) == (cart["id"], cart["version"])
                assert order["items"] == cart["items"]
                assert order["items"]
                orders += 1
    assert orders > 100


def test_records_do_not_share_what_changes() -> None:
    stream = Visitors(5, lambda: NOW).records()
    early = list(islice(stream, 300))
    frozen = [repr(record) for record in early]
    list(islice(stream, 3_000))
    assert [repr(record) for record in early] == frozen


def test_some_are_anonymous_some_known_and_some_refuse(records: list[dict[str, Any]]) -> None:
    clicks = [record for record in records if record["kind"] != "product_update"]
    anonymous = sum(record["user"] is None for record in clicks) / len(clicks)
    willing = sum(record["consent"]["marketing"] is True for record in clicks) / len(clicks)
    assert 0.3 < anonymous < 0.8
    assert 0.6 < willing < 0.95
    assert {record["site"]["country"] for record in clicks} == {"UA", "DE", "SK", "US"}
    currencies = {record["cart"]["currency"] for record in clicks if record["cart"]}
    assert currencies == {"UAH", "EUR", "USD"}


def test_twenty_thousand_records_take_less_than_a_second_of_cpu() -> None:
    stream = Visitors(1, lambda: NOW).records()
    start = time.process_time()
    for _ in islice(stream, 20_000):
        pass
    assert time.process_time() - start < 1.0
