"""Conditions that were probably meant: lists written as `or`, tests for null, other constants."""

from __future__ import annotations

import ast
import re
from decimal import Decimal

from consumer.documents.findings import Edit, Place, replaced
from consumer.mapping.language.context import Context
from consumer.mapping.language.conversions import mismatch
from consumer.mapping.language.names import UNNAMED, path_text
from consumer.mapping.language.nodes import Const, Node
from consumer.mapping.language.syntax import Wrong
from consumer.mapping.language.types import (
    Array,
    Boolean,
    Nothing,
    Text,
    describe,
    is_number,
)

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TRUTHS = {
    "true": "true",
    "yes": "true",
    "1": "true",
    "false": "false",
    "no": "false",
    "0": "false",
}


def listed(inference: Context, tree: ast.BoolOp, number: int) -> Wrong | None:
    """`x == "a" or "b"` as `x in ["a", "b"]`; None where the parts are nothing of the kind."""
    every = isinstance(tree.op, ast.And)
    compared = tree.values[number - 1] if number else None
    if not isinstance(compared, ast.Compare) or len(compared.ops) != 1:
        return None
    if not isinstance(compared.ops[0], ast.NotEq if every else ast.Eq):
        return None
    constants = [compared.comparators[0]]
    for value in tree.values[number:]:
        if not isinstance(value, ast.Constant):
            break
        constants.append(value)
    if len(constants) < 2 or not isinstance(constants[0], ast.Constant):
        return None
    nodes = [inference.of(constant) for constant in constants]
    elements = ", ".join(_constant(node) for node in nodes)
    word = "not in" if every else "in"
    path = path_text(inference.of(compared.left))
    shown = "x" if UNNAMED in path or "(...)" in path else path
    left, last = inference.place(compared.left), nodes[-1].place
    place = Place(left.file, left.line, left.end, last.end)
    edits = replaced(place, f" {word} [{elements}]") if left.end > left.column else ()
    message = f"`{'and' if every else 'or'}` stands between conditions, this is a value"
    return Wrong(nodes[1].place, "or-value", message, f"write `{shown} {word} [{elements}]`", edits)


def _constant(node: Node) -> str:
    value = node.value if isinstance(node, Const) else None
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    return str(value)


def no_condition(part: Node, word: str) -> Wrong:
    """The finding for a value between `and`, `or`."""
    wrong = mismatch(part, f"`{word}`", "boolean")
    if word != "or":
        return wrong
    remedy = 'for a value that may be absent write `coalesce(a, b)`: 0 and "" are values'
    return Wrong(part.place, "or-value", wrong.finding.message, remedy)


def null_test(inference: Context, tree: ast.Compare, is_not: bool) -> Wrong:
    """`x is not null` as `x != null`."""
    left, whole = inference.place(tree.left), inference.place(tree)
    word = "!=" if is_not else "=="
    rest = Place(left.file, left.line, left.end, whole.end)
    edits = replaced(rest, f" {word} null") if left.end > left.column and len(tree.ops) == 1 else ()
    message = f"an absent value is asked for with `{word} null`, not with `is`"
    return Wrong(whole, "not-a-union", message, f"write `x {word} null`", edits)


def comparable_as(left: Node, word: str, right: Node, message: str) -> Wrong | None:
    """The finding for a comparison that can be written another way; None where it cannot."""
    for one, other in ((left, right), (right, left)):
        kind, value = one.slot.type, other.value if isinstance(other, Const) else None
        if isinstance(kind, Array) and isinstance(other.slot.type, Array):
            return _emptiness(left, word, right, message)
        if isinstance(kind, Boolean) and isinstance(value, str | int | Decimal):
            truth = _TRUTHS.get(str(value).lower())
            if truth is not None and not isinstance(value, bool):
                edits = replaced(other.place, truth)
                return Wrong(left.place, "type", message, f"write `x {word} {truth}`", edits)
        if is_number(kind) and isinstance(value, str) and _NUMBER.fullmatch(value):
            edits = replaced(other.place, value)
            return Wrong(left.place, "type", message, f"write `x {word} {value}`", edits)
        if isinstance(kind, Text) and not kind.enum and _is_number(value) and word in {"==", "!="}:
            remedy = f'a text is compared with a text: `x {word} "{value}"`'
            edits = replaced(other.place, f'"{value}"')
            return Wrong(left.place, "type", message, remedy, edits)
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _emptiness(left: Node, word: str, right: Node, message: str) -> Wrong | None:
    """`lines != []` as `length(lines) > 0`."""
    kind = right.slot.type
    empty = isinstance(kind, Array) and isinstance(kind.item.type, Nothing)
    if not empty or word not in {"==", "!="}:
        return None
    asked = "== 0" if word == "==" else "> 0"
    edits: tuple[Edit, ...] = ()
    if left.place.end > left.place.column and right.place.end > left.place.end:
        begin = Place(left.place.file, left.place.line, left.place.column, left.place.column)
        rest = Place(left.place.file, left.place.line, left.place.end, right.place.end)
        edits = (Edit(begin, "length(", expression=True), Edit(rest, f") {asked}", expression=True))
    message = f"lists are not compared ({describe(left.slot.type)})"
    return Wrong(left.place, "type", message, f"write `length(x) {asked}`", edits)
