"""Regions say nothing of a condition that records do not bear out."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.mapping.check.regions import outside, region_of
from tests.mapping.evaluation import evaluate, node_of

ATOMS = (
    "yes",
    "maybe_yes",
    "not maybe_yes",
    "maybe == null",
    "maybe != null",
    'maybe == "ab"',
    'maybe != "ab"',
    'maybe in ["ab", "abc"]',
    'maybe not in ["ab", "abc"]',
    'starts_with(maybe, "a")',
    'starts_with(maybe, "ab")',
    "count > 2",
    "count >= 3",
    "count < 3",
    "count == 5",
    "maybe_count == 5",
    "maybe_count > 2",
    'kind == "view"',
    'kind != "view"',
    "true",
    "false",
)
RECORDS: tuple[dict[str, Any], ...] = tuple(
    {"yes": yes, "maybe_yes": maybe_yes, "maybe": maybe, "count": count, "maybe_count": other}
    | {"kind": kind}
    for yes, maybe_yes, maybe, (count, other), kind in itertools.product(
        (True, False),
        (True, None),
        (None, "ab", "abc", "x"),
        ((2, None), (3, 5), (5, 2)),
        ("view", "cart"),
    )
)

conditions = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
    ),
    max_leaves=5,
)


def _holds(condition: str, record: dict[str, Any]) -> bool:
    return evaluate(condition, **record) is True


@settings(max_examples=40, deadline=None)
@given(conditions, conditions)
def test_what_regions_say_holds_for_every_record(first: str, second: str) -> None:
    one, other = node_of(first), node_of(second)
    always, never = not outside(one), not region_of(one)
    within = all(any(box.within(larger) for larger in region_of(other)) for box in region_of(one))
    for record in RECORDS[:: 3 if not (always or never or within) else 1]:
        holds = _holds(first, record)
        assert not (always and not holds), (first, record)
        assert not (never and holds), (first, record)
        assert not (within and holds and not _holds(second, record)), (first, second, record)
