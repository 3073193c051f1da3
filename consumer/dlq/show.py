"""Describes one dead letter: why it is there, what it says, and what would become of it today."""

import ast
import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from consumer.avro.document import document
from consumer.dlq.letter import Letter
from consumer.dlq.plain_json import iso
from consumer.dlq.stages import Fetch
from consumer.errors import InvalidRecord, SchemaPending
from consumer.mapping.unit import MappingUnit
from consumer.model import Decoded, Record
from consumer.privacy.safe_traceback import as_invalid
from consumer.privacy.spelt_out import RecordMask, texts_in
from consumer.stages import Decode


class Describer:
    """`personal` shows everything; without it, what `RecordMask` lets through."""

    def __init__(
        self,
        decode: Decode,
        mapping: MappingUnit,
        *,
        personal: bool,
        fetch: Fetch = lambda _: None,
    ) -> None:
        self._decode = decode
        self._fetch = fetch
        self._mapping = mapping
        self._personal = personal
        schemas = [document(one.reader_schema) for one in mapping.mappings]
        self._mask = RecordMask([*_constants(mapping.source()), *texts_in(schemas)])

    async def describe(self, letter: Letter) -> dict[str, Any]:
        """The letter for `plain_json.written`. `today` says what the mapping in force makes of it."""
        gone = False
        if letter.lacks_record:
            found = await asyncio.to_thread(self._fetch, letter)
            gone = found is None
            letter = replace(letter, record=found or letter.record)
        record = letter.record
        decoded = _GONE if gone else await self._decoded(record)
        return {
            "place": letter.place,
            "written": iso(letter.written_ms),
            "record": {
                "position": record.position,
                "timestamp": iso(record.timestamp_ms),
                "timestamp_type": record.timestamp_type.value,
                "key": self._bytes(record.key),
                "headers": [
                    [self._header(name), self._bytes(value)] for name, value in record.headers
                ],
                "value": self._value(record, decoded),
            },
            "why": list(letter.failures) or [{"stage": letter.stage, "reason": letter.reason}],
            "failed_events": list(letter.events),
            "mapping": letter.mapping,
            "bridge": letter.bridge,
            "replays": letter.again.replays,
            **({"not_carried": _not_carried(letter, gone=gone)} if letter.lacks_record else {}),
            "today": self._today(letter, decoded),
        }

    async def _decoded(self, record: Record) -> Decoded | InvalidRecord:
        while True:
            try:
                return self._decode.decode(record)
            except SchemaPending as pending:
                await self._decode.resolve(pending.ref)
            except Exception as error:  # noqa: BLE001 a letter may be there because of that bug
                return as_invalid(error, "decode")

    def _header(self, name: str) -> str:
        return name if self._personal else self._mask.header(name)

    def _bytes(self, value: bytes | None) -> str | None:
        if value is None:
            return None
        if not self._personal:
            return f"({len(value)} bytes)"
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()

    def _value(self, record: Record, decoded: Decoded | InvalidRecord) -> Any:
        if isinstance(decoded, InvalidRecord):
            return self._bytes(record.value)
        value = decoded.value if self._personal else self._mask.masked(decoded.value)
        return {decoded.type_name: value} if isinstance(value, Mapping) else value

    def _today(self, letter: Letter, decoded: Decoded | InvalidRecord) -> dict[str, Any]:
        if isinstance(decoded, InvalidRecord):
            return _invalid(decoded)
        try:
            mapped = self._mapping.map(letter.record, decoded)
        except Exception as error:  # noqa: BLE001 as above
            return _invalid(as_invalid(error, "mapping"))
        made = [event.label for event in mapped.events]
        replayed = [label for label in made if not letter.events or label in letter.events]
        return {"makes": made, "replay_sends": replayed, "filtered": mapped.filtered}


_GONE = InvalidRecord("decode", "original_gone", "the record is not in its topic any more")


def _not_carried(letter: Letter, *, gone: bool) -> str:
    size = f"{letter.again.size:,} bytes, too large for the dead-letter topic"
    if gone:
        return f"{size}; not at its position any more: it cannot be replayed"
    return f"{size}; read from its position"


def _invalid(invalid: InvalidRecord) -> dict[str, Any]:
    return {"stage": invalid.stage, "reason": invalid.reason, "detail": invalid.detail}


def _constants(code: str) -> Iterable[str]:
    """The texts that the generated code of a mapping spells out."""
    return [
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
