"""Records as a person writes them in JSON or YAML, turned into what the decoder yields.

    {"event_time": "2026-11-20T09:03:00.250Z", "kind": "page_view"}
      ->  {"event_time": 1795165380250, "kind": "page_view", "visitor_id": None, ...}

Fields left out take the schema's defaults, which decoding reads too. Times may be ISO 8601 text or
the number of their unit, decimals text or numbers, bytes the text of Avro's JSON encoding (ISO
8859-1). One record out of a union of several is named: `{"payments.Paid": {...}}`; so may be any other
value of a union.

A record in Avro's own JSON encoding, as `kafka-avro-console-consumer` prints it, is taken too. There a
value of a union goes with the name of its type, `{"string": "x"}`, and a decimal is its bytes.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from consumer.avro.nodes import (
    NO_DEFAULT,
    Array,
    EnumType,
    Field,
    Fixed,
    Logical,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
    branch_name,
    describe,
)
from consumer.avro.schema import parse
from consumer.avro.values import (
    DefaultError,
    bytes_value,
    default_value,
    float_value,
    named_value,
    uuid_text,
)
from consumer.documents.findings import did_you_mean

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDE = Context(prec=2_000)  # of 64 bytes and as many places as a scale may have
_PER_SECOND = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}


class JsonFormError(ValueError):
    """The record does not fit the schema. The text names the field, never a value or a map's key."""


class JsonForm:
    """Reads records of one schema: a node, or whatever `parse` takes. Raises SchemaError."""

    def __init__(self, schema: Any) -> None:
        self._node = parse(schema)

    def decoded(self, value: Any) -> Any:
        """The record as the decoder would yield it. Raises JsonFormError."""
        try:
            return _Reader(tagged=False).read(value, self._node, "")
        except JsonFormError as error:
            tagged = _Reader(tagged=True)
            try:
                found = tagged.read(value, self._node, "")
            except JsonFormError:
                raise error from None
            if not tagged.tags:
                raise
            return found
        except RecursionError:
            raise JsonFormError("the record is nested too deep") from None


class _Reader:
    """`tagged`: as in Avro's own JSON encoding."""

    def __init__(self, *, tagged: bool) -> None:
        self._tagged = tagged
        self.tags = 0
        """Names of types that were found."""

    def read(self, value: Any, node: Node, path: str) -> Any:
        match node:
            case Union():
                return self._union(value, node, path)
            case RecordType():
                return self._record(value, node, path)
            case Array(items):
                given = _need(value, list, "a list", path)
                return [
                    self.read(item, items, f"{path}[{place}]") for place, item in enumerate(given)
                ]
            case MapType(values):
                entries = _need(value, dict, "a map", path)
                inner = f"{path}[...]"  # a key may name a person
                return {key: self.read(item, values, inner) for key, item in entries.items()}
            case EnumType(_, symbols):
                if value not in symbols:
                    raise JsonFormError(f"`{path}`: {did_you_mean(str(value), list(symbols))}")
                return value
            case _:
                return self._scalar(value, node, path)

    def _record(self, value: Any, record: RecordType, path: str) -> dict[str, Any]:
        given: Mapping[str, Any] = _need(value, dict, "an object", path)
        known = [one.name for one in record.fields]
        for name in given:
            if name not in known:
                raise JsonFormError(
                    f"unknown field `{_join(path, name)}`; {did_you_mean(name, known)}"
                )
        return {
            one.name: self.read(given[one.name], one.node, _join(path, one.name))
            if one.name in given
            else default_of(one, _join(path, one.name))
            for one in record.fields
        }

    def _union(self, value: Any, union: Union, path: str) -> Any:
        nulls = [branch for branch in union.branches if is_null(branch)]
        rest = [branch for branch in union.branches if not is_null(branch)]
        if value is None:
            if not nulls:
                raise JsonFormError(f"`{path}` may not be null")
            return None
        if len(rest) == 1 and not self._tagged:
            return self.read(value, rest[0], path)
        branch = _tagged(value, rest)
        if branch is not None:
            (inner,) = value.values()
            self.tags += 1
            try:
                return named_value(union, branch, self.read(inner, branch, path))
            except JsonFormError:
                if self._tagged or isinstance(branch, RecordType):
                    raise
        if self._tagged:
            raise JsonFormError(f"`{path}` lacks the name of its type")
        return self._first_that_fits(value, union, rest, path)

    def _first_that_fits(self, value: Any, union: Union, rest: list[Node], path: str) -> Any:
        # A whole number is a long before it is a double, whichever the union names first.
        for branch in sorted(rest, key=_is_floating):
            if union.names_records and isinstance(branch, RecordType):
                continue
            try:
                return self.read(value, branch, path)
            except JsonFormError:
                continue
        if union.names_records and isinstance(value, dict):
            one = next(describe(branch) for branch in rest if isinstance(branch, RecordType))
            raise JsonFormError(f"`{path}` is one of several records: write `{{{one}: {{...}}}}`")
        raise JsonFormError(f"`{path}` fits none of the types it may have")

    def _scalar(self, value: Any, node: Primitive | Fixed, path: str) -> Any:
        if isinstance(node, Fixed) or node.kind == "bytes":
            return self._binary(value, node, path)
        kind, logical = node.kind, node.logical.name if node.logical else ""
        if isinstance(value, str) and not self._tagged:
            if "timestamp-" in logical:
                return _timestamp(value, _PER_SECOND[logical.rpartition("-")[2]], path)
            if logical == "date":
                return _date(value, path)
        try:
            if kind in {"float", "double"}:
                return float_value(kind, value)
        except (TypeError, OverflowError):
            raise JsonFormError(f"`{path}` has to be of type {kind}") from None
        # Not isinstance: a `bool` is an `int` to Python, not to Avro.
        if type(value) is not _WRITTEN_AS[kind]:
            raise JsonFormError(f"`{path}` has to be of type {logical or kind}")
        if kind in _BITS and not -(2 ** _BITS[kind]) <= value < 2 ** _BITS[kind]:
            raise JsonFormError(f"`{path}` is beyond what an Avro {kind} can hold")
        return value

    def _binary(self, value: Any, node: Primitive | Fixed, path: str) -> Any:
        logical = node.logical
        if logical is not None and not self._tagged:
            if logical.name == "decimal" and not _is_raw(value):
                return _decimal(value, logical, path)
            if logical.name == "uuid" and isinstance(value, str):
                return _uuid(value, path)
        if not isinstance(value, str):
            raise JsonFormError(f"`{path}` has to be of type {describe(node)}")
        raw = _latin_1(value, path)
        if isinstance(node, Fixed) and len(raw) != node.size:
            raise JsonFormError(f"`{path}` has to be {node.size} bytes")
        try:
            return bytes_value(logical, raw)
        except ValueError as error:
            raise JsonFormError(f"`{path}`: {error}") from None


