"""Records as a person writes them in JSON or YAML, turned into what the decoder yields.

    {"event_time": "2026-11-20T09:03:00.250Z", "kind": "page_view"}
      ->  {"event_time": 1795165380250, "kind": "page_view", "visitor_id": None, ...}

Fields left out take the schema's defaults, which decoding reads too. Times may be ISO 8601 text or
the number of their unit, decimals text or numbers, bytes the text of Avro's JSON encoding (ISO
8859-1). One record out of a union of several is named: `{"payments.Paid": {...}}`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any
from uuid import UUID

from consumer.avro.nodes import Field, RecordType, every_node
from consumer.avro.schema import SchemaError, parse
from consumer.avro.values import DefaultError, default_value
from consumer.documents.findings import did_you_mean

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}

_WRITTEN_AS: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "string": (str,),
}

Schema = Any
"""A schema as `fastavro.parse_schema` returns it."""


class JsonFormError(ValueError):
    """The record does not fit the schema. The text names the field, never a value or a map's key."""


def named_types(schema: Schema) -> dict[str, Schema]:
    """Every named type that stands in a schema, by full name."""
    if isinstance(schema, list):
        return {name: found for each in schema for name, found in named_types(each).items()}
    if not isinstance(schema, dict):
        return {}
    named = {schema["name"]: schema} if "name" in schema else {}
    for field in schema.get("fields", ()):
        named |= named_types(field["type"])
    for inner in ("items", "values"):
        named |= named_types(schema.get(inner))
    return named


