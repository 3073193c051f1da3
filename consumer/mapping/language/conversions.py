"""Conversions: a value in the form that a function or field takes, or the finding that refuses it."""

from __future__ import annotations

import re

from consumer.documents.findings import Edit, wrapped
from consumer.mapping.language.branches import as_text, as_texts, has_times, read_as
from consumer.mapping.language.nodes import Converted, Node
from consumer.mapping.language.syntax import Wrong
from consumer.mapping.language.types import (
    Array,
    Binary,
    Boolean,
    Date,
    Integer,
    MapOf,
    Mixed,
    Nothing,
    Number,
    Record,
    Slot,
    Text,
    Time,
    Type,
    Union,
    describe,
    is_number,
)


def written(node: Node) -> str:
    """The value as a message refers to it: by its type."""
    return describe(node.slot.type)


def to_text(node: Node, what: str) -> Node:
    """The node as text. `what` names who asks, for the message. Raises Wrong."""
    match node.slot.type:
        case Text() | Nothing():
            return node
        case Integer() | Number():
            return Converted(node, "text", Slot(Text(), node.slot.nullable), node.place)
    text = as_text(node)
    if text is not node:
        return text
    raise mismatch(node, what, "text")


def to_texts(node: Node, what: str) -> Node:
    """The node as a list of texts; a single text becomes a list of one. Raises Wrong."""
    match node.slot.type:
        case Array(item=item):
            texts = Slot(Array(Slot(Text())), node.slot.nullable)
            if isinstance(item.type, Text | Nothing):
                return Converted(node, "present", texts, node.place) if item.nullable else node
            if is_number(item.type):
                return Converted(node, "texts", texts, node.place)
            if isinstance(item.type, Mixed) and not has_times(item.type):
                return Converted(node, "mixed_texts", texts, node.place)
            raise mismatch(node, what, "list of text")
    several = as_texts(node)
    if several is not node:
        return several
    single = to_text(node, what)
    return Converted(single, "one", Slot(Array(Slot(Text())), single.slot.nullable), node.place)


def without_absent(node: Node) -> Node:
    """A list without its absent elements."""
    kind = node.slot.type
    if isinstance(kind, Array) and kind.item.nullable:
        slot = Slot(Array(Slot(kind.item.type)), node.slot.nullable)
        return Converted(node, "present", slot, node.place)
    return node


def require(node: Node, kinds: type[Type] | tuple[type[Type], ...], what: str, wanted: str) -> Node:
    """The node, if its type is one of `kinds` (or null); of a union those branches. Raises Wrong."""
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    read = read_as(node, kinds)
    if read is not node:
        return read
    if not isinstance(node.slot.type, kinds):
        if isinstance(node.slot.type, Nothing):
            return node
        raise mismatch(node, what, wanted)
    return node


def mismatch(node: Node, what: str, wanted: str) -> Wrong:
    """The finding that says what was given, what was wanted, and how to convert."""
    message = f"{what} takes {wanted}, this is {written(node)}"
    remedy = _remedy(node.slot.type, wanted)
    return Wrong(node.place, "type", message, remedy, _conversion(node, wanted, remedy))


_ONE_WAY = re.compile(r"`((?:\"\w+\" if )?(?:\w+\()*)x((?:, \", \"|\)| else \"\w+\"| > 0)*)`")
"""A remedy's first example as (before, after) what it converts."""
_CERTAIN: tuple[tuple[tuple[type[Type], ...], frozenset[str]], ...] = (
    ((Text,), frozenset({"time", "number", "integer", "number or money"})),
    ((Integer, Number), frozenset({"boolean", "integer"})),
    ((Boolean, Time, Date, Binary), frozenset({"text", "list of text"})),
    ((Array,), frozenset({"text", "boolean"})),
    ((Date,), frozenset({"time"})),
)
"""Of which types a program may do what the remedy says. A number's unit, for one, it cannot know."""


def _conversion(node: Node, wanted: str, remedy: str) -> tuple[Edit, ...]:
    for kinds, asked in _CERTAIN:
        if isinstance(node.slot.type, kinds) and wanted in asked:
            way = _ONE_WAY.search(remedy)
            return wrapped(node.place, way[1], way[2]) if way else ()
    return ()


def _remedy(given: Type, wanted: str) -> str:  # noqa: C901  # a table, one line per pair
    match given, wanted:
        case Text(), "time":
            return "ISO 8601 text is read with `time(x)`"
        case Text(), "number" | "number or money":
            return (
                "text is read with `number(x)` (absent if it is none),\n"
                "or `amount(x)` where it holds a currency or spaces"
            )
        case Text(), "integer":
            return "text is read with `integer(x)` (absent if it is none)"
        case Text(), "boolean":
            return 'compare it: `x == "yes"`, or test it: `x != null`'
        case ((Integer() | Number()), "currency"):
            return 'an ISO 4217 code, such as `"UAH"`, or a text that holds one'
        case ((Integer() | Number()), "time"):
            return "a number has no unit: write `millis(x)`, `micros(x)` or `seconds(x)`"
        case ((Integer() | Number()), "boolean"):
            return "compare it: `x > 0`, or test it: `x != null`"
        case Number(), "integer":
            return "write `integer(x)` (absent if it is not whole) or `integer(round(x))`"
        case Boolean(), ("text" | "list of text" | "number"):
            one = ("1", "0") if wanted == "number" else ('"yes"', '"no"')
            return f"write `{one[0]} if x else {one[1]}`"
        case Time(), ("text" | "list of text"):
            return "write `iso(x)`"
        case Date(), ("text" | "list of text"):
            return "write `iso_date(x)`"
        case Date(), "time":
            return "write `midnight(x)`"
        case Binary(), ("text" | "list of text"):
            return "write `utf8(x)`, `hex(x)` or `base64(x)`"
        case Array(), "boolean":
            return "ask how long it is: `length(x) > 0`"
        case Array(), "text":
            return 'write `join(x, ", ")` or `first(x)`'
        case Mixed(), _:
            return "none of its types fits; they are told apart with `is`: `x is text`"
        case Record(fields=fields), _:
            return "choose one of its fields: " + ", ".join(sorted(fields))
        case Union(), _:
            return "tell the records apart with `is`, then choose a field"
        case MapOf(), _:
            return 'choose one of its values: `x["key"]`'
    return ""
