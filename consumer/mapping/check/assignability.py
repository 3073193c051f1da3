"""Assignability: an expression's type, format and known values against a target field."""

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
"""Takes findings that hold only if conditions let the value come here."""


def fitted(spec: FieldSpec, node: Node, what: str, doubt: Doubt) -> Node:
    """The node in the form that the field takes; no known value of it is refused. Raises Wrong."""
    if spec.kind is Kind.TEXT and isinstance(node.slot.type, Time):
        raise Wrong(node.place, "type", f"{what} takes text, this is time", _time_remedy(spec))
    made = _of_kind(spec.kind, node, what)
    if spec.kind is Kind.MONEY:
        _check_money(spec, node, what, doubt)
    _refuse_formats(spec, node, what)
    as_text = spec.kind in {Kind.TEXT, Kind.CURRENCY, Kind.TEXTS}
    refuse_known(node, lambda value: spec.refusal(text(value) if as_text else value), what, doubt)
    return made


_NOWHERE = Place("", 0, 0)


def taking(kind: Kind) -> Callable[[Type], bool]:
    """Returns a test: true for a type that a field of this kind takes as it is."""

    def takes(given: Type) -> bool:
        try:
            _of_kind(kind, Var("x", Slot(given), _NOWHERE, ("x",)), "")
        except Wrong:
            return False
        return True

    return takes


def refuse_known(node: Node, refusal: Callable[[Any], str | None], what: str, doubt: Doubt) -> None:
    """Check all values that are known before any record. Raises Wrong for one that is refused."""
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


_TIME_TEXTS = (
    ("iso(x)", "2023-11-14T22:13:20.000Z"),
    ('format_time(x, "%Y-%m-%dT%H:%M:%S", "Europe/Kyiv")', "2023-11-15T00:13:20"),
    ('format_time(x, "%Y-%m-%d", "Europe/Kyiv")', "2023-11-15"),
)
"""Expressions that write a time as text, each with an example of the text."""


def _time_remedy(spec: FieldSpec) -> str:
    """The remedy: an expression for a time that the field takes, or an empty text."""
    found = [written for written, looks in _TIME_TEXTS if spec.refusal(looks) is None]
    return f"write `{found[0]}`" if found else ""


def _refuse_formats(spec: FieldSpec, node: Node, what: str) -> None:
    """Refuses a format if the field takes none of its example texts. Raises Wrong."""
    for one in outcomes(node):
        kind = one.slot.type
        if not isinstance(kind, Text) or not kind.like:
            continue
        problems = [spec.refusal(example) for example in kind.like]
        if all(problems):
            message = f"{what} {problems[0]}, and this gives texts such as `{kind.like[0]}`"
            of_time = isinstance(one, Call) and isinstance(one.arguments[0].slot.type, Time)
            raise Wrong(one.place, "format", message, _time_remedy(spec) if of_time else "")


def severity_of(outcome: Node, wrong: int, known: int) -> Severity:
    """Severity of some known values of an outcome being wrong: which of those that a table of the
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
            case Template(parts=parts) if any(not isinstance(part, str) for part in parts):
                pass  # as `money` would make it
            case other if _any_text(other):
                doubt(Finding(other.place, "price-text", _ANY_TEXT.format(what), _READ, "warning"))


_ANY_TEXT = (
    "{} takes a text only where it is an amount such as `201.95`: any other refuses the event"
)
_READ = "read the number of a text: `number(x)`, or `amount(x)` where it holds a currency or spaces"


def _any_text(node: Node) -> bool:
    """A text of which nothing is known."""
    kind = node.slot.type
    return isinstance(kind, Text) and kind.symbols is None and not kind.like
