"""Decoded records as a person writes them: the way back from `json_form`.

    {"event_time": 1795165380250, "kind": "page_view", "visitor_id": None, ...}
      ->  {"event_time": "2026-11-20T09:03:00.250Z", "kind": "page_view"}

Fields that have their default are left out, so that a record is as short as its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from consumer.avro.nodes import (
    NO_DEFAULT,
    Array,
    Fixed,
    Logical,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
    branch_name,
)
from consumer.avro.schema import parse
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError, default_of, is_null

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS = {"millis": 1_000_000, "micros": 1_000, "nanos": 1}


class Written:
    """Writes records of one schema: a node, or whatever `parse` takes."""

    def __init__(self, schema: Any) -> None:
        self._node = parse(schema)

    def of(self, value: Any) -> Any:
        """The JSON value (dict, list, str, int, float, bool or None) of a decoded `value`.

        `JsonForm.decoded` reads it back."""
        return _write(value, self._node)


def _write(value: Any, node: Node) -> Any:
    match node:
        case RecordType():
            return _record(value, node)
        case Array(items):
            return [_write(item, items) for item in value]
        case MapType(values):
            return {key: _write(item, values) for key, item in value.items()}
        case Union():
            return _union(value, node)
        case Primitive(logical=logical) | Fixed(logical=logical):
            return _scalar(value, logical)
        case _:
            return value


def _record(value: Mapping[str, Any], record: RecordType) -> dict[str, Any]:
    return {
        one.name: _write(value[one.name], one.node)
        for one in record.fields
        if one.default is NO_DEFAULT or value[one.name] != default_of(one, one.name)
    }


def _union(value: Any, union: Union) -> Any:
    if isinstance(value, tuple):
        name, inner = value
        records = [one for one in union.branches if isinstance(one, RecordType)]
        return {name: _write(inner, next(one for one in records if one.name == name))}
    if value is None:
        return None
    rest = [branch for branch in union.branches if not is_null(branch)]
    if len(rest) == 1:
        return _write(value, rest[0])
    form = JsonForm(union)
    for tagged in (False, True):
        for branch in rest:
            # Several branches can hold the same value. The one is right that is read back as it.
            try:
                plain = _write(value, branch)
                written = {branch_name(branch): plain} if tagged else plain
                if repr(form.decoded(written)) == repr(value):  # 1, 1.0, True are three things
                    return written
            except (JsonFormError, TypeError, AttributeError, KeyError, ValueError):
                continue
    return _scalar(value, None)


def _scalar(value: Any, logical: Logical | None) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    name = logical.name if logical else ""
    if "timestamp-" in name:
        return iso(value, _NANOS[name.rpartition("-")[2]])
    if name == "date":
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
