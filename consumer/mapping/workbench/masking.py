"""Personal data replaced by stand-ins of the same shape, so that a mapping can be shown at work.

    olena@example.ua  ->  bcdef@example.com        +380671234567  ->  +380670000001

What is personal: the fields that the mapping's `identity`, `order_by` and `user_agent` read, fields
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
from urllib.parse import quote, unquote

from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.language.nodes import Call, Node, children
from consumer.mapping.language.types import Array, MapOf, Slot, Time, Type, Union
from consumer.mapping.language.types import Record as RecordType
from consumer.mapping.workbench.paths import sources
from consumer.model import Record
from consumer.privacy.detector import bounded, is_long, replaced

_TELLING = frozenset(
    """
    email emailaddress mail useremail contactemail phone phonenumber mobile tel telephone sms
    userphone firstname lastname middlename fullname surname patronymic username login password
    token pushtoken cookie cookies sc visitorid clientid userid customerid contactid contactkey
    externalcustomerid externaluserid userescontactid deviceid sessionid ip ipaddress useragent
    birthday birthdate dateofbirth address street passport keyvalue
    query searchquery searchterm searchtext
    """.split()  # noqa: SIM905  # a list of forty quoted words reads worse
)
"""Names of fields, in lower case without `_` and `-`, that hold personal data by any mapping."""

_DIALLED = re.compile(r"[+(\d][\d +/().-]*")
_INDEX = re.compile(r"\[[^\]]*\]")
_HEX = re.compile(r"[0-9a-fA-F-]{32,}")
_PHONE_DIGITS = range(9, 16)
_KEPT_DIGITS = 7
"""Digits of a phone number that are replaced; country and operator stay, so that it stays valid."""

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
        self._known: dict[str, str] = {}

    def learn(self, values: Iterable[Any]) -> None:
        """Values that were made of personal fields, in whatever form."""
        for value in values:
            if isinstance(value, list):
                self.learn(value)
            elif isinstance(value, str | int) and not isinstance(value, bool):
                self._stand_in(str(value))

    def with_known(self, other: Masker) -> Masker:
        """This masker, which from now on knows what `other` has learnt too."""
        for value in other._known:
            self._stand_in(value)
        self._paths |= other._paths
        return self

    def is_personal(self, path: str) -> bool:
        """Whether the field of the record at this path (`cart.items[].sku`) says who it was."""
        bare = _bare(path)
        name = bare.rpartition(".")[2].lower().replace("_", "").replace("-", "")
        return bare in self._paths or name in _TELLING or bare.startswith(("kafka.key", "kafka.h"))

    def record(self, value: Any, path: str = "") -> Any:
        """A decoded value with its personal parts replaced; the types stay.

        A value without its record has no type: its long numbers are those known from the record.
        """
        kind = self._type if isinstance(value, dict) and not path else None
        return self._masked(value, path, kind, personal=False)

    def kafka(self, record: Record) -> Record:
        """The Kafka record with key and headers replaced."""
        key = self._bytes(record.key)
        headers = [(name, self._bytes(data)) for name, data in record.headers]
        return replace(record, key=key, headers=headers)

    def text(self, text: str) -> str:
        """Any text: what is known to be personal in it, or looks like it, is replaced."""
        if text in self._known:
            return self._known[text]
        for known in sorted(self._known, key=len, reverse=True):
            if len(known) >= _SHORTEST:
                text = _with(text, known, self._known[known])
        return replaced(text, self._found)

    def body(self, value: Any) -> Any:
        """A request body (as JSON reads it)."""
        return self._masked(value, "", None, personal=False)

    def _found(self, part: str) -> str:
        """The stand-in for what looks personal; what is percent-encoded gets that of its meaning."""
        meant = unquote(part)
        stand_in = self._stand_in(meant)
        return stand_in if meant == part else quote(stand_in, safe="")

    def _masked(self, value: Any, path: str, kind: Type | None, *, personal: bool) -> Any:
        personal = personal or (path != "" and self.is_personal(path))
        match value:
            case dict():
                return self._members(value, path, kind, personal=personal)
            case list():
                item = kind.item.type if isinstance(kind, Array) else None
                return [self._masked(one, path, item, personal=personal) for one in value]
            case (str(name), inner):  # a record out of a union
                return name, self._masked(inner, path, _branch(kind, name), personal=personal)
            case str():
                return self._stand_in(value) if personal and value else self.text(value)
            case bytes():
                return bytes(len(value)) if personal or self._is_telling(value) else value
            case int() if not isinstance(value, bool):
                return self._number(value, kind, personal=personal)
        return value

    def _number(self, value: int, kind: Type | None, *, personal: bool) -> int:
        if personal:
            return int(self._stand_in(str(value)))
        if not is_long(value) or isinstance(kind, Time):
            return value
        text = str(value)
        return int(self._stand_in(text) if kind is not None else self._known.get(text, text))

    def _is_telling(self, data: bytes) -> bool:
        """Whether there is text within the bytes that is personal."""
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
        """The key of a map; names of a body's fields may be as short as what somebody has typed."""
        return self.text(key) if len(key) >= _SHORTEST else key

    def _bytes(self, data: bytes | None) -> bytes | None:
        if data is None:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return bytes(len(data))
        return self._stand_in(text).encode()

    def _stand_in(self, value: str) -> str:
        if value not in self._known:
            if value in self._known.values():
                return value
            self._known[value] = _shaped(value, len(self._known) + 1)
        return self._known[value]


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


def _shaped(value: str, number: int) -> str:
    """The stand-in number `number`: another value of the same form."""
    if "@" in value:
        local = value.partition("@")[0]
        return _characters(local, number) + "@example.com"
    digits = sum(character.isdigit() for character in value)
    if digits in _PHONE_DIGITS and _DIALLED.fullmatch(value):
        return _dialled(value, digits, number)
    return _characters(value, number, "abcdef" if _HEX.fullmatch(value) else None)


def _dialled(value: str, digits: int, number: int) -> str:
    """A phone number (or a long number): the last seven digits become those of `number`."""
    new = iter(f"{number:0{_KEPT_DIGITS}d}"[-_KEPT_DIGITS:])
    kept = digits - _KEPT_DIGITS
    out = []
    for character in value:
        kept -= character.isdigit()
        out.append(next(new) if character.isdigit() and kept < 0 else character)
    return "".join(out)


def _characters(value: str, number: int, letters: str | None = None) -> str:
    """Letter for letter and digit for digit, in the same case and script."""
    out = []
    for position, character in enumerate(value):
        at = number + position
        if character.isdigit():
            out.append(str(at % 9 + 1))
        elif character.isalpha():
            alphabet = letters or ("абвгдежзиклмн" if character > "\u0370" else _LATIN)
            letter = alphabet[at % len(alphabet)]
            out.append(letter.upper() if character.isupper() else letter)
        else:
            out.append(character)
    return "".join(out)


_LATIN = "abcdefghijklmnopqrstuvwxyz"
