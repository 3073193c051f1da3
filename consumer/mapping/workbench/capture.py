"""`mapping capture`: a real record as a masked test case, ready to paste beside the mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import yaml

from consumer.documents.yaml_tree import read_text
from consumer.errors import InvalidRecord
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.expressions import expressions
from consumer.mapping.file.yaml_data import plain
from consumer.mapping.language.nodes import KafkaPart, Node, children
from consumer.mapping.reasons import Invalid
from consumer.mapping.unit import MappingUnit
from consumer.mapping.workbench.cases import readable
from consumer.mapping.workbench.json_write import Written, iso
from consumer.mapping.workbench.masking import Masker
from consumer.model import Decoded, Event, Record

Json = dict[str, Any]


def capture(unit: MappingUnit, record: Record, decoded: Decoded, name: str) -> str:
    """The case as YAML: the record with stand-ins for what is personal, and what becomes of *that*.

    Raises InvalidRecord where no mapping takes the record, or it has no value.
    """
    mapping = unit.mapping_for(record.partition.topic, decoded.type_name)
    if mapping is None or decoded.value is None:
        what = "no mapping takes it, or it has no value"
        raise InvalidRecord("mapping", Invalid.UNMAPPED_TYPE.value, what)
    masker = Masker(mapping)
    value = masker.record(decoded.value)
    masked = masker.kafka(record)
    case: Json = {"name": name, "given": Written(mapping.reader_schema).of(value)}
    arrival = _arrival(masked, mapping)
    if arrival:
        case["at"] = arrival
    case |= _end(unit, masked, Decoded(value, decoded.type_name, "case"), mapping)
    text = yaml.dump([case], Dumper=_Cases, sort_keys=False, allow_unicode=True, width=100)
    return "\n".join("  " + line for line in text.splitlines()) + "\n"


def _end(unit: MappingUnit, record: Record, decoded: Decoded, mapping: CheckedMapping) -> Json:
    try:
        mapped = unit.map(record, decoded)
    except InvalidRecord as invalid:
        return {"invalid": invalid.reason}
    end: Json = {}
    if mapped.skipped:
        end["skipped"] = {endpoint.api: reason for endpoint, reason in mapped.skipped}
    if mapped.filtered is not None:
        return {"filtered": mapped.filtered, **end}
    several = len(mapping.accounts) > 1
    return {"expect": [_event(event, several_accounts=several) for event in mapped.events], **end}


def _event(event: Event, *, several_accounts: bool) -> Json:
    api = "legacy" if event.endpoint.api == "legacy" else "v2"
    body = orjson.loads(event.body)
    shown: Json = {api: event.name}
    if several_accounts:
        shown["account"] = event.endpoint.account
    return {**shown, "body": readable(body) if "params" in body else body}


def _arrival(record: Record, mapping: CheckedMapping) -> Json:
    """Kafka's part of the record, as far as the mapping asks for it."""
    parts = {node.part for node in _all(mapping) if isinstance(node, KafkaPart)}
    at: Json = {}
    if record.partition.topic != mapping.topics[0]:
        at["topic"] = record.partition.topic
    if "timestamp" in parts and record.timestamp_ms >= 0:
        at["now"] = iso(record.timestamp_ms, 1_000_000)
    if "partition" in parts:
        at["partition"] = record.partition.number
    if "offset" in parts:
        at["offset"] = record.offset
    if "key" in parts and record.key is not None:
        at["key"] = record.key.decode(errors="replace")
    if "header" in parts and record.headers:
        at["headers"] = {
            name: (data or b"").decode(errors="replace") for name, data in record.headers
        }
    return at


def _all(mapping: CheckedMapping) -> Iterator[Node]:
    waiting = [one.node for one in expressions(mapping)]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)


class _Cases(yaml.SafeDumper):
    """Writes what `plain` reads back as the same: it knows YAML 1.2, where PyYAML writes 1.1."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: _Cases, text: str) -> yaml.ScalarNode:
    root = read_text(text, "text").root if text.strip() == text and text else None
    same = root is not None and plain(root) == text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if same else '"')


_Cases.add_representer(str, _text)
