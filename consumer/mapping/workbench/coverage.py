"""`mapping coverage`: the parts of record, contract and rules that a mapping leaves unused."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consumer.mapping.check.checked import CheckedMapping, CheckedSend
from consumer.mapping.check.expressions import expressions
from consumer.mapping.check.targets import fillings
from consumer.mapping.language.types import Array, MapOf, Record, Slot, Union, short
from consumer.mapping.workbench.paths import names_in, sources
from consumer.yespo.catalogue import EVENTS
from consumer.yespo.spec import FieldSpec, Free

_WIDTH = 92
_NO_BREAK = "\N{NO-BREAK SPACE}"
_INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Coverage:
    """The parts that one mapping file leaves out. `untested` are rules that no case has reached."""

    file: str
    fields: int
    unread: tuple[str, ...]
    """Fields of the record that nothing reads."""
    unfilled: Mapping[str, tuple[str, ...]]
    """By event that the mapping makes, its documented fields that no send of it fills."""
    unsent: tuple[str, ...]
    """Documented events that the mapping never makes."""
    rules: int
    untested: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "mapping": self.file,
            "fields": self.fields,
            "never_read": list(self.unread),
            "never_filled": {event: list(fields) for event, fields in self.unfilled.items()},
            "never_sent": list(self.unsent),
            "rules": self.rules,
            "never_tested": list(self.untested),
        }

    def render(self) -> str:
        """For a person: each list under its heading."""
        lines = [self.file]
        read = self.fields - len(self.unread)
        lines += _list(
            f"  {read} of {self.fields} fields of the record are read; not:", self.unread
        )
        for event, fields in self.unfilled.items():
            lines += _list(f"  {event}: never filled", fields)
        lines += _list("  events of Yespo that are never sent", self.unsent)
        tested = self.rules - len(self.untested)
        lines += _list(f"  {tested} of {self.rules} rules are tested; not:", self.untested)
        return "\n".join(lines)


def _list(heading: str, names: Sequence[str]) -> list[str]:
    if not names:
        return [heading.removesuffix("; not:")] if heading.endswith("; not:") else []
    kept = ", ".join(name.replace(" ", _NO_BREAK) for name in names)
    shown = textwrap.wrap(kept, _WIDTH, break_long_words=False)
    return [heading, *(f"    {line.replace(_NO_BREAK, ' ')}" for line in shown)]


def coverage(mapping: CheckedMapping, untested: Iterable[str]) -> Coverage:
    """`untested` are the names of the rules that no case has reached."""
    read = {
        _INDEX.sub("", path)
        for one in expressions(mapping)
        for path in sources(one.node, names_in(one.bound))
    }
    fields = tuple(dict.fromkeys(_leaves(mapping.record, "", frozenset())))
    sends = [send for rule in mapping.rules for send in rule.sends]
    made = {(side.spec.api, side.spec.name) for send in sends for side in send.sides}
    return Coverage(
        file=mapping.file,
        fields=len(fields),
        unread=tuple(path for path in fields if path not in read),
        unfilled=_unfilled(sends),
        unsent=tuple(
            f"{api} {name}"
            for api, name in EVENTS
            if api != "past_events" and (api, name) not in made
        ),
        rules=len(mapping.rules),
        untested=tuple(untested),
    )


def _leaves(record: Record, path: str, inside: frozenset[str]) -> Iterator[str]:
    """The fields that are no records themselves; a record inside itself is shown once."""
    for name, slot in record.fields.items():
        where = f"{path}.{name}" if path else name
        yield from _leaves_of(slot, where, inside | {record.name})


def _leaves_of(slot: Slot, path: str, inside: frozenset[str]) -> Iterator[str]:
    kind = slot.type
    match kind:
        case Array(item=item):
            yield from _leaves_of(item, path, inside)
        case MapOf(value=Slot(type=Record() | Union())):
            yield from _leaves_of(kind.value, path, inside)
        case Record(name=name) if name not in inside:
            yield from _leaves(kind, path, inside)
        case Union(records=records):
            for record in records:
                if record.name not in inside:
                    yield from _leaves(record, f"{path}<{short(record.name)}>", inside)
        case _:
            yield path


def _unfilled(sends: Sequence[CheckedSend]) -> dict[str, tuple[str, ...]]:
    """By event, its documented fields that no send fills; a `both` in its neutral words."""
    known: dict[str, dict[str, None]] = {}
    filled: dict[str, set[str]] = {}
    for send in sends:
        spec = send.sides[0].spec
        name = f"both {send.shared.name}" if send.shared else f"{spec.api} {spec.name}"
        specs = send.shared.fields if send.shared else spec.fields
        known.setdefault(name, dict.fromkeys(_documented(specs, "")))
        done = filled.setdefault(name, set())
        done.update(one.path.replace("[]", "") for one in fillings(send.values))
        if any(side.tags for side in send.sides):
            done.update(("Tags", "tags"))
    missing = {
        name: tuple(field for field in fields if field not in filled[name])
        for name, fields in known.items()
    }
    return {name: fields for name, fields in missing.items() if fields}


def _documented(specs: Sequence[FieldSpec], path: str) -> Iterator[str]:
    for spec in specs:
        where = f"{path}.{spec.name}" if path else spec.name
        if not spec.fields or spec.free is Free.TAGS:
            yield where
        else:
            yield from _documented(spec.fields, where)
