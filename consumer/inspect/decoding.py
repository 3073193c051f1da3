"""The decode stage outside `run`: for a rehearsal, or for a few records that a person looks at."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from consumer.avro.nodes import RecordType
from consumer.clock import SystemClock
from consumer.config.settings import Settings
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.errors import InvalidRecord, KafkaSetupError, SchemaPending
from consumer.model import Decoded, Record
from consumer.telemetry.tallies import Tallies

SECONDS = 15.0
"""Seconds for a schema of `decode_all`."""


class ReaderSchemas(Protocol):
    """Names the records that are read; a `MappingUnit` does."""

    def reader_schemas(self, topic: str) -> Mapping[str, RecordType]: ...


@asynccontextmanager
async def decoding(settings: Settings, mapping: ReaderSchemas) -> AsyncIterator[Decoder]:
    """The decode stage as `run` has it, for as long as the context lasts. It reads whole records."""
    tallies = Tallies()
    clock = SystemClock(asyncio.get_running_loop())
    registry = RegistryClient(settings.registry, tallies=tallies, clock=clock)
    try:
        yield Decoder(
            registry=registry,
            reader_schemas=mapping.reader_schemas,
            settings=settings.decode,
            tallies=tallies,
        )
    finally:
        await registry.close()


async def decode_all(
    settings: Settings, mapping: ReaderSchemas, records: Sequence[Record]
) -> list[Decoded | InvalidRecord]:
    """The value of each record, or the reason why it cannot be read.

    Raises KafkaSetupError where the registry cannot be asked for a schema that is needed.
    """
    async with decoding(settings, mapping) as decoder:
        return [await _decode(decoder, record) for record in records]


async def _decode(decoder: Decoder, record: Record) -> Decoded | InvalidRecord:
    while True:
        try:
            return decoder.decode(record)
        except InvalidRecord as invalid:
            return invalid
        except SchemaPending as pending:
            try:
                async with asyncio.timeout(SECONDS):
                    await decoder.resolve(pending.ref)
            except TimeoutError:
                raise KafkaSetupError(
                    f"the registry did not give schema {pending.ref} within {SECONDS:g} s"
                ) from None
