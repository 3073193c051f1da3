"""Decoded records as a person writes them: the way back from `json_form`.

    {"event_time": 1795165380250, "kind": "page_view", "visitor_id": None, ...}
      ->  {"event_time": "2026-11-20T09:03:00.250Z", "kind": "page_view"}

Fields that have their default are left out, so that what is said is what matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from consumer.mapping.workbench.json_form import JsonForm, named_types

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS = {"millis": 1_000_000, "micros": 1_000, "nanos": 1}


class Written:
    """Writes records of one schema (as `fastavro.parse_schema` returns it)."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._form = JsonForm(schema)
        self._named = named_types(schema)

    def of(self, value: Any) -> Any:
        """What `JsonForm.decoded` reads as `value`: dict, list, str, int, float, bool or None."""
        return self._write(value, self._schema)

    def _write(self, value: Any, schema: Any) -> Any:
        if isinstance(schema, str):
            schema = self._named.get(schema, {"type": schema})
        if isinstance(schema, list):
            return self._union(value, schema)
        match schema["type"]:
            case "record" | "error":
                return self._record(value, schema)
            case "array":
                return [self._write(item, schema["items"]) for item in value]
            case "map":
                return {key: self._write(item, schema["values"]) for key, item in value.items()}
        return _scalar(value, schema.get("logicalType", ""))

    def _record(self, value: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        return {
            field["name"]: self._write(value[field["name"]], field["type"])
            for field in schema["fields"]
            if "default" not in field
            or value[field["name"]]
            != self._form.default(schema["name"], field["name"], field["name"])
        }

    def _union(self, value: Any, branches: list[Any]) -> Any:
        if isinstance(value, tuple):
            name, inner = value
            return {name: self._write(inner, name)}
        rest = [branch for branch in branches if branch != "null"]
        if value is not None and len(rest) == 1:
            return self._write(value, rest[0])
        return _scalar(value, "")


def _scalar(value: Any, logical: str) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Decimal):
        return str(value)
    if logical.startswith(("timestamp-", "local-timestamp-")):
        return iso(value, _NANOS[logical.rpartition("-")[2]])
    if logical == "date":
        return _date(value)
    return value


def iso(value: int, nanos: int) -> Any:
    """ISO 8601 in UTC; the number itself where that cannot say it exactly."""
    micros, rest = divmod(value * nanos, 1000)
    try:
        at = _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return value
    if rest:
        return value
    digits = "milliseconds" if micros % 1000 == 0 else "microseconds"
    return at.isoformat(timespec=digits).replace("+00:00", "Z")


def _date(value: int) -> Any:
    try:
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    except OverflowError:
        return value
