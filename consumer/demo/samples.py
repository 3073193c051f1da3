"""One sample per event kind: the record it came from, and the request that arrived at Yespo."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from consumer.avro.nodes import RecordType
from consumer.mapping.unit import MappingUnit
from consumer.model import Decoded, Endpoint, Mapped, Record
from consumer.projection import WHOLE, Reads
from consumer.sandbox.store import Received

ENVELOPE = frozenset({"event_id", "session_id", "consent", "device", "site", "page", "event_time"})
"""Fields that every record has alike, left out of the samples."""

LINES = 5
"""Lines of a sample's record and of its request, each."""

Kind = tuple[str, str]
"""API and event name."""


class SamplingMap:
    """A mapping that remembers the first record of each event kind. Implements `stages.Map`."""

    def __init__(self, mapping: MappingUnit) -> None:
        self._mapping = mapping
        self._seen: dict[tuple[Endpoint, str], tuple[dict[str, Any], bytes]] = {}

    @property
    def digest(self) -> str:
        return self._mapping.digest

    @property
    def topics(self) -> list[str]:
        return list(self._mapping.topics)

    @property
    def kinds(self) -> frozenset[tuple[Endpoint, str]]:
        return self._mapping.kinds

    @property
    def filters(self) -> frozenset[str]:
        return self._mapping.filters

    def reader_schemas(self, topic: str) -> Mapping[str, RecordType]:
        return self._mapping.reader_schemas(topic)

    def reads(self, topic: str) -> Mapping[str, Reads]:
        """Everything: the samples are shown to a person."""
        return dict.fromkeys(self._mapping.reader_schemas(topic), WHOLE)

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        mapped = self._mapping.map(record, decoded)
        for event in mapped.events:
            kind = (event.endpoint, event.name)
            if kind not in self._seen:
                self._seen[kind] = (decoded.value, event.body)
        return mapped

    def samples(self, received: Iterable[Received]) -> list[tuple[Kind, dict[str, Any], bytes]]:
        """(kind, record, request) of each kind whose very request was taken by the sandbox."""
        bodies = {request.body for request in received if request.taken}
        return [
            ((endpoint.api, name), record, body)
            for (endpoint, name), (record, body) in sorted(self._seen.items())
            if body in bodies
        ]


def samples_table(samples: Iterable[tuple[Kind, dict[str, Any], bytes]], width: int) -> Table:
    """`width` is that of the terminal, in characters."""
    table = Table(title="One of each: record → request", title_justify="left", show_lines=True)
    table.add_column("event", no_wrap=True)
    table.add_column("record\n→ request", overflow="fold")
    room = max(40, width - 31) * LINES
    for (api, name), record, body in samples:
        shown = {key: value for key, value in record.items() if value and key not in ENVELOPE}
        text = json.dumps(shown, ensure_ascii=False, default=str)
        table.add_row(f"{api}\n{name}", f"{_cut(text, room)}\n→ {_cut(body.decode(), room)}")
    return table


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
