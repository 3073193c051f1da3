"""Whatever the check accepts is delivered, and delivered right: random schemas, values, mappings.

From the bytes of a record, written with another version of the schema, through the decoder and the
mapping to the body of the request; beside it `slow_evaluator` says from the texts what must come of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from consumer.avro.schema import parse
from consumer.config.settings import DecodeSettings
from consumer.decode.api import Missing as Unknown
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.errors import InvalidRecord
from consumer.mapping.unit import MappingUnit, check_unit
from consumer.model import Event, Mapped, Partition, Record
from consumer.telemetry.tallies import Tallies
from consumer.yespo.judge import judge
from tests.mapping.drawn_avro import (
    Meaning,
    Schema,
    Time,
    draw_schema,
    draw_value,
    draw_writer,
    encode,
)
from tests.mapping.drawn_mapping import FIELDS, REQUIRED, Mapping, Send, draw_mapping
from tests.mapping.evaluation import ACCOUNTS
from tests.mapping.slow_evaluator import (
    READ,
    Expression,
    Unusable,
    as_any,
    as_list,
)
from tests.soak_report import Figure

CUT = Decimal("-0.000005")
"""A number nearer to 0 goes out as 0: numbers are cut to five decimals."""


@dataclass
class Expected:
    """The expected result of a record: `events` as (name, fields), or a reason why there are none.

    `faults` are the reasons for which it may be invalid, by field."""

    events: list[tuple[str, dict[str, Any]]]
    filtered: str | None
    faults: set[str]


def expected(mapping: Mapping, record: Any) -> Expected:
    env: dict[str, Any] = {"record": record}
    for name, text in mapping.define.items():
        env[name] = Expression.of(text).value(env)
    found = Expected([], None, set())
    for number, text in enumerate(mapping.suppress):
        if Expression.of(text).holds(env):
            found.filtered = f"r{number}"
            return found
    taken = False
    for rule in mapping.rules:
        if rule.when is not None and not Expression.of(rule.when).holds(env):
            continue
        taken = True
        for send in rule.sends:
            _of_send(send, env, found)
        if not mapping.match_all:
            break
    if not found.events:
        found.filtered = "no_rule" if not taken else found.filtered or "no_event"
    return found


def _of_send(send: Send, env: dict[str, Any], found: Expected) -> None:
    inner = [env]
    if send.loop:
        elements = as_list(Expression.of(send.loop[1]).value(env)) or []
        inner = [{**env, send.loop[0]: element} for element in elements]
    for one in inner:
        if send.condition and not Expression.of(send.condition).holds(one):
            continue
        values = {name: Expression.of(text).value(one) for name, text in send.fields.items()}
        read = {name: READ.get(FIELDS[name], as_any)(value) for name, value in values.items()}
        if any(read[name] is None for name in REQUIRED.get(send.event, ())):
            if send.on_missing == "dead_letter":
                found.faults.add("missing")
            elif found.filtered is None:
                found.filtered = "missing"
            continue
        present = {name: value for name, value in read.items() if value is not None}
        for name, value in present.items():
            found.faults |= _faults(FIELDS[name], value)
        found.events.append((send.event, present))


def _faults(kind: str, value: Any) -> set[str]:
    """The rules that the value certainly breaks."""
    if kind == "id":
        return {"blank"} if value.strip() in {"", "null", "none"} else set()
    if kind == "money":
        return set() if CUT < value < 10**15 else {"number", "range"}
    if kind == "time":
        inside = 946_684_800_000 <= value.ms < 4_102_444_800_000
        return set() if inside else {"millis"}
    numbers = value if isinstance(value, list) else [value]
    numbers = [
        one for one in numbers if isinstance(one, int | Decimal) and not isinstance(one, bool)
    ]
    if kind in {"number", "integer"} and any(one <= CUT for one in numbers):
        return {"range"}
    if kind in {"number", "integer", "any"} and any(abs(one) >= 10**15 for one in numbers):
        return {"range"}
    return set()


def sent(event: Event) -> dict[str, Any]:
    """The values of an event's own fields."""
    body = json.loads(event.body, parse_float=Decimal)
    if event.name == "ProductPage":
        product = body["ProductPage"]["Product"]
        return {name.removeprefix("tag_"): value for name, value in product.items()}
    return {one["name"]: one["value"] for one in body["params"] if one["name"] in FIELDS}


def same(kind: str, wanted: Any, got: Any) -> bool:
    """True if a value went out as it was meant. Numbers are cut to five decimals."""
    if isinstance(wanted, Time):
        return bool(got == wanted.ms)
    if isinstance(wanted, bool):
        return got in ([wanted] if kind == "any" else [int(wanted), str(int(wanted))])
    if isinstance(wanted, int | Decimal) and kind not in {"text", "id"}:
        off: Decimal = abs(Decimal(got) - wanted)
        near = off <= max(Decimal("0.000005"), abs(Decimal(wanted)) * Decimal("1e-14"))
        return not isinstance(got, bool) and near
    if isinstance(wanted, list):
        items = json.loads(got, parse_float=Decimal) if isinstance(got, str) else got
        return len(items) == len(wanted) and all(
            same(kind, one, other) for one, other in zip(wanted, items, strict=True)
        )
    return bool(wanted == got)