class JsonForm:
    """Reads records of one schema as fastavro has parsed it: its names are whole."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._named = named_types(schema)

    def decoded(self, value: Any) -> Any:
        """The record as the decoder would yield it. Raises JsonFormError."""
        return self._read(value, self._schema, "")

    def _read(self, value: Any, schema: Schema, path: str) -> Any:
        if isinstance(schema, list):
            return self._union(value, schema, path)
        if isinstance(schema, str):
            if schema in self._named:
                return self._read(value, self._named[schema], path)
            schema = {"type": schema}
        kind = schema["type"]
        if kind in ("record", "error"):
            return self._record(value, schema, path)
        if kind == "array":
            items = _need(value, list, "a list", path)
            return [
                self._read(item, schema["items"], f"{path}[{place}]")
                for place, item in enumerate(items)
            ]
        if kind == "map":
            entries = _need(value, dict, "a map", path)
            inner = f"{path}[...]"  # a key may name a person
            return {key: self._read(item, schema["values"], inner) for key, item in entries.items()}
        return _scalar(value, schema, path)

    def _record(self, value: Any, schema: Schema, path: str) -> dict[str, Any]:
        given: Mapping[str, Any] = _need(value, dict, "an object", path)
        known = [field["name"] for field in schema["fields"]]
        for name in given:
            if name not in known:
                raise JsonFormError(
                    f"unknown field `{_join(path, name)}`; {did_you_mean(name, known)}"
                )
        record = {}
        for field in schema["fields"]:
            name = field["name"]
            inner = _join(path, name)
            if name in given:
                record[name] = self._read(given[name], field["type"], inner)
            elif "default" in field:
                record[name] = self.default(schema["name"], name, inner)
            else:
                raise JsonFormError(f"`{inner}` is missing and has no default")
        return record

    def default(self, record: str, field: str, path: str) -> Any:
        """What decoding puts where the field is missing. Raises JsonFormError."""
        one = self._fields[record, field]
        try:
            return default_value(one.node, one.default)
        except DefaultError as error:
            raise JsonFormError(f"`{path}`: {error}") from error

    @cached_property
    def _fields(self) -> Mapping[tuple[str, str], Field]:
        """The fields as the decoder knows them, by the names of record and field."""
        try:
            nodes = every_node(parse(self._schema))
        except SchemaError as error:
            raise JsonFormError(f"the schema cannot be read: {error}") from error
        records = [node for node in nodes if isinstance(node, RecordType)]
        return {(record.name, one.name): one for record in records for one in record.fields}

    def _union(self, value: Any, branches: list[Schema], path: str) -> Any:
        if value is None:
            if "null" not in branches:
                raise JsonFormError(f"`{path}` may not be null")
            return None
        rest = [branch for branch in branches if branch != "null"]
        if len(rest) == 1:
            return self._read(value, rest[0], path)
        records = {name: branch for branch in rest if (name := self._record_name(branch))}
        if records and isinstance(value, dict):
            return self._named_record(value, records, path)
        for branch in rest:
            try:
                return self._read(value, branch, path)
            except JsonFormError:
                continue
        raise JsonFormError(f"`{path}` fits none of the types it may have")

    def _named_record(
        self, value: Mapping[str, Any], records: Mapping[str, Schema], path: str
    ) -> tuple[str, Any]:
        if len(value) == 1:
            ((tag, inner),) = value.items()
            for name, branch in records.items():
                if tag in (name, name.rpartition(".")[2]):
                    return name, self._read(inner, branch, path)
        one = next(iter(records))
        raise JsonFormError(f"`{path}` is one of several records: write `{{{one}: {{...}}}}`")

    def _record_name(self, branch: Schema) -> str | None:
        schema = self._named.get(branch, branch) if isinstance(branch, str) else branch
        if isinstance(schema, dict) and schema["type"] in {"record", "error"}:
            return str(schema["name"])
        return None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _need(value: Any, kind: type, what: str, path: str) -> Any:
    if not isinstance(value, kind):
        raise JsonFormError(f"`{path or 'the record'}` has to be {what}")
    return value


def _scalar(value: Any, schema: Schema, path: str) -> Any:
    kind, logical = schema["type"], schema.get("logicalType", "")
    if logical == "decimal":
        return _decimal(value, schema, path)
    if isinstance(value, str):
        if logical.startswith(("timestamp-", "local-timestamp-")):
            return _timestamp(value, _PER_SECOND[logical.rpartition("-")[2]], path)
        if logical == "date":
            return _date(value, path)
        if (kind, logical, schema.get("size")) == ("fixed", "uuid", 16):
            return _uuid(value, path)
        if kind in {"bytes", "fixed"}:
            return _binary(value, path)
    if kind == "enum":
        if value not in schema["symbols"]:
            raise JsonFormError(f"`{path}`: {did_you_mean(str(value), schema['symbols'])}")
        return value
    # Not isinstance: a `bool` is an `int` to Python, not to Avro.
    if type(value) not in _WRITTEN_AS.get(kind, ()):
        raise JsonFormError(f"`{path}` has to be of type {logical or kind}")
    return float(value) if kind in {"float", "double"} else value


def _binary(text: str, path: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise JsonFormError(f"`{path}` is bytes: write each as a character up to U+00FF") from None


def _uuid(text: str, path: str) -> str:
    """From its usual spelling, or from a character per byte."""
    try:
        return str(UUID(bytes=_binary(text, path)) if len(text) == 16 else UUID(text))
    except ValueError:
        raise JsonFormError(f"`{path}` has to be a UUID") from None


def _timestamp(text: str, per_second: int, path: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise JsonFormError(f"`{path}` is not a time such as 2026-11-20T09:03:00Z") from None
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return micros * per_second // 1_000_000


def _date(text: str, path: str) -> int:
    try:
        return (date.fromisoformat(text) - _EPOCH.date()).days
    except ValueError:
        raise JsonFormError(f"`{path}` is not a date such as 2026-11-20") from None


def _decimal(value: Any, schema: Schema, path: str) -> Decimal:
    scale = schema.get("scale", 0)
    try:
        exact = Decimal(value) if isinstance(value, str) else Decimal(repr(value))
        number = exact.quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation:
        number = exact = Decimal("NaN")
    if number != exact:
        raise JsonFormError(f"`{path}` has to be a number with at most {scale} decimals")
    return number
