"""Values as mappings might give them, good and bad, for every documented event."""

from typing import Any

from hypothesis import strategies as st

from consumer.model import Api
from consumer.yespo.catalogue import EVENTS
from consumer.yespo.spec import AccountContext, FieldSpec, Free, Identity, Kind

Key = tuple[Api, str]

TEXT = st.text(max_size=12) | st.sampled_from(["", " ", "\t\n", "\u2003", "\u200b", "\x1c", "\x85"])
"""Any text, lone surrogates and NUL among it, and blank ones of every kind."""
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
WORDS = st.none() | TEXT | st.sampled_from(["null", "o'brien@mail.com", "a@b.ua", "+380501234567"])
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
