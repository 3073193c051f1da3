"""Converts raw Avro values by their logical types (and `consumer.avro.values` of defaults).

| Avro                                   | value                                           |
|----------------------------------------|-------------------------------------------------|
| decimal                                | `Decimal`, exact                                |
| uuid on string, on fixed(16)           | text                                            |
| date, time-*, timestamp-*, local-*     | integer in the unit of the type                 |
| duration, anything unknown             | the raw value                                   |
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from consumer.avro.nodes import Logical
from consumer.avro.values import exact_decimal
from consumer.decode.reasons import Reason

Adapter = Callable[[Any], Any]

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
        try:
            return exact_decimal(raw, scale)
        except ValueError as error:
            raise UnfitError(Reason.INVALID_VALUE, where, str(error)) from None

    return adapt


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
