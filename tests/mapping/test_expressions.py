"""What expressions yield: operators, paths, exact numbers, and the one table of absent values."""

from decimal import Decimal
from typing import Any

import pytest

from consumer.mapping.language.library.all import LIBRARY
from consumer.mapping.language.syntax import Wrong
from tests.mapping.evaluation import evaluate, node_of

D = Decimal
USER = {"id": "u1", "email": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("name", "Mug"),
        ("record.name", "Mug"),
        ('record["class"]', "A"),
        ('attributes["colour"]', "red"),
        ('attributes["size"]', None),
        ("lines[0].sku", "s1"),
        ("lines[-1].sku", "s4"),
        ("lines[9].sku", None),
        ("lines[maybe_count].sku", None),
        ('stores["kyiv"]', "1"),
        ("stores[name]", None),
        ("kafka.key", "key-1"),
        ("kafka.topic", "shop.test"),
        ("kafka.partition", 3),
        ("kafka.offset", 42),
        ("iso(kafka.timestamp)", "2023-11-14T22:13:20.500Z"),
        ('kafka.headers["source"]', "app"),
        ('kafka.headers["bad"]', None),
        ('kafka.headers["none"]', None),
    ],
)
def test_paths_lead_to_values_or_to_absent(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2", D("0.3")),
        ("price + 0.2", D("0.3")),
        ("price * 3", D("0.3")),
        ("exact - 0.9", D("19.00")),
        ("count + 1", 4),
        ("count * 2", 6),
        ("count / 2", D("1.5")),
        ("count / 0", None),
        ("count // 2", 1),
        ("-7 // 2", -4),
        ("7.5 // 2", D(3)),
        ("count % 2", 1),
        ("count % 0", None),
        ("7.5 % 2", D("1.5")),
        ("-count", -3),
        ("-price", D("-0.1")),
        ("12.50", D("12.5")),
        ("1e3", D(1000)),
    ],
)
def test_arithmetic_is_exact_and_total(text: str, value: Any) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("price == 0.1", True),
        ("price != 0.1", False),
        ("price < 0.2", True),
        ("price >= 0.2", False),
        ("0 < price <= 0.1", True),
        ("exact == 19.9", True),
        ("exact in [19.9, 5]", True),
        ("price in [0.1]", True),
        ("count in [1, 2]", False),
        ("count not in [1, 2]", True),
        ('kind == "view"', True),
        ('kind in ["cart"]', False),
        ('"a" in tags', True),
        ('"colour" in attributes', True),
        ("at_ms == at_us", True),
        ('at_ms > time("2020-01-01")', True),
        ("yes == true", True),
        ("not yes", False),
        ("yes and count > 2", True),
        ("maybe_yes or count > 5", False),
    ],
)
def test_comparisons_compare_values_not_their_binary_form(text: str, value: bool) -> None:
    assert evaluate(text) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # the table of docs/mapping.md, line by line
        ("user.email", None),
        ("not maybe_yes", True),
        ("maybe_yes and yes", False),
        ("yes and maybe_yes", False),
        ("maybe_yes or maybe_yes", False),
        ("1 if maybe_yes else 2", 2),
        ("maybe_count == 1", False),
        ("maybe_count != 1", False),
        ("maybe_count < 1", False),
        ("maybe_price < 1", False),
        ("maybe_price != 1", False),
        ("1 > maybe_price", False),
        ("maybe == maybe", False),
        ('maybe in ["a"]', False),
        ('maybe not in ["a"]', False),
        ('"a" in maybe_tags', False),
        ('"a" not in maybe_tags', False),
        ("maybe_price in [1.5]", False),
        ("maybe_price not in [1.5]", False),
        ("maybe == null", True),
        ("maybe != null", False),
        ("name != null", True),
        ("maybe_count + 1", None),
        ("maybe_price * 2", None),
        ('f"{name} {maybe}"', None),
        ('f"{name} {count} {exact}"', "Mug 3 19.90"),
        ("lower(maybe)", None),
        ("phone(maybe, maybe)", None),
        ('coalesce(maybe, user.email, "x")', "x"),
        ("coalesce(maybe, user.email)", None),
        ('join([name, maybe, ""], "-")', "Mug"),
        ('join([maybe, ""], "-")', None),
        ("join(maybe_tags, name)", None),
        ("[name, maybe]", ["Mug"]),
        ("[upper(t) for t in tags]", ["A", "B"]),
        ("[line.block for line in lines]", ["r1", "r1", "r0"]),
        ("[line.sku for line in maybe_lines]", None),
        ("length(tags)", 2),
        ("first(maybe_tags)", None),
        ("sum([line.quantity for line in lines if line.block != null])", D(8)),
        ("iso(maybe_us)", None),
    ],
)
def test_absent_follows_the_table(text: str, value: Any) -> None:
    assert evaluate(text) == value


def test_a_number_of_binary_floats_reads_by_its_shortest_form() -> None:
    assert evaluate('f"{price}"', price=201.95) == "201.95"
    assert evaluate("text(price)", price=1e22) == "10000000000000000000000"
    assert evaluate("price < 1", price=float("nan")) is False
    assert evaluate("price != 1", price=float("nan")) is False


