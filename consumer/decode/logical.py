"""What the logical types make of raw Avro values, and what defaults look like as values.

| Avro                                   | value                                           |
|----------------------------------------|-------------------------------------------------|
| decimal                                | `Decimal`, exact                                |
| uuid on string, on fixed(16)           | text                                            |
| date, time-*, timestamp-*, local-*     | integer in the unit of the type                 |
| duration, anything unknown             | the raw value                                   |
"""

import uuid
from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final

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
from consumer.decode.reasons import Reason

Adapter = Callable[[Any], Any]

MAX_DECIMAL_BYTES: Final = 64
"""About 150 digits. A price has less than 20; arithmetic on a megabyte of digits takes minutes."""

# The widest context there is: moving the decimal point in it can never round.
_EXACT: Final = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)

_PER_SECOND: Final[Mapping[str, int]] = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}


class UnfitError(Exception):
    """This value is not what the reader schema can take. `str()` names the field, not the value."""

    def __init__(self, reason: Reason, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.reason = reason


class MismatchError(Exception):
    """Two schemas that do not resolve, or a default that does not fit. Says where and why."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}" if where else what)


def decimal_adapter(scale: int, where: str) -> Adapter:
    """From the bytes of an unscaled two's-complement integer to the number."""

    def adapt(raw: bytes) -> Decimal:
        # No bytes are no integer: Java refuses them, fastavro reads 0. A free product is not what
        # an empty field means.
        if not 0 < len(raw) <= MAX_DECIMAL_BYTES:
            what = f"a decimal must have 1 to {MAX_DECIMAL_BYTES} bytes"
            raise UnfitError(Reason.INVALID_VALUE, where, what)
        return _EXACT.scaleb(Decimal(int.from_bytes(raw, "big", signed=True)), -scale)

    return adapt


def uuid_text(raw: bytes) -> str:
    return str(uuid.UUID(bytes=raw))


def unit_adapter(written: Logical | None, read: Logical | None, where: str) -> Adapter | None:
    """From the writer's unit of time to the reader's; None where one of them names no unit.

    Going to a coarser unit rounds down. `local-` or not makes no difference to the integer.
    Raises MismatchError where the two are no measures of the same thing (date and time).
    """
    if written is None or read is None:
        return None
    old, _, old_unit = written.name.removeprefix("local-").partition("-")
    new, _, new_unit = read.name.removeprefix("local-").partition("-")
    if old != new:
        raise MismatchError(where, f"written as {written}, read as {read}")
    if old_unit == new_unit:
        return None
    before, after = _PER_SECOND[old_unit], _PER_SECOND[new_unit]
    if after > before:
        return (after // before).__mul__
    return (before // after).__rfloordiv__


def default_value(node: Node, default: Any, where: str) -> Any:
    """A default out of a schema's JSON as the value that decoding would give.

    Raises MismatchError where it does not fit its type.
    """
    try:
        return _value(node, default, where)
    except (ValueError, TypeError, AttributeError, UnfitError) as error:
        raise MismatchError(where, f"its default is no {describe(node)}") from error


def _value(  # noqa: PLR0911 - one return per kind of type
    node: Node, default: Any, where: str
) -> Any:
    match node:
        case Primitive(kind, logical):
            return _primitive(kind, logical, default, where)
        case Fixed(_, size, logical):
            raw = default.encode("latin-1")
            if len(raw) != size:
                raise ValueError
            return _bytes(logical, raw, where)
        case EnumType(_, symbols):
            if default not in symbols:
                raise ValueError
            return default
        case Array(items):
            return [_value(items, one, where) for one in _is(default, list)]
        case MapType(values):
            return {key: _value(values, one, where) for key, one in _is(default, dict).items()}
        case Union():
            return _branch(node, default, where)
        case RecordType():
            return _record(node, _is(default, dict), where)


def _primitive(kind: str, logical: Logical | None, default: Any, where: str) -> Any:
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
            if isinstance(default, bool):
                raise TypeError
            return float(_is(default, (int, float)))
        case "bytes":
            return _bytes(logical, default.encode("latin-1"), where)
        case _:
            return _is(default, str)


def _bytes(logical: Logical | None, raw: bytes, where: str) -> Any:
    if logical is not None and logical.name == "decimal":
        return decimal_adapter(logical.scale, where)(raw)
    return uuid_text(raw) if logical is not None and logical.name == "uuid" else raw


def _branch(union: Union, default: Any, where: str) -> Any:
    """The first branch that the default fits: up to Avro 1.11 it had to be the first of all."""
    for branch in union.branches:
        try:
            value = _value(branch, default, where)
        except (ValueError, TypeError, AttributeError, UnfitError):
            continue
        named = union.names_records and isinstance(branch, RecordType)
        return (describe(branch), value) if named else value
    raise ValueError


def _record(record: RecordType, default: Mapping[str, Any], where: str) -> dict[str, Any]:
    values = {}
    for one in record.fields:
        given = default.get(one.name, one.default)
        if given is NO_DEFAULT:
            raise ValueError
        values[one.name] = _value(one.node, given, f"{where}.{one.name}")
    return values


def _is(value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value
