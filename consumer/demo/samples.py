"""One sample per event kind: the record it came from, and the request that arrived at Yespo."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from consumer.avro.nodes import RecordType
from consumer.mapping.unit import MappingUnit
from consumer.model import Decoded, Endpoint, Mapped, Record
from consumer.projection import WHOLE, Reads
from consumer.sandbox.store import Origin, Received

REMEMBERED = 2_000
"""Requests whose records the sandbox's page can show."""

EventKind = tuple[str, str]
"""API and event name."""


class SamplingMap:
    """A mapping that remembers the first record of each event kind, and the latest requests' records.
    Implements `stages.Map`."""

    def __init__(self, mapping: MappingUnit) -> None:
        self._mapping = mapping
        self._seen: dict[tuple[Endpoint, str], tuple[dict[str, Any], bytes]] = {}
        self._origins: OrderedDict[int, Origin] = OrderedDict()

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
            self._origins[hash(event.body)] = Origin(record.position, decoded.value)
        while len(self._origins) > REMEMBERED:
            self._origins.popitem(last=False)
        return mapped

    def origin_of(self, body: bytes) -> Origin | None:
        """The record that a request was made of, while it is remembered. From any thread."""
        found = self._origins.get(hash(body))
        if found is None:
            return None
        return Origin(found.position, json.loads(json.dumps(found.record, default=str)))

    def samples(
        self, received: Iterable[Received]
    ) -> list[tuple[EventKind, dict[str, Any], bytes]]:
        """(kind, record, request) of each kind whose very request was taken by the sandbox."""
        bodies = {request.body for request in received if request.taken}
        return [
            ((endpoint.api, name), record, body)
            for (endpoint, name), (record, body) in sorted(self._seen.items())
            if body in bodies
        ]


def print_samples(
    samples: Iterable[tuple[EventKind, dict[str, Any], bytes]], out: Console, *, every: bool
) -> None:
    """Each sample whole, the record without its empty fields; of each API one unless `every`."""
    shown: set[str] = set()
    for (api, name), record, body in samples:
        if not every and api in shown:
            continue
        shown.add(api)
        out.print(f"\nThe record of one {name}:", highlight=False)
        _print(_filled(record), out)
        out.print(f"→ its request to {api}:", highlight=False)
        _print(json.loads(body), out)


def _print(document: Any, out: Console) -> None:
    text = fitted(document, max(40, out.width - 1))
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def fitted(value: Any, width: int, indent: str = "", key: str = "") -> str:
    """JSON of at most `width` columns where its texts allow: what fits on a line stands on one."""
    whole = f"{indent}{key}{json.dumps(value, ensure_ascii=False, default=str)}"
    if len(whole) < width or not isinstance(value, dict | list) or not value:
        return whole
    inner = f"{indent}  "
    if isinstance(value, dict):
        opening, closing = "{", "}"
        lines = [
            fitted(member, width, inner, f"{json.dumps(name, ensure_ascii=False)}: ")
            for name, member in value.items()
        ]
    else:
        opening, closing = "[", "]"
        lines = [fitted(member, width, inner) for member in value]
    body = ",\n".join(lines)
    return f"{indent}{key}{opening}\n{body}\n{indent}{closing}"


def _filled(value: Any) -> Any:
    """Without nulls and empty lists and tables."""
    if isinstance(value, dict):
        return {
            key: _filled(member) for key, member in value.items() if member not in (None, [], {})
        }
    if isinstance(value, list | tuple):
        return [_filled(member) for member in value]
    return value
