"""Values of logical types out of bytes, and the defaults of a schema as values.

The default "1" of a decimal of scale 2 is 0.49: in a schema bytes are text, and this is the byte 0x31.
"""

import uuid
from collections.abc import Mapping
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final

from consumer.avro.floats import single
from consumer.avro.nodes import (
    NO_DEFAULT,
    Array,
    EnumType,
    Fixed,
    Logical,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
    describe,
)

MAX_DECIMAL_BYTES: Final = 64
"""About 150 digits. A price has less than 20; arithmetic on a megabyte of digits takes minutes."""

# The widest context there is: moving the decimal point in it can never round.
_EXACT: Final = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)


class DefaultError(Exception):
    """A default that does not fit its type. Says which type."""


def exact_decimal(raw: bytes, scale: int) -> Decimal:
    """The number of an unscaled two's-complement integer. Raises ValueError."""
    # No bytes are no integer: Java refuses them, fastavro reads 0. A free product is not what an
    # empty field means.
    if not 0 < len(raw) <= MAX_DECIMAL_BYTES:
        raise ValueError(f"a decimal must have 1 to {MAX_DECIMAL_BYTES} bytes")
    return _EXACT.scaleb(Decimal(int.from_bytes(raw, "big", signed=True)), -scale)


def uuid_text(raw: bytes) -> str:
    return str(uuid.UUID(bytes=raw))


def default_value(node: Node, default: Any) -> Any:
    """A default out of a schema's JSON as the value that decoding would give. Raises DefaultError."""
    try:
        return _value(node, default)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise DefaultError(f"its default is no {describe(node)}") from error


def _value(node: Node, default: Any) -> Any:  # noqa: PLR0911 - one return per kind of type
    match node:
        case Primitive(kind, logical):
            return _primitive(kind, logical, default)
        case Fixed(_, size, logical):
            raw = default.encode("latin-1")
            if len(raw) != size:
                raise ValueError
            return bytes_value(logical, raw)
        case EnumType(_, symbols):
            if default not in symbols:
                raise ValueError
            return default
        case Array(items):
            return [_value(items, one) for one in _is(default, list)]
        case MapType(values):
            return {key: _value(values, one) for key, one in _is(default, dict).items()}
        case Union():
            return _branch(node, default)
        case RecordType():
            return _record(node, _is(default, dict))


def _primitive(kind: str, logical: Logical | None, default: Any) -> Any:
    match kind:
        case "null":
            if default is not None:
                raise ValueError
            return None
        case "boolean":
            return _is(default, bool)
        case "int" | "long":
            if isinstance(default, bool):
                raise TypeError
            return _is(default, int)
        case "float" | "double":
            return float_value(kind, default)
        case "bytes":
            return bytes_value(logical, default.encode("latin-1"))
        case _:
            return _is(default, str)


def float_value(kind: str, written: Any) -> float:
    """A number out of JSON as a `float` or `double`; NaN and infinities as text, as Avro's own JSON
    encoding has them. Raises TypeError, OverflowError."""
    if isinstance(written, str) and written in {"NaN", "Infinity", "-Infinity"}:
        return float(written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise TypeError
    return single(written) if kind == "float" else float(written)


def bytes_value(logical: Logical | None, raw: bytes) -> Any:
    """The value of the bytes of a `bytes` or `fixed`. Raises ValueError."""
    if logical is not None and logical.name == "decimal":
        return exact_decimal(raw, logical.scale)
    return uuid_text(raw) if logical is not None and logical.name == "uuid" else raw


def _branch(union: Union, default: Any) -> Any:
    """The first branch that the default fits: up to Avro 1.11 it had to be the first of all."""
    for branch in union.branches:
        try:
            value = _value(branch, default)
        except (ValueError, TypeError, AttributeError, OverflowError):
            continue
        return named_value(union, branch, value)
    raise ValueError


def named_value(union: Union, branch: Node, value: Any) -> Any:
    """The value of a branch as decoding yields it: a record of several goes with its name."""
    named = union.names_records and isinstance(branch, RecordType)
    return (describe(branch), value) if named else value


def _record(record: RecordType, default: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for one in record.fields:
        given = default.get(one.name, one.default)
        if given is NO_DEFAULT:
            raise ValueError
        values[one.name] = _value(one.node, given)
    return values


def _is(value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value
