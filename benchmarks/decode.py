"""What evolution costs: records read into another version of their schema, beside plain ones.

Always the same bytes, a record of an older version of the shipped schema: read as they were written
(plain), and as a later version has them. Microseconds of CPU per record, by the generated reader and by
fastavro; the best of several rounds, in which all take turns. Promise: generated, an evolved record
costs at most 1.15 of a plain one, with all its fields or with those that the mapping reads.
"""

import copy
import io
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_reader

from benchmarks.chain import bench_mapping
from benchmarks.topics import SCHEMA, Records
from consumer.avro.nodes import RecordType
from consumer.avro.schema import parse
from consumer.decode.by_fastavro import by_fastavro as reference
from consumer.decode.compiled.reader import generate
from consumer.projection import WHOLE, Reads

COUNT = 1000
ROUNDS = 25
FRAME = 5
"""Bytes before each record: magic and schema id."""

Schema = dict[str, Any]
Change = Callable[[Schema], None]


class Case(NamedTuple):
    """What makes the reader's schema of the writer's."""

    name: str
    changes: tuple[Change, ...]


def field(schema: Schema, *path: str) -> Schema:
    """The declaration of a field, through records and nullable ones."""
    name, *rest = path
    found: Schema = next(one for one in schema["fields"] if one["name"] == name)
    if not rest:
        return found
    kind = found["type"]
    return field(kind[1] if isinstance(kind, list) else kind, *rest)


def older() -> Schema:
    """The shipped schema as it may have been: smaller numbers."""
    schema = copy.deepcopy(SCHEMA)
    field(schema, "seq")["type"] = "int"
    field(schema, "product", "price")["type"] = "float"
    return schema


def added(schema: Schema) -> None:
    schema["fields"] += [
        {"name": "score", "type": "long", "default": 7},
        {"name": "channel", "type": "string", "default": "web"},
        {"name": "campaign", "type": ["null", "string"], "default": None},
        {"name": "labels", "type": {"type": "array", "items": "string"}, "default": []},
    ]


def removed(schema: Schema) -> None:
    gone = {"session_id", "page"}
    schema["fields"] = [one for one in schema["fields"] if one["name"] not in gone]


def aliased(schema: Schema) -> None:
    for old, new in RENAMED.items():
        field(schema, old).update(name=new, aliases=[old])


def promoted(schema: Schema) -> None:
    field(schema, "seq")["type"] = "long"
    field(schema, "product", "price")["type"] = "double"
    field(schema, "product", "stock")["type"] = "double"


RENAMED = {"event_id": "id", "visitor_id": "visitor", "device": "client"}
CASES = (
    Case("plain", ()),
    Case("fields added", (added,)),
    Case("fields removed", (removed,)),
    Case("fields renamed", (aliased,)),
    Case("numbers promoted", (promoted,)),
    Case("all of them", (added, removed, aliased, promoted)),
)


def later(case: Case) -> Schema:
    schema = older()
    for change in case.changes:
        change(schema)
    return schema


def asked(reads: Reads, case: Case) -> Reads:
    """The same of the later version: renamed fields by their new names, and added ones."""
    assert reads is not None
    found: dict[str, Reads] = dict(reads)
    if aliased in case.changes:
        found = {RENAMED.get(name, name): inside for name, inside in reads.items()}
    if added in case.changes:
        found |= {"score": WHOLE, "channel": WHOLE, "campaign": WHOLE, "labels": WHOLE}
    return found


def readers(case: Case, data: bytes) -> Mapping[str, Callable[[], object]]:
    """The three ways of reading it, checked against one another."""
    written, read = older(), later(case)
    whole = generate(parse(written), parse(read), WHOLE).read
    reads = bench_mapping().reads("shop.clicks")["shop.Click"]
    part = generate(parse(written), parse(read), asked(reads, case)).read
    known, wanted = parse_schema(written), parse_schema(read) if case.changes else None

    def by_fastavro() -> Any:
        stream = io.BytesIO(data)
        stream.seek(FRAME)
        return schemaless_reader(stream, known, wanted)

    reader = parse(read)
    assert isinstance(reader, RecordType)
    expected = reference(parse(written), reader, "1")(data, FRAME).value
    assert whole(data, FRAME) == expected
    assert _within(part(data, FRAME), expected)
    return {
        "generated, all fields": lambda: whole(data, FRAME),
        "generated, fields of the mapping": lambda: part(data, FRAME),
        "fastavro, all fields": by_fastavro,
    }


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(_within(value, whole[name]) for name, value in part.items())
    return bool(part == whole)


def measure() -> dict[tuple[str, str], float]:
    """Microseconds of CPU, by case and way."""
    data = Records(1, older()).value(1, 1)
    calls = {(case.name, way): call for case in CASES for way, call in readers(case, data).items()}
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for key, call in calls.items():
            began = time.thread_time()
            for _ in range(COUNT):
                call()
            best[key] = min(best[key], (time.thread_time() - began) / COUNT * 1e6)
    return best


def run() -> list[str]:
    """A row per case."""
    best = measure()
    ways = list(dict.fromkeys(way for _, way in best))
    rows = ["| µs of CPU per record | " + " | ".join(ways) + " |", "|---" * (len(ways) + 1) + "|"]
    for case in CASES:
        cells = [
            f"{best[case.name, way]:.1f} ({best[case.name, way] / best['plain', way]:.2f} x plain)"
            for way in ways
        ]
        rows.append(f"| {case.name} | " + " | ".join(cells) + " |")
    return rows
