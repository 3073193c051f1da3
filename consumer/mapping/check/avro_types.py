"""An Avro schema as static types.

What each Avro type is at run time is the decoder's promise (see `Decoded` and docs/mapping.md):
records are dicts, logical times stay integers in their unit, a union of several records is a pair.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

from consumer.mapping.language.types import (
    Array,
    Binary,
    Boolean,
    Date,
    Integer,
    MapOf,
    Nothing,
    Number,
    Record,
    Slot,
    Text,
    Time,
    Type,
    short,
)
from consumer.mapping.language.unions import one_of

_PRIMITIVES: dict[str, Type] = {
    "null": Nothing(),
    "boolean": Boolean(),
    "int": Integer(),
    "long": Integer(),
    "float": Number(binary=True),
    "double": Number(binary=True),
    "bytes": Binary(),
    "string": Text(),
}
_LOGICAL: dict[tuple[str, str], Type] = {
    ("string", "uuid"): Text(),
    ("fixed", "uuid"): Text(),
    ("bytes", "decimal"): Number(),
    ("fixed", "decimal"): Number(),
    ("int", "date"): Date(),
    ("long", "timestamp-millis"): Time(),
    ("long", "timestamp-micros"): Time(1000),
    ("long", "timestamp-nanos"): Time(1_000_000),
    ("long", "local-timestamp-millis"): Time(),
    ("long", "local-timestamp-micros"): Time(1000),
    ("long", "local-timestamp-nanos"): Time(1_000_000),
}
MAX_TYPES = 5_000
MAX_BYTES = 2_000_000


class SchemaFault(Exception):
    """The schema cannot be used; the text says why, for a person."""


class AvroTypes:
    """The named types of one schema file. `schema` is what fastavro needs for the chosen record."""

    def __init__(self, path: Path, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise SchemaFault(f"{path.name} is larger than {MAX_BYTES:,} bytes")
        try:
            raw = json.loads(data)
            self._parsed: Any = fastavro.parse_schema(raw, _write_hint=False)
        except (ValueError, RecursionError) as error:
            raise SchemaFault(f"{path.name} is not JSON: {error}") from None
        except (SchemaParseException, UnknownType, KeyError, TypeError, AttributeError) as error:
            raise SchemaFault(f"{path.name} is not an Avro schema: {error!r}") from None
        self._definitions: dict[str, dict[str, Any]] = {}
        self._collect(self._parsed)
        self._records: dict[str, Record] = {}

    def record(self, name: str | None) -> tuple[Record, Any]:
        """The record of that (short or full) name and its parsed schema; the only one for None."""
        roots = self._parsed if isinstance(self._parsed, list) else [self._parsed]
        roots = [root for root in roots if isinstance(root, dict) and root["type"] == "record"]
        known = [root["name"] for root in roots]
        if name is None:
            if len(roots) != 1:
                raise SchemaFault(f"it holds {len(roots)} records: name one with `from.record`")
            chosen = roots[0]
        else:
            found = [root for root in roots if name in (root["name"], short(root["name"]))]
            if len(found) != 1:
                raise SchemaFault(f"it has no record `{name}`; it has: {', '.join(known)}")
            chosen = found[0]
        kind = self._type(chosen)
        assert isinstance(kind, Record)
        return kind, self._standalone(chosen)

    def _standalone(self, root: dict[str, Any]) -> Any:
        """The record with every type it refers to written out once, whatever stood before it."""
        written: set[str] = set()

        def copy(schema: Any) -> Any:
            if isinstance(schema, str):
                if schema in self._definitions and schema not in written:
                    return copy(self._definitions[schema])
                return schema
            if isinstance(schema, list):
                return [copy(branch) for branch in schema]
            if schema["type"] in {"record", "error"}:
                if schema["name"] in written:
                    return schema["name"]
                written.add(schema["name"])
                fields = [{**field, "type": copy(field["type"])} for field in schema["fields"]]
                return {**_whole_name(schema), "fields": fields}
            if schema["type"] in {"enum", "fixed"}:
                if schema["name"] in written:
                    return schema["name"]
                written.add(schema["name"])
                return _whole_name(schema)
            inner = {"array": "items", "map": "values"}.get(schema["type"])
            return {**schema, inner: copy(schema[inner])} if inner else schema

        return copy(root)

    def _collect(self, schema: Any) -> None:
        if isinstance(schema, list):
            for branch in schema:
                self._collect(branch)
        elif isinstance(schema, dict):
            if "name" in schema:
                self._definitions[schema["name"]] = schema
            for field in schema.get("fields", ()):
                self._collect(field["type"])
            for inner in ("items", "values"):
                if inner in schema:
                    self._collect(schema[inner])
            if len(self._definitions) > MAX_TYPES:
                raise SchemaFault(f"more than {MAX_TYPES} named types")

    def _slot(self, schema: Any) -> Slot:
        if not isinstance(schema, list):
            return Slot(self._type(schema))
        branches = [self._type(branch) for branch in schema]
        nullable = any(isinstance(branch, Nothing) for branch in branches)
        rest: list[Type] = [branch for branch in branches if not isinstance(branch, Nothing)]
        return Slot(one_of(rest), nullable)

    def _type(self, schema: Any) -> Type:
        if isinstance(schema, str):
            if schema in _PRIMITIVES:
                return _PRIMITIVES[schema]
            return self._type(self._definitions[schema])
        if isinstance(schema, list):
            return self._slot(schema).type
        kind = schema["type"]
        logical = _LOGICAL.get((kind, schema.get("logicalType", "")))
        if logical is not None and (logical != Text() or schema.get("size", 16) == 16):
            return logical  # a `fixed` that is called uuid and has not 16 bytes stays bytes
        match kind:
            case "record" | "error":
                return self._record(schema)
            case "array":
                return Array(self._slot(schema["items"]))
            case "map":
                return MapOf(self._slot(schema["values"]))
            case "enum":
                return Text(tuple(schema["symbols"]), schema["name"])
            case "fixed":
                return Binary()
            case _:
                return self._type(kind)

    def _record(self, schema: dict[str, Any]) -> Record:
        name = schema["name"]
        if name not in self._records:
            record = self._records[name] = Record(name, {})
            for field in schema["fields"]:
                record.fields[field["name"]] = self._slot(field["type"])
        return self._records[name]


def _whole_name(schema: dict[str, Any]) -> dict[str, Any]:
    """A name of fastavro's is whole: without a dot it has no namespace, not that around it."""
    return schema if "." in schema["name"] else {**schema, "namespace": ""}