_WRITTEN_AS: dict[str, type] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "string": str,
}


_BITS: dict[str, int] = {"int": 31, "long": 63}


def default_of(one: Field, path: str) -> Any:
    """The decoded value of a missing field: its default. Raises JsonFormError."""
    if one.default is NO_DEFAULT:
        raise JsonFormError(f"`{path}` is missing and has no default")
    try:
        return default_value(one.node, one.default)
    except DefaultError as error:
        raise JsonFormError(f"`{path}`: {error}") from error


def is_null(node: Node) -> bool:
    """True for the type of null."""
    return isinstance(node, Primitive) and node.kind == "null"


def names_of(branch: Node) -> tuple[str, str]:
    """The names of a branch: in full, and without its namespace."""
    full = branch_name(branch)
    return full, full.rpartition(".")[2]


def _tagged(value: Any, branches: list[Node]) -> Node | None:
    """The branch that the only key of an object names."""
    if isinstance(value, dict) and len(value) == 1:
        return next((one for one in branches if set(value) & set(names_of(one))), None)
    return None


def _is_floating(node: Node) -> bool:
    return isinstance(node, Primitive) and node.kind in {"float", "double"}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _need(value: Any, kind: type, what: str, path: str) -> Any:
    if not isinstance(value, kind):
        raise JsonFormError(f"`{path or 'the record'}` has to be {what}")
    return value


def _latin_1(text: str, path: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise JsonFormError(f"`{path}` is bytes: write each as a character up to U+00FF") from None


def _is_raw(value: Any) -> bool:
    """True for text that can be nothing but bytes: with a control character, or one beyond ASCII."""
    return isinstance(value, str) and not (value.isascii() and value.isprintable())


def _uuid(text: str, path: str) -> str:
    """From its usual spelling, or from a character per byte."""
    try:
        return uuid_text(_latin_1(text, path)) if len(text) == 16 else str(UUID(text))
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


def _decimal(value: Any, logical: Logical, path: str) -> Decimal:
    scale = logical.scale
    try:
        exact = Decimal(value) if isinstance(value, str) else Decimal(repr(value))
        number = exact.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
    except InvalidOperation:
        number = exact = Decimal("NaN")
    if number != exact:
        raise JsonFormError(f"`{path}` has to be a number with at most {scale} decimals")
    return number
