"""Whether an expression fits a target field: its type, and each value of it that is known already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from consumer.findings import Finding
from consumer.mapping.conversions import mismatch, require, to_text, to_texts
from consumer.mapping.nodes import Call, Choice, Const, Index, Node, TableRef, Template, plain
from consumer.mapping.runtime import text
from consumer.mapping.syntax import Wrong
from consumer.mapping.types import Boolean, Integer, Number, Text, Time
from consumer.vendor.spec import FieldSpec, Kind

_NO_AMOUNT = re.compile(r"[^0-9.]")
_BARE = (
    "give the number itself (`amount(x)` reads it from a text): the currency has its own field, "
    "if any"
)


Doubt = Callable[[Finding], None]
"""Told what is wrong only if conditions let it happen."""


def fitted(spec: FieldSpec, node: Node, what: str, doubt: Doubt) -> Node:
    """The node in the form that the field takes; no known value of it is refused. Raises Wrong."""
    made = _of_kind(spec.kind, node, what)
    if spec.kind is Kind.MONEY:
        _check_money(spec, node, what, doubt)
    as_text = spec.kind in {Kind.TEXT, Kind.CURRENCY, Kind.TEXTS}
    refuse_known(node, lambda value: spec.refusal(text(value) if as_text else value), what, doubt)
    return made


def refuse_known(node: Node, refusal: Callable[[Any], str | None], what: str, doubt: Doubt) -> None:
    """That no value which is known before any record would be refused. Raises Wrong."""
    for one in outcomes(node):
        known = _known(one)
        refused = [(value, problem) for value in known if (problem := refusal(value))]
        if not refused:
            continue
        value, problem = refused[0]
        verb = "is" if isinstance(one, Const) else "may be"
        shown = f'"{value}"' if isinstance(value, str) else str(value)
        message = f"{what} {problem}, and this {verb} `{shown}`"
        wrong = Wrong(one.place, "constant", message, _symbol_remedy(one))
        if from_table(one) and len(refused) < len(known):
            doubt(replace(wrong.finding, severity="warning"))
        else:
            raise wrong


def from_table(node: Node) -> bool:
    """Whether this looks a value up that the file lists: which of them, conditions may say."""
    return isinstance(node, Index) and isinstance(node.of, TableRef)


def _symbol_remedy(node: Node) -> str:
    kind = node.slot.type
    enum = isinstance(kind, Text) and kind.enum
    return "say what each symbol is sent as: `sent[x]`, with `sent` under `tables`" if enum else ""


def outcomes(node: Node) -> Iterator[Node]:
    """The expressions of which one gives the value: both sides of a choice, all of `coalesce`."""
    match plain(node):
        case Choice(then=then, otherwise=otherwise):
            yield from outcomes(then)
            yield from outcomes(otherwise)
        case Call(function=function, arguments=arguments) if function.name == "coalesce":
            for argument in arguments:
                yield from outcomes(argument)
        case other:
            yield other


def known_texts(node: Node) -> Iterator[str]:
    """The texts that an expression can give, as far as they are known."""
    for one in outcomes(node):
        kind = one.slot.type
        yield from (kind.symbols or ()) if isinstance(kind, Text) else ()


def _known(node: Node) -> tuple[str | int | Decimal | bool, ...]:
    if isinstance(node, Const):
        return () if node.value is None else (node.value,)
    return tuple(known_texts(node))


def _of_kind(kind: Kind, node: Node, what: str) -> Node:
    match kind:
        case Kind.TEXT:
            return to_text(node, what)
        case Kind.CURRENCY:
            return require(node, Text, what, "currency")
        case Kind.NUMBER:
            return require(node, (Integer, Number), what, "number")
        case Kind.INTEGER:
            return require(node, Integer, what, "integer")
        case Kind.MONEY:
            return require(node, (Integer, Number, Text), what, "number or money")
        case Kind.FLAG:
            return node if _is_0_or_1(node) else require(node, Boolean, what, "boolean")
        case Kind.MILLIS:
            return require(node, Time, what, "time")
        case Kind.TEXTS:
            return to_texts(node, what)
    raise mismatch(node, what, kind.value)


def _is_0_or_1(node: Node) -> bool:
    """Constant numbers, whose values are looked at later; or a text that can be nothing but "0" or
    "1": ProductUpdate is shown with it, and with a number."""
    kind = node.slot.type
    if isinstance(kind, Integer):
        return all(isinstance(one, Const) for one in outcomes(node))
    known = kind.symbols if isinstance(kind, Text) else None
    return bool(known and {"0", "1"}.issuperset(known))


def _check_money(spec: FieldSpec, node: Node, what: str, doubt: Doubt) -> None:
    """Text with a currency, or around an amount, where the vendor takes an amount alone; and codes
    that are none."""
    bare = spec.refusal("1 USD") is not None
    for one in outcomes(node):
        match one:
            case Call(function=function) if function.name == "money" and bare:
                raise Wrong(one.place, "type", f"{what} takes an amount alone", _BARE)
            case Template(parts=parts) if bare and any(
                isinstance(part, str) and _NO_AMOUNT.search(part) for part in parts
            ):
                raise Wrong(one.place, "type", f"{what} takes an amount alone", _BARE)
            case Call(function=function, arguments=(_, currency)) if function.name == "money":
                refuse_known(currency, lambda code: spec.refusal(f"1 {code}"), what, doubt)
