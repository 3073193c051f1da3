"""Functions that generated readers call for the less frequent forms of a value on the wire.

They take the bytes and a position and return the position after the value. Everything odd raises
`Irregular` (or IndexError at the end of the bytes): the record is then read by fastavro, which says
what it is worth.
"""

import struct
from typing import Final

from consumer.decode.logical import UnfitError

SMALL: Final = tuple((n >> 1) ^ -(n & 1) for n in range(128))
"""The number that one byte stands for."""
BOOLEANS: Final = {0: False, 1: True}


class Irregular(Exception):
    """Bytes that the generated reader does not take."""


IRREGULAR: Final = (Irregular, UnfitError, LookupError, ValueError, ArithmeticError, struct.error)
"""Raised by a generated reader on bytes that it does not take."""


def past(data: bytes, at: int) -> int:
    """After the number at `at`."""
    if data[at] < 128:
        return at + 1
    if data[at + 1] < 128:
        return at + 2
    for end in range(at + 2, at + 9):
        if data[end] < 128:
            return end + 1
    if data[at + 9] > 1:
        raise Irregular
    return at + 10


def number(data: bytes, at: int) -> tuple[int, int]:
    """The int or long at `at`, of two bytes or more."""
    raw = data[at] & 127
    byte = data[at + 1]
    if byte < 128:
        raw |= byte << 7
        return (raw >> 1) ^ -(raw & 1), at + 2
    raw |= (byte & 127) << 7
    at += 2
    shift = 14
    while (byte := data[at]) > 127:
        raw |= (byte & 127) << shift
        at += 1
        shift += 7
        if shift > 63:
            raise Irregular
    if shift == 63 and byte > 1:
        raise Irregular
    raw |= byte << shift
    return (raw >> 1) ^ -(raw & 1), at + 1


def sized(data: bytes, at: int) -> tuple[int, int]:
    """Begin and end of the text or bytes at `at`, whose length takes more than one byte."""
    first, second = data[at], data[at + 1]
    if first > 127 > second and not first & 1:
        begin = at + 2
        return begin, begin + ((first & 127 | second << 7) >> 1)
    size, begin = number(data, at) if first > 127 else (-1, at)
    if size < 0:
        raise Irregular
    return begin, begin + size


def block(data: bytes, at: int) -> tuple[int, int]:
    """The count of a block of items: one of more than a byte, or negative, then its size follows."""
    if data[at] > 127:
        count, at = number(data, at)
    else:
        count, at = SMALL[data[at]], at + 1
    if count < 0:
        count, at = -count, past(data, at)
    if count == 0:
        raise Irregular
    return count, at


def check(data: bytes, begin: int, end: int) -> None:
    """Raise where the texts of this stretch are no UTF-8. It holds texts and single bytes below 128
    and nothing else, so that no text can lean on the bytes of another."""
    if not data[begin:end].isascii():
        data[begin:end].decode()


def past_text(data: bytes, begin: int, at: int) -> int:
    """After the long text at `at`; it and the stretch from `begin` on are checked."""
    check(data, begin, at)
    start, end = sized(data, at)
    check(data, start, end)
    return end


def past_number(data: bytes, begin: int, at: int) -> int:
    """After the number at `at`; the stretch before it is checked."""
    check(data, begin, at)
    return past(data, at)
