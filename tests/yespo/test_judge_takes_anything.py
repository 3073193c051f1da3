"""Whatever arrives gets a verdict, never an exception: bytes, JSON of any shape, broken examples."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumer.model import Api
from consumer.yespo.judge import judge
from consumer.yespo.violations import RULES
from tests.yespo.page_examples import FULL

APIS: tuple[Api, ...] = ("legacy", "v2", "past_events")
GENTLE = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)

HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 10**400, 1e308, float("nan"), float("-inf"), "", " ", "null", "\x00", "\ud800",
    "é" * 301, "a" * 20_001, [], {}, [[]], {"": ""}, {"\ud800": 1}, {"*": {"a": "b"}}, {"[key]": 1},
    [None], ["\udfff"], [1e300], {"a": {"b": ["\ud800"]}}, "[1", '{"a":1,"a":2}', "[1e5]", '"\\ud800"',
    '{"\\ud800":1}', "[" * 5_000, {"name": "x", "value": {"y": "\ud800"}},
)  # fmt: skip
"""Values with a trap each."""
NAMES = st.sampled_from(
    ["\ud800", "", " ", "*", "[key]", "x" * 101, "Email", "ip", "isinStock", "tag_a", "__class__"]
) | st.text(max_size=5)
LEAVES = st.sampled_from(HOSTILE) | st.integers() | st.floats() | st.text(max_size=8)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
KNOWN = st.sampled_from([entry for entry in FULL if entry.file[:2] in {"S0", "S1", "S2"}])


def verdict(api: Api, body: bytes) -> list[tuple[str, str]]:
    """The broken rules, each fit to be shown, counted and sent back."""
    found = judge(api, body)
    for one in found:
        assert one.rule in RULES
        f"{one.path} {one.message}".encode()
    return [(one.path, one.rule) for one in found]


def written(document: object, *, escaped: bool) -> bytes:
    """As some client would write it, lone surrogates and NaN included."""
    return json.dumps(document, ensure_ascii=escaped).encode(errors="surrogatepass")


def places(document: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value within, from the outside in."""
    found = [at]
    members: Any = ()
    if isinstance(document, dict):
        members = document.items()
    elif isinstance(document, list):
        members = enumerate(document)
    for name, value in members:
        found += places(value, (*at, name))
    return found


def replaced(document: Any, at: tuple[Any, ...], value: object) -> Any:
    if not at:
        return value
    holder = document
    for name in at[:-1]:
        holder = holder[name]
    holder[at[-1]] = value
    return document


@GENTLE
@given(st.sampled_from(APIS), st.binary(max_size=400))
@example("v2", b"\xff\xfe")
@example("v2", b'{"eventTypeKey":"\xed\xa0\x80"}')
@example("legacy", b"")
def test_any_bytes_get_a_verdict(api: Api, body: bytes) -> None:
    assert verdict(api, body)


@GENTLE
@given(st.sampled_from(APIS), ANY_JSON, st.booleans())
def test_any_json_gets_a_verdict(api: Api, document: object, escaped: bool) -> None:
    assert verdict(api, written(document, escaped=escaped))


@GENTLE
@given(KNOWN, st.data(), ANY_JSON, st.booleans())
def test_an_example_with_anything_in_any_place_gets_a_verdict(
    entry: Any, data: st.DataObject, value: object, escaped: bool
) -> None:
    document = json.loads(entry.text)
    if entry.api == "v2" and data.draw(st.booleans(), "as a past event"):
        document = {"events": [document | {"occurred": "2026-11-20T10:00"}] * 2}
    place = data.draw(st.sampled_from(places(document)), "place")
    body = written(replaced(deepcopy(document), place, value), escaped=escaped)
    for api in APIS:
        verdict(api, body)


@GENTLE
@given(KNOWN, st.data(), NAMES, ANY_JSON)
def test_an_example_with_anything_beside_its_members_gets_a_verdict(
    entry: Any, data: st.DataObject, name: str, value: object
) -> None:
    document = json.loads(entry.text)
    objects = [at for at in places(document) if isinstance(_at(document, at), dict)]
    _at(document, data.draw(st.sampled_from(objects), "place"))[name] = value
    verdict(entry.api, written(document, escaped=True))


@GENTLE
@given(KNOWN, st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_an_example_with_broken_bytes_gets_a_verdict(entry: Any, where: int, bad: bytes) -> None:
    body = entry.text.encode()
    where %= len(body)
    verdict(entry.api, body[:where] + bad + body[where + 1 :])


@pytest.mark.parametrize(
    ("value", "rule"),
    [("\ud800", "encoding"), ([["\ud800"]], "encoding"), ({"a": {"b": "\ud800"}}, "encoding")],
)
def test_text_that_is_no_unicode_is_found_at_any_depth(value: object, rule: str) -> None:
    body = {"eventTypeKey": "seen", "keyValue": "k", "params": [{"name": "x", "value": value}]}
    assert verdict("v2", written(body, escaped=True)) == [("params.x", rule)]


@pytest.mark.parametrize("value", [b"1e5", b"[1e5]", b'{"a":[{"b":0.30000000000000004}]}'])
def test_a_number_that_no_request_of_ours_has_is_found_at_any_depth(value: bytes) -> None:
    body = b'{"eventTypeKey":"seen","keyValue":"k","params":[{"name":"x","value":%b}]}' % value
    assert verdict("v2", body) == [("params.x", "number")]


@pytest.mark.parametrize("place", [(), ("params", 0), ("params", 0, "value")])
def test_a_name_that_is_no_unicode_is_refused_without_being_repeated(place: Any) -> None:
    body = {"eventTypeKey": "seen", "keyValue": "k", "params": [{"name": "x", "value": {"a": 1}}]}
    _at(body, place)["\ud800"] = 1
    assert verdict("v2", written(body, escaped=True)) == [("", "encoding")]


def _at(document: Any, at: tuple[Any, ...]) -> Any:
    for name in at:
        document = document[name]
    return document
