"""`mapping diff`: the events that another mapping makes of the same records, rule by rule."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from consumer.errors import InvalidRecord
from consumer.mapping.unit import MappingUnit
from consumer.mapping.workbench.cases import readable
from consumer.mapping.workbench.explain import masker_of
from consumer.mapping.workbench.masking import Masker
from consumer.mapping.workbench.trace import Tracer
from consumer.model import Decoded, Event, Mapped, Record

ABSENT = None


@dataclass(slots=True)
class Example:
    """The number of records with this change, and the first of them."""

    records: int = 0
    where: str = ""
    before: Any = ABSENT
    after: Any = ABSENT


@dataclass(slots=True)
class Difference:
    """The changes over all records that were compared."""

    records: int = 0
    changed: int = 0
    fields: dict[tuple[str, str, str], Example] = field(default_factory=dict)
    """(rule, event, path of the field); an event added or removed as a whole has an empty path."""
    ends: dict[tuple[str, str], Example] = field(default_factory=dict)
    """(end before, end after), of the record as a whole."""

    def as_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "changed": self.changed,
            "rules": [
                {"rule": rule, "event": event, "field": path, **_example(example)}
                for (rule, event, path), example in sorted(self.fields.items())
            ],
            "ends": [
                {"was": was, "is": now, "records": example.records, "example": example.where}
                for (was, now), example in sorted(self.ends.items())
            ],
        }

    def render(self) -> str:
        """For a person: rule by rule."""
        lines = [f"{self.changed} of {self.records} records change"]
        for (was, now), example in sorted(self.ends.items()):
            lines += ["", f"{_records(example)}: {was} -> {now}, e.g. {example.where}"]
        shown = ("", "")
        for (rule, event, path), example in sorted(self.fields.items()):
            if (rule, "") != shown and rule != shown[0]:
                lines += ["", f"rule `{rule}`"]
            if (rule, event) != shown:
                lines.append(f"  {event}")
            shown = (rule, event)
            lines += [f"    {line}" for line in _change(path, example)]
        return "\n".join(lines)


def _example(example: Example) -> dict[str, Any]:
    return {
        "records": example.records,
        "was": example.before,
        "is": example.after,
        "example": example.where,
    }


def _records(example: Example) -> str:
    return "1 record" if example.records == 1 else f"{example.records} records"


def _change(path: str, example: Example) -> Iterator[str]:
    where = f"({_records(example)}, e.g. {example.where})"
    if not path:
        yield f"{'no longer sent' if example.after is ABSENT else 'sent now'}  {where}"
        return
    yield f"{path}: {_value(example.before)} -> {_value(example.after)}  {where}"


def _value(value: Any) -> str:
    return "absent" if value is ABSENT else orjson.dumps(value).decode()


class Differ:
    """Compares two units record by record. Values are masked unless `show_personal`."""

    def __init__(self, old: MappingUnit, new: MappingUnit, *, show_personal: bool = False) -> None:
        self._units = (old, new)
        self._show_personal = show_personal
        self.difference = Difference()

    def compare(
        self,
        name: str,
        record: Record,
        before: Decoded | InvalidRecord,
        after: Decoded | InvalidRecord,
    ) -> None:
        """One record, as the reader schema of either unit has it; `name` says where it stands."""
        difference = self.difference
        difference.records += 1
        old, new = (
            _outcome(unit, record, decoded)
            for unit, decoded in zip(self._units, (before, after), strict=True)
        )
        changes = dict(_changes(_events(old), _events(new)))
        was, now = _end(old), _end(new)
        if not changes and was == now:
            return
        difference.changed += 1
        masker = None if self._show_personal else self._masker(record, before, after)
        if was != now:
            example = difference.ends.setdefault((was, now), Example(where=name))
            example.records += 1
        for key, (value, other) in changes.items():
            known = difference.fields.get(key)
            if known is None:
                known = difference.fields[key] = Example(0, name, value, other)
                if masker is not None:
                    leaf = key[2].rpartition(".")[2]
                    known.before, known.after = (
                        masker.record(one, leaf) if key[2] else one for one in (value, other)
                    )
            known.records += 1

    def _masker(
        self, record: Record, before: Decoded | InvalidRecord, after: Decoded | InvalidRecord
    ) -> Masker:
        """Knows what either mapping takes for personal."""
        found: Masker | None = None
        for unit, decoded in zip(self._units, (before, after), strict=True):
            if isinstance(decoded, InvalidRecord) or decoded.value is None:
                continue
            mapping = unit.mapping_for(record.partition.topic, decoded.type_name)
            if mapping is None:
                continue
            trace = Tracer(mapping).trace(record, decoded.value)
            masker = masker_of(mapping, record, decoded.value, trace)
            found = masker if found is None else found.with_known(masker)
        assert found is not None, "a record that no mapping takes cannot change"
        return found


Keyed = dict[tuple[str, int], Event]
"""Events by endpoint and name, and the how many-th of them it is."""


def _outcome(
    unit: MappingUnit, record: Record, decoded: Decoded | InvalidRecord
) -> Mapped | InvalidRecord:
    if isinstance(decoded, InvalidRecord):
        return decoded
    try:
        return unit.map(record, decoded)
    except InvalidRecord as invalid:
        return invalid


def _events(outcome: Mapped | InvalidRecord) -> Keyed:
    if isinstance(outcome, InvalidRecord):
        return {}
    seen: Counter[str] = Counter()
    keyed = {}
    for event in outcome.events:
        name = f"{event.endpoint} {event.name}"
        keyed[name, seen[name]] = event
        seen[name] += 1
    return keyed


def _end(outcome: Mapped | InvalidRecord) -> str:
    if isinstance(outcome, InvalidRecord):
        return f"dead letter ({outcome.reason})"
    return "sent" if outcome.filtered is None else f"nothing sent ({outcome.filtered})"


Change = tuple[tuple[str, str, str], tuple[Any, Any]]


def _changes(old: Keyed, new: Keyed) -> Iterator[Change]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        name = key[0]
        if before is None or after is None:
            event = before or after
            assert event is not None
            yield (event.rule, name, ""), (before and before.name, after and after.name)
            continue
        was, now = (_flat(event) for event in (before, after))
        for path in dict.fromkeys((*was, *now)):
            if was.get(path) != now.get(path):
                yield (after.rule, name, path), (was.get(path), now.get(path))


def _flat(event: Event) -> dict[str, Any]:
    """The body as path -> value. Elements of lists share one path, without their number."""
    body = orjson.loads(event.body)
    flat: dict[str, list[Any]] = defaultdict(list)
    _flatten(readable(body) if "params" in body else body, "", flat)
    if event.expires_ms >= 0 and event.occurred_ms >= 0:
        flat["(max_age, ms)"] = [event.expires_ms - event.occurred_ms]
        flat["(when_older)"] = [event.when_older]
    if event.state_of is not None:
        flat["(conflate)"] = [True]
    return {path: values if "[]" in path else values[0] for path, values in flat.items()}


def _flatten(value: Any, path: str, flat: dict[str, list[Any]]) -> None:
    if isinstance(value, dict) and value:
        for key, member in value.items():
            _flatten(member, f"{path}.{key}" if path else key, flat)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            _flatten(one, f"{path}[]", flat)
    else:
        flat[path].append(value)
