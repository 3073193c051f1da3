"""The share of a hand-written mapping that `mapping draft` finds, for six schemas of shops.

    python -m benchmarks.draft

A field counts as right where the draft reads the same fields of the record for it (a part of them is
enough: a default is a matter of taste), an event where the draft has a rule for it. Comments of the
draft do not count, nor do tags and parameters of one's own: no schema says which are wanted. Once by
the schema alone and, where there are fixtures, once with them as records.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumer.mapping.check.avro_types import reader_schema
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.expressions import of_send
from consumer.mapping.unit import load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.draft.draft import Source, draft
from consumer.mapping.workbench.draft.values import Values
from consumer.mapping.workbench.json_form import JsonForm
from consumer.mapping.workbench.paths import names_in, sources

ROOT = Path(__file__).parents[1]
OWN = ROOT / "tests" / "mapping" / "draft"
FIXTURES = ROOT / "avro" / "fixtures"

Filled = dict[tuple[str, str], frozenset[str]]
"""The paths that are read, by event and field."""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    schema: Path
    by_hand: Path
    record: str | None = None
    records: Path | None = None


CASES = (
    Case("shop", ROOT / "avro/shop_click.avsc", ROOT / "mappings/shop.yaml", None, FIXTURES),
    Case(
        "union of events",
        ROOT / "avro/union_events.avsc",
        ROOT / "mappings/union.yaml",
        "Envelope",
        FIXTURES / "union",
    ),
    Case(
        "flat export",
        ROOT / "avro/flat_events.avsc",
        ROOT / "mappings/flat.yaml",
        None,
        FIXTURES / "flat",
    ),
    Case(
        "map of unions",
        ROOT / "avro/segment_events.avsc",
        ROOT / "mappings/segment.yaml",
        None,
        FIXTURES / "segment",
    ),
    Case("flat, as GA4", OWN / "ga4.avsc", OWN / "ga4.yaml"),
    Case("envelope", OWN / "envelope.avsc", OWN / "envelope.yaml"),
)


def main() -> None:
    print(f"{'schema':<16} {'records':>7} {'fields':>14} {'events':>14}")
    for case in CASES:
        print(_line(case, ()))
        if case.records is not None:
            print(_line(case, sorted(case.records.glob("*.json"))))


def _line(case: Case, records: Sequence[Path]) -> str:
    text = case.schema.read_bytes()
    root = reader_schema([(case.schema.name, text)], case.record)
    form = JsonForm(root)
    values = Values([form.decoded(json.loads(path.read_text("utf-8"))) for path in records])
    source = Source(text, case.schema.name, root, ["topic"], case.record is not None)
    [drafted] = draft(source, values).unit.mappings
    [by_hand] = load_unit([case.by_hand], TEST_ACCOUNTS).mappings
    found, wanted = dict(_filled(drafted)), dict(_filled(by_hand))
    right = sum(bool(paths & found.get(key, frozenset())) for key, paths in wanted.items())
    events, all_events = _events(drafted), _events(by_hand)
    fields = _share(right, len(wanted))
    rules = _share(len(events & all_events), len(all_events))
    return f"{case.name:<16} {len(records):>7} {fields} {rules}"


def _share(part: int, whole: int) -> str:
    return f"{part:>3} of {whole:<3} {part / whole:>4.0%}"


def _filled(mapping: CheckedMapping) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    nodes: dict[str, Any] = {**mapping.identity, "time": mapping.time}
    for name, node in nodes.items():
        if node is not None:
            yield ("who and when", name), frozenset(sources(node))
    for number, (node, _) in enumerate(mapping.suppress):
        yield ("suppress", str(number)), frozenset(sources(node))
    found: dict[tuple[str, str], set[str]] = {}
    for rule in mapping.rules:
        for send in rule.sends:
            event = "/".join(side.spec.name for side in send.sides)
            for one in of_send(send):
                paths = set(sources(one.node, names_in(one.bound)))
                tags = [tag for side in send.sides for tag in side.tags]
                if one.filled is not None and paths and one.filled not in tags:
                    found.setdefault((event, one.filled.path), set()).update(paths)
    yield from ((key, frozenset(paths)) for key, paths in found.items())


def _events(mapping: CheckedMapping) -> set[str]:
    return {side.spec.name for rule in mapping.rules for send in rule.sends for side in send.sides}


if __name__ == "__main__":
    main()
