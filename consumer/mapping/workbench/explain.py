"""`mapping explain`: the events of one record and their reasons. `explain_text` shows this data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

from consumer.documents.yaml_tree import Document
from consumer.errors import InvalidRecord
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.types import Time, short
from consumer.mapping.unit import MappingUnit
from consumer.mapping.workbench.conditions import Verdict
from consumer.mapping.workbench.json_write import iso
from consumer.mapping.workbench.masking import Masker
from consumer.mapping.workbench.paths import text_of
from consumer.mapping.workbench.trace import FilledFrom, RuleTrace, SendTrace, Trace, Tracer
from consumer.model import Decoded, Endpoint, Event, Mapped, Record

Json = dict[str, Any]


class Explainer:
    """Explains records of one unit. `documents` are its files, for the text of expressions."""

    def __init__(
        self,
        unit: MappingUnit,
        documents: Mapping[str, Document],
        urls: Mapping[Endpoint, str],
        *,
        show_personal: bool = False,
    ) -> None:
        self._unit = unit
        self._documents = documents
        self._urls = urls
        self._show_personal = show_personal
        self._tracers: dict[str, Tracer] = {}

    def explain(self, record: Record, decoded: Decoded) -> Json:
        """The explanation, ready for JSON. Its events are those that `map` makes of the record."""
        outcome = _outcome(self._unit, record, decoded)
        mapping = self._unit.mapping_for(record.partition.topic, decoded.type_name)
        explained: Json = {
            "record": record.position,
            "type": decoded.type_name,
            "digest": self._unit.digest,
            "masked": not self._show_personal,
        }
        if mapping is None or decoded.value is None:
            return explained | _end(outcome)
        explained["mapping"] = mapping.file
        tracer = self._tracers.setdefault(mapping.file, Tracer(mapping))
        trace = tracer.trace(record, decoded.value)
        masker = None
        if not self._show_personal:
            masker = masker_of(mapping, record, decoded.value, trace)
        shown = _Shown(self._documents, masker, self._urls)
        explained |= {
            "suppress": [
                shown.verdict(verdict, reason=reason) for reason, verdict in trace.suppress
            ],
            "match": "all" if mapping.match_all else "first",
            "rules": [shown.rule(rule) for rule in trace.rules],
            "who": [shown.field(one) for one in trace.person],
            "events": _events(outcome, trace, shown),
            "not_built": [shown.not_built(send) for send in _not_built(outcome, trace)],
        }
        return explained | _end(outcome)


def masker_of(mapping: CheckedMapping, record: Record, value: Any, trace: Trace) -> Masker:
    """A masker that knows all personal values of this record, also those made of others."""
    masker = Masker(mapping)
    masker.record(value)
    masker.kafka(record)
    masker.learn(
        one.value for one in trace.filled if any(masker.is_personal(path) for path in one.sources)
    )
    return masker


class _Shown:
    """Values and expressions as they are shown."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        masker: Masker | None,
        urls: Mapping[Endpoint, str],
    ) -> None:
        self._documents = documents
        self._masker = masker
        self._urls = urls

    def text(self, node: Node) -> str:
        return text_of(node, self._documents)

    def value(self, value: Any, node: Node | None = None) -> Any:
        """A value for JSON: exact numbers as text, times as ISO 8601, of a record its name only."""
        if isinstance(value, tuple):
            return short(value[0])
        if isinstance(value, dict):
            return "present"
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if node is not None and isinstance(node.slot.type, Time) and isinstance(value, int):
            return iso(value, 1_000_000)
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        if isinstance(value, float) and not isfinite(value):
            return str(value)  # JSON has no such number
        return value if self._masker is None else self._masker.record(value)

    def verdict(self, verdict: Verdict, **more: Any) -> Json:
        shown: Json = {**more, "holds": verdict.holds}
        if verdict.failed is not None:
            shown["failed"] = self.text(verdict.failed)
            shown["at"] = str(verdict.failed.place)
            shown["because"] = "absent" if verdict.absent else "false"
            shown["read"] = {path: self._read(path, value) for path, value in verdict.read}
        return shown

    def _read(self, path: str, value: Any) -> Any:
        personal = self._masker is not None and self._masker.is_personal(path)
        if personal and isinstance(value, str | int) and not isinstance(value, bool):
            value = str(value)
            assert self._masker is not None
            self._masker.learn([value])
        return self.value(value)

    def rule(self, rule: RuleTrace) -> Json:
        return self.verdict(rule.verdict, name=rule.name, rule_at=str(rule.place), state=rule.state)

    def field(self, one: FilledFrom) -> Json:
        return {
            "field": one.path,
            "value": self.value(one.value, one.node),
            "expression": self.text(one.node),
            "at": str(one.node.place),
            "reads": list(one.sources),
        }

    def event(self, event: Event, fields: list[FilledFrom]) -> Json:
        body = orjson.loads(event.body)
        return {
            "rule": event.rule,
            "element": event.element,
            "api": event.endpoint.api,
            "account": event.endpoint.account,
            "event": event.name,
            "fields": [self.field(one) for one in fields],
            "method": "POST",
            "url": self._urls.get(event.endpoint, f"<url of {event.endpoint}>"),
            "bytes": len(event.body),
            "sent_until": iso(event.expires_ms, 1_000_000) if event.expires_ms >= 0 else None,
            "when_older": event.when_older if event.expires_ms >= 0 else "send",
            "conflate": event.state_of is not None,
            "body": body if self._masker is None else self._masker.body(body),
        }

    def not_built(self, send: SendTrace) -> Json:
        return {
            "rule": send.rule,
            "events": list(send.names),
            "skipped": [{"api": api, "reason": reason} for api, reason in send.skipped],
            "missing": send.missing,
            "fields": [self.field(one) for one in send.fields],
        }


def _events(outcome: Mapped | InvalidRecord, trace: Trace, shown: _Shown) -> list[Json]:
    if isinstance(outcome, InvalidRecord):
        return []
    fields = {event.label: _of(send, event) for send in trace.sends for event in send.made}
    return [shown.event(event, fields.get(event.label, [])) for event in outcome.events]


def _not_built(outcome: Mapped | InvalidRecord, trace: Trace) -> list[SendTrace]:
    """The sends without an event. Of an invalid record no event goes out, so it is all of them."""
    invalid = isinstance(outcome, InvalidRecord)
    return [send for send in trace.sends if invalid or not send.made]


def _of(send: SendTrace, event: Event) -> list[FilledFrom]:
    """The fields of this event: `tags` are for the legacy event, `params` for that of v2."""
    other = "params." if event.endpoint.api == "legacy" else "tags."
    return [one for one in send.fields if not (len(send.names) > 1 and one.path.startswith(other))]


def _outcome(unit: MappingUnit, record: Record, decoded: Decoded) -> Mapped | InvalidRecord:
    try:
        return unit.map(record, decoded)
    except InvalidRecord as invalid:
        return invalid


def _end(outcome: Mapped | InvalidRecord) -> Json:
    if isinstance(outcome, InvalidRecord):
        return {"end": "invalid", "reason": outcome.reason, "detail": outcome.detail}
    skipped = [
        {"api": endpoint.api, "account": endpoint.account, "reason": reason, "count": count}
        for (endpoint, reason), count in outcome.skipped.items()
    ]
    left_out = [
        {"field": field, "reason": reason, "count": count}
        for (field, reason), count in outcome.left_out.items()
    ]
    end = {"end": "events"}
    if outcome.filtered is not None:
        end = {"end": "filtered", "reason": outcome.filtered}
    return {**end, "skipped": skipped, "left_out": left_out}