class Known:
    """A registry that has one schema."""

    def __init__(self, schema: Any) -> None:
        self._node = parse(schema)

    def get(self, ref: object) -> Any:
        return self._node if ref == 1 else Unknown()


@dataclass
class Case:
    schema: Schema
    writer: Schema
    mapping: Mapping
    unit: MappingUnit

    def outcome(self, value: Any) -> Mapped | InvalidRecord:
        data = b"\x00\x00\x00\x00\x01" + encode(self.writer, {"ref": self.writer.root}, value)
        decoder = Decoder(
            registry=cast("RegistryClient", Known(self.writer.json())),
            reader_schemas=self.unit.reader_schemas,
            settings=DecodeSettings(),
            tallies=Tallies(),
            reads=self.unit.reads,
        )
        record = Record(Partition("drawn", 0, 1), 0, None, data, (), 1_700_000_000_000)
        try:
            return self.unit.map(record, decoder.decode(record))
        except InvalidRecord as invalid:
            return invalid

    def __str__(self) -> str:
        schemas = (
            f"reader {json.dumps(self.schema.json())}\nwriter {json.dumps(self.writer.json())}"
        )
        return f"{schemas}\n{self.mapping.yaml()}"


def cases(seed: int, folder: Path, counts: Counter[str]) -> Iterator[Case]:
    """The mappings over one schema that the check accepts."""
    rng = Random(seed)
    schema = draw_schema(rng)
    writer = draw_writer(rng, schema)
    (folder / "drawn.avsc").write_text(json.dumps(schema.json()))
    for _ in range(4):
        mapping = draw_mapping(rng, schema)
        (folder / "drawn.yaml").write_text(mapping.yaml())
        unit, findings, _ = check_unit([folder / "drawn.yaml"], ACCOUNTS, folder)
        assert unit is not None or any(one.severity == "error" for one in findings)
        counts["mappings accepted" if unit else "mappings refused"] += 1
        if unit is not None:
            yield Case(schema, writer, mapping, unit)


def hold(case: Case, value: Any, counts: Counter[str]) -> None:
    """One record: what came of it is what had to."""
    meaning = Meaning(case.writer, case.schema).of(value)
    outcome = case.outcome(value)
    try:
        wanted = expected(case.mapping, meaning)
    except Unusable:
        counts["huge numbers"] += 1
        return
    shown = f"{case}\nvalue {value}\nmeans {meaning}\n\nexpected {wanted}\ngot {outcome}"
    if isinstance(outcome, InvalidRecord):
        counts[f"invalid: {outcome.reason}"] += 1
        assert outcome.stage == "mapping", f"{outcome}\n{shown}"
        assert outcome.reason in wanted.faults, f"{outcome.reason} {outcome.detail}\n{shown}"
        return
    assert not wanted.faults, shown
    assert [event.name for event in outcome.events] == [name for name, _ in wanted.events], shown
    assert outcome.filtered == wanted.filtered or outcome.events, shown
    counts[f"filtered: {outcome.filtered}" if outcome.filtered else "sent"] += 1
    for event, (_, fields) in zip(outcome.events, wanted.events, strict=True):
        assert judge(event.endpoint.api, event.body) == [], shown
        got = sent(event)
        assert set(got) == set(fields), f"{got}\n{shown}"
        for name, meant in fields.items():
            counts["values"] += 1
            assert same(FIELDS[name], meant, got[name]), f"{name}: {got[name]!r} {meant!r}\n{shown}"


def run(seed: int, folder: Path, counts: Counter[str]) -> None:
    rng = Random(f"values {seed}")
    for case in cases(seed, folder, counts):
        for _ in range(3):
            value = draw_value(rng, case.writer, {"ref": case.writer.root})
            hold(case, value, counts)


@pytest.mark.parametrize("part", range(4))
def test_what_the_check_accepts_is_delivered_as_it_was_meant(tmp_path: Path, part: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(part * 20, part * 20 + 20):
        run(seed, tmp_path, counts)
    assert counts["values"] > 20, counts


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_what_the_check_accepts_is_delivered_as_it_was_meant_at_length(
    tmp_path: Path, figure: Figure
) -> None:
    counts: Counter[str] = Counter()
    for seed in range(1_000, 6_000):
        run(seed, tmp_path, counts)
    seen = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
    promised = "5,000 schemas; whatever the check accepts is sent as a second evaluator says"
    figure("random schemas, values and mappings", promised, seen)
    assert counts["values"] > 10_000