@pytest.mark.parametrize(
    ("text", "fields", "value"),
    [
        ("split(name, kind)", {"name": " a > b ", "kind": ""}, ["a > b"]),
        ("split(name, kind)", {"name": " ", "kind": ""}, []),
        ("sample(name, price)", {"price": float("nan")}, False),
        ("sample(name, price)", {"price": float("inf")}, True),
        ("sample(name, price)", {"price": float("-inf")}, False),
        ("sample(name, price)", {"price": 1e300}, True),
        ("integer(data)", {"data": b"7"}, None),
        ("integer(yes)", {"yes": True}, None),
        ("integer(tags)", {}, None),
        ("integer(price)", {"price": float("nan")}, None),
    ],
)
def test_functions_take_from_a_record_what_no_constant_could_be(
    text: str, fields: dict[str, Any], value: Any
) -> None:
    assert evaluate(text, **fields) == value


def test_a_sample_is_the_same_for_ever() -> None:
    taken = [n for n in range(20) if evaluate("sample(name, 0.25)", name=f"visitor-{n}")]
    assert taken == [3, 4, 6, 13]


@pytest.mark.parametrize(
    ("number", "country", "digits"),
    [
        ("050 123-45-67", "UA", "380501234567"),
        ("050 123-45-67", "ua", "380501234567"),
        ("050 123-45-67", "Ua", "380501234567"),
        ("050 123-45-67", "Ukraine", None),
        ("050 123-45-67", "", None),
        ("+380 50 123-45-67", "Ukraine", "380501234567"),
        ("+380 50 123-45-67", "", "380501234567"),
    ],
)
def test_a_phone_takes_the_country_of_a_record_in_any_case(
    number: str, country: str, digits: str | None
) -> None:
    assert evaluate("phone(name, kind)", name=number, kind=country) == digits


def test_a_mixed_union_has_text_unless_it_is_no_number_or_text() -> None:
    assert evaluate("text(id)", id=7) == "7"
    assert evaluate("text(id)", id="a7") == "a7"


def test_the_condition_of_a_choice_narrows_both_branches() -> None:
    text = 'user.id if user != null else "nobody"'
    assert not node_of(text).slot.nullable
    assert evaluate(text) == "nobody"
    assert evaluate(text, user=USER) == "u1"


def test_the_left_side_of_and_guards_the_right_one() -> None:
    assert evaluate('user != null and user.id == "u1"') is False
    assert evaluate('user != null and user.id == "u1"', user=USER) is True
    assert evaluate('user == null or user.id == "u1"') is True
    assert evaluate('user == null or user.id == "u2"', user=USER) is False


def test_a_comparison_proves_the_path_up_to_the_value() -> None:
    assert not node_of('user.id if user.email == "a" else "x"').slot.nullable


def test_a_union_is_told_apart_before_its_fields_are_read() -> None:
    cart = ("shop.CartChanged", {"cart": "c1", "total": 5.0})
    text = "event.cart if event is CartChanged else null"
    assert evaluate(text, event=cart) == "c1"
    assert evaluate(text, event=("shop.Viewed", {"sku": "s"})) is None
    assert evaluate(text) is None
    assert evaluate("event is not CartChanged") is False
    assert evaluate("event is not shop.CartChanged", event=("shop.Viewed", {"sku": "s"})) is True
    remaining = "event.sku if event is not CartChanged else null"
    assert evaluate(remaining, event=("shop.Viewed", {"sku": "s"})) == "s"
    assert evaluate("event is CartChanged and event.total > 4", event=cart) is True
    assert evaluate("event is CartChanged and event.total > 4") is False


def test_definitions_read_like_the_expressions_they_stand_for() -> None:
    define = {"who": "user", "big": "who != null and count > 2", "label": 'f"{who.id}!"'}
    assert evaluate("label if big else null", define=define, user=USER) == "u1!"
    assert evaluate("label if big else null", define=define) is None
    assert not node_of('label if big else "x"', define=define).slot.nullable


def test_a_micros_timestamp_is_read_as_milliseconds() -> None:
    assert evaluate("iso(at_us)") == "2023-11-14T22:13:20.000Z"
    assert evaluate("at_us") == 1_700_000_000_000


