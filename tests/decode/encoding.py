"""Bytes and parts for the decode tests. Avro is written by fastavro or by hand, never by us."""

import asyncio
import io
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastavro import parse_schema, schemaless_writer

from consumer.config.settings import DecodeSettings
from consumer.decode.decoder import Decoder
from consumer.model import Partition, Record
from consumer.telemetry.tallies import Tallies

Json = Any


def avro(schema: Json, value: Any) -> bytes:
    out = io.BytesIO()
    schemaless_writer(out, parse_schema(schema), value)
    return out.getvalue()


def long(number: int) -> bytes:
    """An Avro int or long: zigzag, seven bits to a byte, low bits first."""
    rest = (number << 1) ^ (number >> 63)
    rest &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def confluent(number: int, payload: bytes) -> bytes:
    return b"\x00" + struct.pack(">i", number) + payload


def record_type(name: str, *fields: Json) -> Json:
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name: str, kind: Json, **more: Json) -> Json:
    return {"name": name, "type": kind, **more}


def a_value(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]] = (),
    topic: str = "shop.clicks",
) -> Record:
    return Record(Partition(topic, 0, 1), 7, b"visitor-1", value, headers, 1_763_700_000_000)


async def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is watched signals nothing to wait for
            await asyncio.sleep(0.005)


class BareDecoder:
    """A decoder of `bare` values: writer schema and reader schemas are simply given."""

    def __init__(self, folder: Path, writer: Json, *readers: Json, **settings: Any) -> None:
        file = folder / "writer.avsc"
        file.write_text(json.dumps(writer))
        self.tallies = Tallies()
        self.readers: Mapping[str, Json] = {one["name"]: one for one in readers or (writer,)}
        self._decoder = Decoder(
            registry=None,
            reader_schemas=lambda _: self.readers,
            settings=DecodeSettings(framing="bare", writer_schema=str(file), **settings),
            tallies=self.tallies,
        )

    def read(self, payload: bytes) -> Any:
        return self._decoder.decode(a_value(payload)).value

    @property
    def readers_used(self) -> list[str]:
        """Who reads each writer schema met so far: `generated` or `fastavro`."""
        return [one.reader for one in self._decoder.chosen]

    def decode(self, payload: bytes) -> Any:
        return self._decoder.decode(a_value(payload))
