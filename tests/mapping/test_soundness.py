"""What the check says about an expression holds for every record: it never fails, what is said to be
present is present, and each value has the type it was given."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.mapping.language.functions import Function, result_type
from consumer.mapping.language.library.all import LIBRARY
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.runtime import Unusable
from consumer.mapping.language.syntax import Wrong
from consumer.mapping.language.types import (
    Array,
    Binary,
    Boolean,
    Date,
    Integer,
    MapOf,
    Mixed,
    Nothing,
    Number,
    Record,
    Text,
    Time,
    Type,
    Union,
)
from consumer.mapping.run.compile import RUNTIME
from consumer.mapping.run.emit import Code
from tests.mapping.evaluation import VALUE, node_of, record
from tests.soak_report import Figure

TEXT = st.text(max_size=6) | st.sampled_from(
    ["", " ", "null", "UA", "12.5", "a@b.c", "\ud800", "ż"]
)
LONG = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)
DOUBLE = st.floats() | st.sampled_from([0.1, -0.0, 1e308, 5e-324])
LINE = st.fixed_dictionaries(
    {"sku": TEXT, "quantity": st.integers(-(2**31), 2**31 - 1), "block": st.none() | TEXT}
)
PRODUCT = st.fixed_dictionaries({"sku": TEXT, "price": st.none() | DOUBLE})
SCALAR = st.none() | st.booleans() | LONG | DOUBLE | TEXT
RECORDS = st.fixed_dictionaries(
    {
        "name": TEXT,
        "maybe": st.none() | TEXT,
        "count": LONG,
        "maybe_count": st.none() | LONG,
        "price": DOUBLE,
        "maybe_price": st.none() | DOUBLE,
        "exact": st.decimals(-9999999999, 9999999999, places=2),
        "yes": st.booleans(),
        "maybe_yes": st.none() | st.booleans(),
        "at_ms": LONG,
        "at_us": LONG,
        "maybe_us": st.none() | LONG,
        "day": st.integers(-(2**31), 2**31 - 1),
        "data": st.binary(max_size=4),
        "kind": st.sampled_from(["view", "cart"]),
        "class": TEXT,
        "id": LONG | TEXT,
        "tags": st.lists(st.none() | TEXT, max_size=3),
        "maybe_tags": st.none() | st.lists(TEXT, max_size=3),
        "attributes": st.dictionaries(st.sampled_from(["colour", "a"]), TEXT),
        "user": st.none() | st.fixed_dictionaries({"id": TEXT, "email": st.none() | TEXT}),
        "lines": st.lists(LINE, max_size=3),
        "maybe_lines": st.none() | st.lists(LINE, max_size=3),
        "event": st.none()
        | st.tuples(
            st.just("shop.CartChanged"), st.fixed_dictionaries({"cart": TEXT, "total": DOUBLE})
        )
        | st.tuples(st.just("shop.Viewed"), st.fixed_dictionaries({"sku": TEXT})),
        "mixed": SCALAR | st.lists(st.none() | TEXT | LONG, max_size=3) | PRODUCT,
        "properties": st.dictionaries(
            st.sampled_from(["a", "b"]), SCALAR | st.lists(PRODUCT, max_size=2) | PRODUCT
        ),
        "seen": st.none() | TEXT | LONG,
        "unclear": st.none() | TEXT | LONG,
        "moments": st.lists(TEXT | LONG, max_size=3),
        "page": st.tuples(st.just("shop.Home"), st.fixed_dictionaries({"url": TEXT, "rank": LONG}))
        | st.tuples(
            st.just("shop.Item"),
            st.fixed_dictionaries({"url": st.none() | TEXT, "rank": TEXT, "sku": TEXT}),
        )
        | st.tuples(st.just("shop.Offer"), st.fixed_dictionaries({"sku": st.none() | TEXT})),
    }
)

TEXTS = st.sampled_from(
    [
        "name",
        "maybe",
        "kind",
        "user.id",
        "user.email",
        "attributes['colour']",
        "lines[0].block",
        "kafka.key",
        "event.cart",
        "event.sku",
        "stores[name]",
        'record["class"]',
        "text(id)",
        '"UA"',
        '"view"',
        '""',
        "first(tags)",
        "iso(at_us)",
        "lines[-1].sku",
        "mixed",
        "mixed.sku",
        "mixed[0]",
        "properties['a']",
        "properties['b'][0].sku",
        "first([p.sku for p in properties['a']])",
        "join(mixed, ',')",
        "seen",
        "iso(seen)",
        "unclear",
        "page.url",
        "page.sku",
    ]
)
NUMBERS = st.sampled_from(
    [
        "count",
        "maybe_count",
        "price",
        "maybe_price",
        "exact",
        "0",
        "2",
        "0.1",
        "event.total",
        "length(tags)",
        "number(name)",
        "lines[1].quantity",
        "sum([l.quantity for l in lines])",
        "mixed",
        "mixed.price",
        "properties['a']",
        "sum([p.price for p in properties['b']])",
        "page.rank",
    ]
)
CONDITIONS = st.sampled_from(
    [
        "yes",
        "maybe_yes",
        "event is CartChanged",
        "event is not Viewed",
        "user != null",
        "maybe == null",
        "true",
        "event != null",
        "maybe_lines != null",
        '"a" in tags',
        "mixed",
        "mixed is number",
        "mixed is not text",
        "mixed is Product",
        "mixed is list",
        "properties['a'] is boolean",
        "properties['a']",
        "seen is time",
        "unclear is not text",
        "page is Item",
        "page is Item or page is Offer",
        "page is not Offer",
        '"a" in mixed',
    ]
)


def _grow(
    parts: st.SearchStrategy[tuple[str, str, str]],
) -> st.SearchStrategy[tuple[str, str, str]]:
    """From (text, number, condition) to larger ones, mostly well typed and sometimes not."""

    @st.composite
    def larger(draw: st.DrawFn) -> tuple[str, str, str]:
        (t1, n1, c1), (t2, n2, c2) = draw(parts), draw(parts)
        if draw(st.integers(0, 19)) == 0:
            t1, n1 = n1, t1
        text = draw(
            st.sampled_from(
                [
                    f"lower({t1})",
                    f'f"{{{t1.replace(chr(34), chr(39))}}} x"',
                    f"({t1} if {c1} else {t2})",
                    f"coalesce({t1}, {t2})",
                    f"join([{t1}, {t2}], ' ')",
                    f"uuid({t1}, {n1})",
                    f"phone({t1}, 'UA')",
                    f"money({n1}, {t1})",
                    f"text({n1})",
                    f"first([l.sku for l in lines if l.sku != {t1}])",
                    f"truncate({t1}, {n1})",
                    f"split({t1}, ',')",
                    f"url_host({t1})",
                    f"filled({t1})",
                ]
            )
        )
        number = draw(
            st.sampled_from(
                [f"({n1} {op} {n2})" for op in ("+", "-", "*", "/", "//", "%")]
                + [f"round({n1}, 2)", f"({n1} if {c1} else {n2})", f"-{n1}", f"max({n1}, {n2})"]
                + [f"amount({t1})", f"integer({n1})", f"size({t1})", f"coalesce({n1}, {n2})"]
            )
        )
        condition = draw(
            st.sampled_from(
                [f"({n1} {op} {n2})" for op in ("==", "!=", "<", "<=", ">", ">=")]
                + [f"({n1} in [{n2}, 2])", f"({n1} not in [1, 2.5])", f"({n1} < {n2} <= 3)"]
                + [f"({t1} {op} {t2})" for op in ("==", "!=")]
                + [f"({t1} in [{t2}, 'x'])", f"({t1} not in ['a', 'b'])", f"({t1} in attributes)"]
                + [f"(not {c1})", f"({c1} and {c2})", f"({c1} or {c2})", f"({t1} == null)"]
                + [f"({c1} and {t1} != null)", f"contains({t1}, {t2})", f"sample({t1}, 0.5)"]
            )
        )
        return text, number, condition

    return larger()


EXPRESSIONS = st.recursive(st.tuples(TEXTS, NUMBERS, CONDITIONS), _grow, max_leaves=8).flatmap(
    st.sampled_from
)


def _fits(value: Any, kind: Type) -> bool:  # noqa: PLR0911  # a return per type
    match kind:
        case Text(symbols=symbols):
            return isinstance(value, str) and (symbols is None or value in symbols)
        case Boolean():
            return isinstance(value, bool)
        case Integer() | Time() | Date():
            return isinstance(value, int) and not isinstance(value, bool)
        case Number(binary=binary):
            return isinstance(value, int | Decimal | float if binary else int | Decimal)
        case Array(item=item):
            return isinstance(value, list) and all(_fits(one, item.type) for one in value)
        case Binary():
            return isinstance(value, bytes)
        case MapOf() | Record():
            return isinstance(value, dict)
        case Union():
            return isinstance(value, tuple)
        case Mixed(branches=branches):
            return any(_fits(value, branch) for branch in branches)
        case Nothing():
            return False


def check(text: str, values: list[dict[str, Any]]) -> None:
    try:
        node: Node = node_of(text)
    except Wrong:  # refused in words; anything else fails the test
        return
    code = Code()
    with code.function("def run(record, kafka):"):
        code.line(f"return {code.value(node)}")
    names: dict[str, Any] = {function.__name__: function for function in RUNTIME}
    names |= code.constants | {"table_stores": {"kyiv": "1"}}
    exec("\n".join(code.lines), names)  # generated code, as in the mapping unit
    for value in values:
        try:
            found = names["run"](value, record())
        except Unusable:
            continue
        if found is None:
            assert node.slot.nullable, text
        else:
            assert _fits(found, node.slot.type), (text, found, node.slot.type)


@given(EXPRESSIONS, st.lists(RECORDS, min_size=1, max_size=3))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_check_says_holds_for_every_record(
    text: str, values: list[dict[str, Any]]
) -> None:
    check(text, values)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_what_the_check_says_holds_for_every_record_at_length(figure: Figure) -> None:
    cases = 0

    @given(EXPRESSIONS, st.lists(RECORDS, min_size=1, max_size=3))
    @settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
    def every(text: str, values: list[dict[str, Any]]) -> None:
        nonlocal cases
        cases += 1
        check(text, values)

    every()
    promised = "100,000 cases; refused in words, or every value as the check said"
    figure("fuzzed expressions over fuzzed records", promised, f"{cases:,} cases, 0 exceptions")
    assert cases >= 100_000


HUGE = st.sampled_from([2**63, -(2**63) - 1, 10**30, -(10**40)])
INTEGERS = LONG | HUGE
EXACTS = st.decimals() | st.sampled_from(
    [Decimal("1E+9999"), Decimal("-1E+9999"), Decimal("1E-9999"), Decimal(2**511), Decimal("-0.0")]
)
ANY_TEXT = TEXT | st.text(max_size=50) | st.text("0123456789+-.,%:/?=&[]@ ", max_size=60)
HOSTILE: dict[str, st.SearchStrategy[Any]] = {
    "text": ANY_TEXT | st.sampled_from(["\udfff", "http://[", "//[::1", "9" * 60, "1" * 31, "ua"]),
    "integer": INTEGERS,
    "number": INTEGERS | DOUBLE | EXACTS,
    "boolean": st.booleans(),
    "time": INTEGERS,
    "date": st.integers(-(2**31), 2**31 - 1),
    "bytes": st.binary(max_size=9),
}
ANYTHING = st.one_of(*HOSTILE.values())
ANYTHING |= st.lists(ANYTHING, max_size=3) | st.dictionaries(TEXT, ANYTHING, max_size=3)
ANYTHING |= st.tuples(st.just("shop.Viewed"), st.fixed_dictionaries({"sku": TEXT}))
"""What values of each type may hold at run time, as far as the types admit it."""


def _hostile(shape: str) -> st.SearchStrategy[Any]:
    if shape in {"any", "T"}:
        return ANYTHING
    if shape.startswith("["):
        return st.lists(_hostile(shape[1:-1]), max_size=3)
    if shape.startswith("{"):
        return st.dictionaries(TEXT, _hostile(shape[1:-1]), max_size=3)
    return HOSTILE[shape]


@st.composite
def _arguments(draw: st.DrawFn, function: Function) -> list[Any]:
    """A call's arguments; functions that take absent ones get some."""
    absent = st.none() if function.takes_absent else st.nothing()
    given: list[Any] = []
    for one in function.parameters:
        if one.optional and draw(st.booleans()):
            break
        values = _hostile(one.shape) | absent
        if function.only:  # the type of `T` is checked before
            kind = draw(st.sampled_from(["text", "integer", "number", "time", "date"]))
            values = st.lists(HOSTILE[kind], max_size=3)
        given += draw(st.lists(values, min_size=1, max_size=3 if one.repeats else 1))
    return given


@pytest.mark.parametrize("function", LIBRARY.by_name.values(), ids=list(LIBRARY.by_name))
@given(st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_function_fails_whatever_its_arguments_hold(
    function: Function, data: st.DataObject
) -> None:
    """Constants are checked when a mapping is loaded; what a record brings can only be lived with."""
    try:
        found = function.call(*data.draw(_arguments(function)))
    except Unusable:
        return
    if found is None:
        assert function.may_be_absent or function.takes_absent
    elif "T" not in function.result:
        assert _fits(found, result_type(function.result, None))


@given(st.text(max_size=40) | st.text("()[]{}.,=<>+-*/%'\"fabc:! \\\n#0_", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_expression_or_a_finding(text: str) -> None:
    check(text, [VALUE])


def test_the_strategies_reach_what_they_are_meant_to() -> None:
    """Guards the fuzzer itself: its values decode to the schema's types and can be shown."""
    assert json.dumps(VALUE["lines"])
    assert _fits(VALUE["exact"], Number())
    assert not _fits(0.5, Number())
