"""Produces what no client library lets out: header names that are not UTF-8, packed batches of any size.

The Produce request (version 3) and the record batch (magic 2) are written by hand, after
https://kafka.apache.org/protocol and https://kafka.apache.org/documentation/#recordbatch.
"""

import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

Header = tuple[bytes, bytes | None]


class Packing(IntEnum):
    """The lowest bits of a batch's attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


@dataclass(frozen=True)
class RawRecord:
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[Header] = ()


def produce_raw(bootstrap: str, topic: str, *records: RawRecord, partition: int = 0) -> int:
    """One batch of these records, not packed. Returns the offset of the first."""
    packed = b"".join(encoded(record, number) for number, record in enumerate(records))
    return produce_packed(bootstrap, topic, packed, len(records), partition=partition)


def produce_packed(
    bootstrap: str,
    topic: str,
    packed: bytes,
    count: int,
    *,
    packing: Packing = Packing.NONE,
    partition: int = 0,
) -> int:
    """One batch of `count` records, which `packed` holds as `packing` says. Returns the offset of the
    first. `bootstrap` is the one broker that leads the partition."""
    batch = _batch(packed, count, packing)
    body = struct.pack(">hhi", -1, -1, 30_000)  # no transaction, all replicas, time-out
    body += struct.pack(">i", 1) + _text(topic) + struct.pack(">ii", 1, partition)
    body += struct.pack(">i", len(batch)) + batch
    head = struct.pack(">hhi", 0, 3, 1) + _text("raw")  # Produce, version, correlation id
    host, _, port = bootstrap.partition(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        size: int = struct.unpack(">i", _exactly(connection, 4))[0]
        answer = _exactly(connection, size)
    at = 4 + 4 + 2 + len(topic) + 4 + 4  # correlation id, one topic, one partition
    error, offset = struct.unpack_from(">hq", answer, at)
    assert error == 0, f"Kafka refuses the batch: error code {error}"
    return int(offset)


def encoded(record: RawRecord, number: int) -> bytes:
    """One record as it stands in a batch, `number` records behind its first."""
    body = b"\0" + varint(0) + varint(number) + _bytes(record.key) + _bytes(record.value)
    body += varint(len(record.headers))
    for name, value in record.headers:
        body += varint(len(name)) + name + _bytes(value)
    return varint(len(body)) + body


def _batch(packed: bytes, count: int, packing: Packing) -> bytes:
    now = int(time.time() * 1000)
    checked = struct.pack(">hiqqqhii", packing, count - 1, now, now, -1, -1, -1, count) + packed
    body = struct.pack(">ib", -1, 2) + struct.pack(">I", crc32c(checked)) + checked
    return struct.pack(">qi", 0, len(body)) + body


def varint(number: int) -> bytes:
    """Zigzag, seven bits a byte."""
    left = (number << 1) ^ (number >> 63)
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    found.append(left)
    return bytes(found)


def _bytes(value: bytes | None) -> bytes:
    return varint(-1) if value is None else varint(len(value)) + value


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        assert more, "Kafka closed the connection"
        found += more
    return found


def _table() -> list[int]:
    found = []
    for number in range(256):
        left = number
        for _ in range(8):
            left = left >> 1 ^ (0x82F63B78 if left & 1 else 0)
        found.append(left)
    return found


_CRC32C = _table()


def crc32c(data: bytes) -> int:
    """Castagnoli's (RFC 3720, B.4)."""
    left = 0xFFFFFFFF
    for byte in data:
        left = left >> 8 ^ _CRC32C[(left ^ byte) & 0xFF]
    return left ^ 0xFFFFFFFF
