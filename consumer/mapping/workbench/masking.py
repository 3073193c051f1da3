"""Replaces personal data by stand-ins of the same shape, so that a mapping can be shown at work.

    olena@example.ua  ->  bcdef@example.com        +380671234567  ->  +380670000001

Personal are the fields that the mapping's `identity`, `order_by` and `user_agent` read, fields
of telling names, the Kafka key and headers, and what looks like an e-mail address or phone number
anywhere else. A stand-in depends on the shape of the value and on how many came before it, never on
the value itself: it cannot be turned back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.language.nodes import Call, Node, children
from consumer.mapping.language.types import Array, MapOf, Slot, Time, Type, Union
from consumer.mapping.language.types import Record as RecordType
from consumer.mapping.workbench.paths import sources
from consumer.model import Record
from consumer.privacy.detector import bounded, is_long, replaced
from consumer.privacy.names import is_telling
from consumer.privacy.stand_ins import StandIns

_INDEX = re.compile(r"\[[^\]]*\]")

_SHORTEST = 4
"""Shorter texts are masked where they stand, but not looked for elsewhere (`yes`, `UA`)."""


def personal_paths(mapping: CheckedMapping) -> frozenset[str]:
    """The fields that say who it was, by the mapping's own words."""
    nodes = [*mapping.identity.values(), *(mapping.order_by or ())]
    if mapping.user_agent is not None:
        nodes.append(mapping.user_agent)
    paths = Counter(_bare(path) for node in nodes for path in sources(node))
    paths.subtract(_bare(path) for node in nodes for path in _countries(node))
    return frozenset(path for path, count in paths.items() if count > 0)


def _countries(node: Node) -> Iterator[str]:
    """The fields that only say of which country a phone number is."""
    if isinstance(node, Call) and node.function.name == "phone":
        yield from sources(node.arguments[1])
        return
    for child in children(node):
        yield from _countries(child)


class Masker:
    """Masks one record, and everything that was made of it. Equal values get equal stand-ins."""

    def __init__(self, mapping: CheckedMapping) -> None:
        self._paths = personal_paths(mapping)
        self._type = mapping.record
        self._stand_ins = StandIns()

    def learn(self, values: Iterable[Any]) -> None:
        """Values that were made of personal fields, in whatever form."""
        for value in values:
            if isinstance(value, list):
                self.learn(value)
            elif isinstance(value, str | int) and not isinstance(value, bool):
                self._stand_ins.of(str(value))

    def with_known(self, other: Masker) -> Masker:
        """This masker, which from now on knows what `other` has learnt too."""
        for value in other._stand_ins:
            self._stand_ins.of(value)
        self._paths |= other._paths
        return self

    def is_personal(self, path: str, value: Any = "") -> bool:
        """True if the field of the record at this path (`cart.items[].sku`) says who it was."""
        bare = _bare(path)
        return (
            bare in self._paths
            or is_telling(bare.rpartition(".")[2], value)
            or bare.startswith(("kafka.key", "kafka.h"))
        )

    def record(self, value: Any, path: str = "") -> Any:
        """A decoded value with its personal parts replaced; the types stay.

        A value without its record has no type: its long numbers are those known from the record.
        """
        kind = self._type if isinstance(value, dict) and not path else None
        return self._masked(value, path, kind, personal=False)

    def kafka(self, record: Record) -> Record:
        """The Kafka record with key and headers replaced, and names of headers that look personal."""
        key = self._bytes(record.key)
        headers = [(self._key(name), self._bytes(data)) for name, data in record.headers]
        return replace(record, key=key, headers=headers)

    def text(self, text: str) -> str:
        """Any text: parts that are known to be personal, or look like it, are replaced."""
        if (whole := self._stand_ins.get(text)) is not None:
            return whole
        for known in sorted(self._stand_ins, key=len, reverse=True):
            if len(known) >= _SHORTEST:
                text = _with(text, known, self._stand_ins.of(known))
        return replaced(text, self._stand_ins.of_part)

    def body(self, value: Any) -> Any:
        """A request body (as JSON reads it)."""
        return self._masked(value, "", None, personal=False)

    def _masked(self, value: Any, path: str, kind: Type | None, *, personal: bool) -> Any:
        personal = personal or (path != "" and self.is_personal(path, value))
        match value:
            case dict():
                return self._members(value, path, kind, personal=personal)
            case list():
                item = kind.item.type if isinstance(kind, Array) else None
                return [self._masked(one, path, item, personal=personal) for one in value]
            case (str(name), inner):  # a record out of a union
                return name, self._masked(inner, path, _branch(kind, name), personal=personal)
            case str():
                return self._stand_ins.of(value) if personal and value else self.text(value)
            case bytes():
                return bytes(len(value)) if personal or self._is_telling(value) else value
            case int() if not isinstance(value, bool):
                return self._number(value, kind, personal=personal)
        return value

    def _number(self, value: int, kind: Type | None, *, personal: bool) -> int:
        if personal:
            return int(self._stand_ins.of(str(value)))
        if not is_long(value) or isinstance(kind, Time):
            return value
        text = str(value)
        known = self._stand_ins.of(text) if kind is not None else self._stand_ins.get(text)
        return int(known or text)

    def _is_telling(self, data: bytes) -> bool:
        """True if there is text within the bytes that is personal."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        return self.text(text) != text

    def _members(
        self, value: dict[str, Any], path: str, kind: Type | None, *, personal: bool
    ) -> dict[str, Any]:
        # A v2 parameter names itself: {"name": "email", "value": "..."}.
        own = value.get("name")
        named = set(value) == {"name", "value"} and isinstance(own, str) and self.is_personal(own)
        return {
            key if isinstance(kind, RecordType) else self._key(key): self._masked(
                member,
                f"{path}.{key}" if path else key,
                _member(kind, key),
                personal=personal or (named and key == "value"),
            )
            for key, member in value.items()
        }

    def _key(self, key: str) -> str:
        """The key of a map; names of a body's fields may be as short as a search word."""
        return self.text(key) if len(key) >= _SHORTEST else key

    def _bytes(self, data: bytes | None) -> bytes | None:
        if data is None:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return bytes(len(data))
        return self._stand_ins.of(text).encode()


def _bare(path: str) -> str:
    """Without indices and union branches: `cart.items.sku`."""
    return re.sub(r"<[^>]*>", "", _INDEX.sub("", path))


def _branch(kind: Type | None, name: str) -> Type | None:
    """The record of a union that has this name."""
    records = kind.records if isinstance(kind, Union) else ()
    return next((record for record in records if record.name == name), None)


def _member(kind: Type | None, key: str) -> Type | None:
    """The type of a field of a record, or of a map's values."""
    slot: Slot | None = None
    if isinstance(kind, RecordType):
        slot = kind.fields.get(key)
    elif isinstance(kind, MapOf):
        slot = kind.value
    return slot.type if slot is not None else None


def _with(text: str, known: str, stand_in: str) -> str:
    """The text with the stand-in for what is known, as it is written and as a URL writes it."""
    forms = {known: stand_in, quote(known, safe=""): quote(stand_in, safe="")}
    for form, new in forms.items():
        if form in text:
            text = re.sub(bounded(form), new.replace("\\", r"\\"), text)
    return text
