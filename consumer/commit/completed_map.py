"""The completed map: offsets ended above the watermark, as text for Kafka's commit metadata.

A commit says "all below this offset has ended". Records above it that have ended too would be sent
again after a restart; the map carries them along. Format: `yb2:<base>:<topic id>:<kind><base64>`,
where base is the committed offset it belongs to and kind is `r` (alternating varint lengths: not
ended, ended, not ended, ...) or `b` (one bit per offset), whichever is shorter. A map with another
base, version or shape is not ours to read and counts as empty: the group id may have been used by
another tool. So does one of another topic: where a topic is deleted and made anew under its name, the
same offsets are other records.
"""

import base64
from collections.abc import Collection, Iterable, Sequence

PREFIX = "yb2:"
MAX_CHARACTERS = 4000
"""The broker refuses the whole commit where one entry exceeds `offset.metadata.max.bytes` (4096)."""

MAX_SPAN = 20_000
"""Offsets above the base that always fit: one bit each, as base64, below MAX_CHARACTERS."""


def encode(base: int, topic_id: str, ended: Sequence[int]) -> str:
    """Text for the ended offsets (ascending, all above `base`); empty when there are none, and for
    a topic whose id is not known ("").

    Offsets beyond `MAX_SPAN` are left out: they would be sent again, never lost.
    """
    inside = [offset - base for offset in ended if offset - base < MAX_SPAN]
    if not inside or not topic_id:
        return ""
    runs, bits = _as_runs(inside), _as_bits(inside)
    kind, data = ("r", runs) if len(runs) <= len(bits) else ("b", bits)
    return f"{PREFIX}{base}:{topic_id}:{kind}{base64.b64encode(data).decode('ascii')}"


def decode(base: int, topic_id: str, metadata: str) -> Collection[int]:
    """The ended offsets in `metadata` if it belongs to this `base` of this topic; else empty."""
    head = f"{PREFIX}{base}:{topic_id}:"
    body = metadata.removeprefix(head)
    if not topic_id or not metadata.startswith(head) or len(body) > MAX_CHARACTERS:
        return frozenset()
    try:
        data = base64.b64decode(body[1:], validate=True)
        if body[:1] == "r":
            return frozenset(base + distance for distance in _from_runs(data))
        if body[:1] == "b":
            return frozenset(base + distance for distance in _from_bits(data))
    except Exception:  # noqa: BLE001 any member of the group may have written it
        return frozenset()
    return frozenset()


def _as_runs(distances: Sequence[int]) -> bytes:
    out = bytearray()
    position = start = 0
    previous = -1
    for distance in distances:
        if distance != previous + 1 or previous < 0:
            if previous >= 0:
                _varint(out, previous + 1 - start)
                position = previous + 1
            _varint(out, distance - position)
            start = distance
        previous = distance
    _varint(out, previous + 1 - start)
    return bytes(out)


def _from_runs(data: bytes) -> Iterable[int]:
    position, value, shift, ended = 0, 0, 0, False
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte & 0x80:
            if shift > 28:
                return
            continue
        if position + value > MAX_SPAN:
            return
        if ended:
            yield from range(position, position + value)
        position += value
        value, shift, ended = 0, 0, not ended


def _varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _as_bits(distances: Sequence[int]) -> bytes:
    bits = bytearray(distances[-1] // 8 + 1)
    for distance in distances:
        bits[distance >> 3] |= 1 << (distance & 7)
    return bytes(bits)


def _from_bits(data: bytes) -> Iterable[int]:
    for index, byte in enumerate(data):
        for bit in range(8):
            if byte >> bit & 1:
                yield index * 8 + bit
