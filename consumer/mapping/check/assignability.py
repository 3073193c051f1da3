"""Whether an expression fits a target field: its type, and each value of it that is known already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from consumer.documents.findings import Finding, Place, Severity
from consumer.mapping.language.branches import NUMBERS, read_as
from consumer.mapping.language.conversions import mismatch, require, to_text, to_texts
from consumer.mapping.language.nodes import (
    Call,
    Choice,
    Const,
    Index,
    Node,
    TableRef,
    Template,
    Var,
    plain,
)
from consumer.mapping.language.runtime import text
from consumer.mapping.language.syntax import Wrong
from consumer.mapping.language.types import Boolean, Integer, Number, Slot, Text, Time, Type
from consumer.yespo.spec import FieldSpec, Kind

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


_NOWHERE = Place("", 0, 0)


def taking(kind: Kind) -> Callable[[Type], bool]:
    """Which types a field of this kind takes as they are."""

    def takes(given: Type) -> bool:
        try:
            _of_kind(kind, Var("x", Slot(given), _NOWHERE, ("x",)), "")
        except Wrong:
            return False
        return True

    return takes


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
        if severity_of(one, len(refused), len(known)) == "error":
            raise wrong
        doubt(replace(wrong.finding, severity="warning"))


def severity_of(outcome: Node, wrong: int, known: int) -> Severity:
    """How bad it is that some of an outcome's known values are wrong: which of those that a table of the
    file lists come here, conditions may say."""
    listed = isinstance(outcome, Index) and isinstance(outcome.of, TableRef)
    return "warning" if listed and wrong < known else "error"


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


def known_texts(outcome: Node) -> tuple[str, ...]:
    """The texts that an outcome can be; empty where they are not known."""
    kind = outcome.slot.type
    return (kind.symbols or ()) if isinstance(kind, Text) else ()


def _known(outcome: Node) -> tuple[str | int | Decimal | bool, ...]:
    if isinstance(outcome, Const):
        return () if outcome.value is None else (outcome.value,)
    return known_texts(outcome)


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
            return require(read_as(node, NUMBERS), (*NUMBERS, Text), what, "number or money")
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
    if isinstance(node.slot.type, Integer):
        return all(isinstance(one, Const) for one in outcomes(node))
    known = known_texts(node)
    return bool(known) and {"0", "1"}.issuperset(known)


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
