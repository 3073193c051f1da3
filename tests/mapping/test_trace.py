"""A trace shows what the mapping does: the same events, byte by byte, and the same results."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.errors import InvalidRecord
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.trace import Tracer
from consumer.model import Decoded, Event, Mapped, Record
from tests.mapping.evaluation import VALUE, projected, record, write
from tests.mapping.shipped import FOLDERS, records_of, unit_of
from tests.mapping.test_soundness import RECORDS
from tests.soak_report import Figure


def key(event: Event) -> tuple[object, ...]:
    times = (event.occurred_ms, event.expires_ms, event.when_older)
    return event.label, event.body, event.order_by, event.user_agent, times


def outcome(unit: MappingUnit, kafka: Record, decoded: Decoded) -> Mapped | InvalidRecord:
    try:
        return unit.map(kafka, projected(unit, kafka, decoded))
    except InvalidRecord as invalid:
        return invalid


def assert_traced(unit: MappingUnit, tracer: Tracer, kafka: Record, decoded: Decoded) -> str:
    """Hold the trace of a record against what the mapping makes of it; returns its end."""
    trace = tracer.trace(kafka, decoded.value)
    traced = [key(event) for event in trace.events]
    mapped = outcome(unit, kafka, decoded)
    if isinstance(mapped, InvalidRecord):
        if trace.invalid is None:  # `otherwise: dead_letter`, which no step of the trace says
            assert mapped.reason == "no_rule"
            assert all(rule.state == "refused" for rule in trace.rules)
        else:
            assert trace.invalid.reason == mapped.reason
        return "invalid"
    assert trace.invalid is None
    assert traced == [key(event) for event in mapped.events]
    skipped = {(api, reason) for send in trace.sends for api, reason in send.skipped}
    assert skipped == {(endpoint.api, reason) for endpoint, reason in mapped.skipped}
    taken = {rule.name for rule in trace.rules if rule.state == "taken"}
    assert {event.rule for event in mapped.events} <= taken
    if trace.suppress and trace.suppress[-1][1].holds:
        assert mapped.filtered == trace.suppress[-1][0]
    return "events" if mapped.events else str(mapped.filtered)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_trace_of_a_shipped_mapping_is_what_it_does(folder: str) -> None:
    unit, _ = unit_of(folder)
    tracer = Tracer(unit.mappings[0])
    ends = {
        assert_traced(unit, tracer, one.record, one.decoded) for one in records_of(folder, unit)
    }
    assert "events" in ends
    if folder == ".":
        assert {"no_marketing_consent", "no_identifier", "no_rule"} <= ends


EVERYTHING = """
version: 1
from: {topics: [shop.test], schema: test.avsc}
identity:
  externalCustomerId: user.id
  email: maybe
  cookie: name
time: at_us
order_by: [name, maybe]
tables: {shops: {view: "1"}}
define:
  wanted: count > 3 or maybe_count > 3
suppress:
  - when: maybe_yes and yes
    reason: both
match: all
otherwise: dead_letter
defaults:
  on_missing: skip
  tags: {day: iso_date(day), kind: kind}
  params: {shop: 'shops[kind]', maybe: maybe}
custom_events:
  looked: {what: "text, required", price: number}
rules:
  - name: by group
    when: length(lines) > 0
    send:
      - both: product_impressions
        for: line in lines
        by: coalesce(line.block, "none")
        if: line.quantity > 0
        container: f"r{length(items)}v1"
        products: {for: slot in items, id: slot.sku}
  - name: cart
    when: wanted and not (maybe == null and maybe_price == null)
    send:
      - legacy: StatusCart
        GUID: name
        Products:
          - for: line in lines
            if: line.block != null
            productKey: line.sku
            quantity: line.quantity
            price: maybe_price
          - productKey: maybe
            quantity: 1
            price: exact
            properties: {tags: tags}
        tags: {kind: null}
      - v2: looked
        if: maybe != null
        what: f"{maybe} {kind}"
        price: maybe_price
        keyValue: maybe
  - name: each line
    send:
      - v2: looked
        for: line in lines
        what: line.block
        params: {texts: [maybe, line.sku]}
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> MappingUnit:
    path = write(tmp_path_factory.mktemp("mapping"), EVERYTHING)
    return load_unit([path], TEST_ACCOUNTS)


def fuzz(unit: MappingUnit, values: dict[str, Any], at_us: int) -> str:
    decoded = Decoded({**values, "at_us": at_us}, "shop.Test", "1")
    return assert_traced(unit, Tracer(unit.mappings[0]), record(), decoded)


TIMES = st.sampled_from([1_795_165_200_000_000, 1_795_165_200_000_999, 0])


@given(values=RECORDS, at_us=TIMES)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_trace_of_any_record_is_what_the_mapping_does(
    everything: MappingUnit, values: dict[str, Any], at_us: int
) -> None:
    fuzz(everything, values, at_us)


@pytest.mark.soak
def test_the_trace_of_any_record_is_what_the_mapping_does_at_length(
    everything: MappingUnit, figure: Figure
) -> None:
    ends: Counter[str] = Counter()

    @given(values=RECORDS, at_us=TIMES)
    @settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
    def every(values: dict[str, Any], at_us: int) -> None:
        ends[fuzz(everything, values, at_us)] += 1

    every()
    seen = ", ".join(f"{count:,} {end}" for end, count in sorted(ends.items()))
    promised = "20,000 records; trace and mapping agree byte by byte"
    figure("fuzzed records through the mapping and its trace", promised, seen)
    assert ends.total() >= 20_000
    assert {"events", "invalid", "both"} <= set(ends)


def test_the_mapping_that_is_fuzzed_makes_all_of_its_events(everything: MappingUnit) -> None:
    values = VALUE | {
        "maybe": "Ann",
        "maybe_price": 2.5,
        "count": 5,
        "at_us": 1_795_165_200_000_000,
        "yes": False,
        "user": {"id": "C-417", "email": None},
    }
    made = everything.map(record(), Decoded(values, "shop.Test", "1"))
    assert [f"{event.endpoint.api} {event.name}" for event in made.events] == [
        "legacy ProductImpressions",
        "v2 productImpressions",
        "legacy ProductImpressions",
        "v2 productImpressions",
        "legacy ProductImpressions",
        "v2 productImpressions",
        "legacy StatusCart",
        "v2 looked",
        "v2 looked",
        "v2 looked",
        "v2 looked",
    ]
    assert fuzz(everything, values, values["at_us"]) == "events"