@pytest.mark.parametrize(
    ("value", "scale", "expected"),
    [
        (b"\x01\xfb\xc0", 2, Decimal("1299.84")),
        (b"\xff", 0, Decimal(-1)),
        (b"", 0, Decimal(0)),
        (b"\x01", -3, Decimal(1000)),
        (b"\x01" * 17, 0, None),
        (b"\x01", 31, None),
    ],
)
def test_debeziums_decimal_of_variable_scale_is_a_number(
    value: bytes, scale: int, expected: Decimal | None
) -> None:
    record = {"scale": scale, "value": value}
    assert evaluate("decimal(scaled)", scaled=record) == expected
    assert evaluate("decimal(scaled.value, scaled.scale)", scaled=record) == expected
    assert evaluate("decimal(scaled)") is None


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2026-03-29T00:59:59Z", "2026-03-29 02:59:59"),  # before clocks go forward
        ("2026-03-29T01:00:00Z", "2026-03-29 04:00:00"),
        ("2026-10-25T00:30:00Z", "2026-10-25 03:30:00"),  # shown twice: summer time
        ("2026-10-25T01:30:00Z", "2026-10-25 03:30:00"),  # and again, an hour later
        ("2026-07-01T12:00:00Z", "2026-07-01 15:00:00"),
        ("2026-01-01T12:00:00Z", "2026-01-01 14:00:00"),
        ("0900-01-01T12:00:00Z", "0900-01-01 14:02:04"),
    ],
)
def test_local_time_follows_the_clocks_of_its_zone(utc: str, local: str) -> None:
    text = f'format_time(time("{utc}"), "%Y-%m-%d %H:%M:%S", "Europe/Kyiv")'
    assert evaluate(text) == local


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("29.03.2026 02:59", "2026-03-29T00:59:00.000Z"),
        ("29.03.2026 03:30", None),  # no clock shows it
        ("25.10.2026 03:30", "2026-10-25T00:30:00.000Z"),  # shown twice: the first
        ("25.10.2026 04:00", "2026-10-25T02:00:00.000Z"),
        ("31.02.2026 10:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_local_time_is_read_or_absent(local: str, utc: str | None) -> None:
    text = f'iso(parse_time("{local}", "%d.%m.%Y %H:%M", "Europe/Kyiv"))'
    assert evaluate(text) == utc


@pytest.mark.parametrize(
    "text",
    [
        'format_time(at_ms, "%Q", "Europe/Kyiv")',
        'format_time(at_ms, "%A", "Europe/Kyiv")',
        'format_time(at_ms, "%Y%", "Europe/Kyiv")',
        'format_time(at_ms, "%Y", "Kyiv")',
        'format_time(at_ms, "%Y", "../etc/passwd")',
        'parse_time(name, "%B", "Europe/Kyiv")',
    ],
)
def test_a_format_or_zone_that_is_none_is_found_at_load(text: str) -> None:
    with pytest.raises(Wrong, match=r"is no part of a format|is a name such as"):
        node_of(text)


@pytest.mark.parametrize("zone", ["", "Kyiv", "../../etc/passwd", "x" * 1000, "\u0000"])
def test_a_zone_of_a_record_that_is_none_gives_nothing(zone: str) -> None:
    assert evaluate('format_time(at_ms, "%Y", name)', name=zone) is None


def test_a_hash_with_a_secret_is_that_of_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YESPO_BRIDGE_SECRET_CRM", "key")
    assert evaluate('hmac_sha256(name, "CRM")', name="a") == (
        "780c3db4ce3de5b9e55816fba98f590631d96c075271b26976238d5f4444219b"
    )


@pytest.mark.parametrize(
    "text",
    [
        'hmac_sha256(name, "UNSET")',
        "hmac_sha256(name, name)",
        'hmac_sha256(name, "../x")',
        'hmac_sha256(name, "")',
        'matches(name, "(")',
        'matches(name, "(a)\\\\1")',
        'matches(name, "a(?=b)")',
        "matches(name, name)",
        "sort(lines)",
        "sort([yes])",
    ],
)
def test_arguments_that_cannot_be_meant_are_found_at_load(text: str) -> None:
    with pytest.raises(Wrong):
        node_of(text)


def test_a_pattern_that_would_make_others_go_back_for_ever_is_quick() -> None:
    assert evaluate('matches(name, "^(a+)+$")', name="a" * 50_000 + "!") is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('sort(["b", "a", "Б", "a"])', ["a", "a", "b", "Б"]),
        ("sort([2.5, 1, 10])", [1, Decimal("2.5"), 10]),
        ("sort([])", []),
        ('slug("  Ґудзик №5 — синій!  ")', "ґудзик-no5-синій"),
        ('slug("---")', None),
        ('matches("mug, blue", "blue$")', True),
        ('matches("mug, blue", "^blue")', False),
    ],
)
def test_lists_are_sorted_and_texts_shaped(text: str, expected: Any) -> None:
    assert evaluate(text) == expected


EXAMPLES = [
    (function.name, text, value)
    for function in LIBRARY.by_name.values()
    for text, value in function.examples
]


@pytest.mark.parametrize(("name", "text", "value"), EXAMPLES, ids=lambda value: str(value)[:30])
def test_every_example_of_the_library_holds(
    name: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YESPO_BRIDGE_SECRET_EXAMPLE", "key")
    names = {"kafka_bytes": "data", "a_date": "day"}
    found = evaluate(text, define=names, day=19675)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("name", list(LIBRARY.by_name))
def test_every_function_has_an_example_and_a_sentence(name: str) -> None:
    function = LIBRARY.by_name[name]
    assert function.examples
    assert function.doc.endswith((".", ".)"))


def test_a_product_with_zero_has_no_minus() -> None:
    assert evaluate("text(price * 0)", price=-2.0) == "0"
    assert evaluate('money(price * 0, "UAH")', price=-2.0) == "0 UAH"
