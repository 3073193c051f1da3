"""Types of comparisons, logic and arithmetic."""

from __future__ import annotations

import ast
from decimal import Decimal
from typing import Literal

from consumer.documents.findings import Place, did_you_mean, nearest, renamed, replaced
from consumer.mapping.language.branches import NUMBERS, raw, read_alike, read_as, read_like
from consumer.mapping.language.context import Context
from consumer.mapping.language.conversions import mismatch, to_texts
from consumer.mapping.language.facts import when_false, when_true
from consumer.mapping.language.foreign import pipe
from consumer.mapping.language.meant import (
    comparable_as,
    listed,
    no_condition,
    null_test,
)
from consumer.mapping.language.nodes import (
    Arithmetic,
    BranchTest,
    Compare,
    Const,
    Listed,
    Logic,
    Node,
    Not,
    NullTest,
)
from consumer.mapping.language.syntax import Wrong, attribute_path, each
from consumer.mapping.language.types import (
    Array,
    Boolean,
    Date,
    Integer,
    MapOf,
    Mixed,
    Nothing,
    Number,
    Slot,
    Text,
    Time,
    Type,
    Union,
    describe,
    is_number,
    short,
)
from consumer.mapping.language.unions import branch_names, branch_of, is_certain

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
UNPROVEN = frozenset({"nullable", "union"})
"""Codes of findings that say what a condition has not proven: of one that is wrong, nothing is known."""
_TRUTH = Slot(Boolean())
_COMPARISONS: dict[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: dict[type[ast.operator], Literal["+", "-", "*", "/", "//", "%"]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}


def condition(node: Node, what: str) -> Node:
    """The node, if it is a condition. Raises Wrong."""
    node = read_as(node, (Boolean,))
    if not isinstance(node.slot.type, Boolean | Nothing):
        raise mismatch(node, what, "boolean")
    return node


def both(left: Node, right: Node) -> Node:
    return Logic(True, (left, right), _TRUTH, left.place)


def infer_logic(inference: Context, tree: ast.BoolOp) -> Node:
    """`and` / `or`: each part may rely on what the parts before it prove."""
    every = isinstance(tree.op, ast.And)
    word = "and" if every else "or"
    parts: list[Node] = []
    wrong: Wrong | None = None
    scope = inference.scope
    for number, value in enumerate(tree.values):
        try:
            part = read_as(inference.within(scope).of(value), (Boolean,))
            if not isinstance(part.slot.type, Boolean | Nothing):
                if found := listed(inference, tree, number):
                    raise found
                raise no_condition(part, word)
        except Wrong as another:
            if wrong is None:
                wrong = another
            elif another.finding.code not in UNPROVEN and "or-value" not in {
                one.code for one in (wrong.finding, *wrong.also)
            }:
                wrong.also += another.findings
            continue
        parts.append(part)
        scope = scope.knowing(when_true(part) if every else when_false(part))
    if wrong is not None:
        raise wrong
    return Logic(every, tuple(parts), _TRUTH, inference.place(tree))


def infer_unary(inference: Context, tree: ast.UnaryOp) -> Node:
    of = inference.of(tree.operand)
    if isinstance(tree.op, ast.USub):
        of = read_as(of, NUMBERS)
    place = inference.place(tree)
    match tree.op:
        case ast.Not():
            return Not(condition(of, "`not`"), _TRUTH, place)
        case ast.USub() if isinstance(of, Const) and isinstance(of.value, int | Decimal):
            return Const(-of.value, of.slot, place)
        case ast.USub() if is_number(of.slot.type):
            return Arithmetic(Const(0, Slot(Integer()), place), "-", of, _sum_slot(of, of), place)
        case ast.USub():
            raise mismatch(of, "`-`", "number")
    raise Wrong(place, "not-allowed", "`+x` and `~x` have no meaning here")


def infer_arithmetic(inference: Context, tree: ast.BinOp) -> Node:
    place = inference.place(tree)
    operator = _ARITHMETIC.get(type(tree.op))
    if operator is None:
        if wrong := pipe(inference, tree):
            raise wrong
        remedy = "the operators are `+ - * / // %`"
        raise Wrong(place, "not-allowed", "this operator is not part of the language", remedy)
    left, right = (read_as(side, NUMBERS) for side in each((tree.left, tree.right), inference.of))
    for side in (left, right):
        if isinstance(side.slot.type, Text) and operator == "+":
            remedy = 'write an f-string: f"{a} {b}"'
            raise Wrong(side.place, "type", "`+` adds numbers, this is text", remedy)
        if not is_number(side.slot.type):
            raise mismatch(side, f"`{operator}`", "number")
    slot = _sum_slot(left, right)
    if operator == "/":
        slot = Slot(Number(), slot.nullable)
    if operator in "//%" and not (isinstance(right, Const) and right.value):
        slot = Slot(slot.type, nullable=True)
    return Arithmetic(left, operator, right, slot, place)


def _sum_slot(left: Node, right: Node) -> Slot:
    whole = isinstance(left.slot.type, Integer) and isinstance(right.slot.type, Integer)
    return Slot(Integer() if whole else Number(), left.slot.nullable or right.slot.nullable)


def infer_compare(inference: Context, tree: ast.Compare) -> Node:
    """A comparison, or a chain of them (`0 < x < 5`: every link must hold)."""
    links: list[Node] = []
    left_tree = tree.left
    current = inference
    for operator, right_tree in zip(tree.ops, tree.comparators, strict=True):
        link = _link(current, tree, left_tree, operator, right_tree)
        links.append(link)
        current = current.within(current.scope.knowing(when_true(link)))
        left_tree = right_tree
    return links[0] if len(links) == 1 else Logic(True, tuple(links), _TRUTH, inference.place(tree))


def _link(
    inference: Context,
    tree: ast.Compare,
    left_tree: ast.expr,
    operator: ast.cmpop,
    right_tree: ast.expr,
) -> Node:
    place = inference.place(tree)
    if isinstance(operator, ast.Is | ast.IsNot):
        return _branch_test(inference, tree, left_tree, isinstance(operator, ast.IsNot), right_tree)
    left, right = each((left_tree, right_tree), inference.of)
    word = _COMPARISONS[type(operator)]
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const) and one.value is None:
            if word not in {"==", "!="}:
                raise Wrong(place, "type", f"`{word}` cannot be asked of null", "use `== null`")
            return NullTest(other, word == "!=", _TRUTH, place)
    if word in {"in", "not in"}:
        return _membership(left, word, right, place)
    left, right = read_alike((left, right))
    a, b = left.slot.type, right.slot.type
    _check_comparable(left, word, right)
    binary = Number(binary=True) in {a, b}
    ordered_decimals = word not in {"==", "!="} and Number() in {a, b}
    return Compare(left, word, right, binary or ordered_decimals, _TRUTH, place)


def _check_comparable(left: Node, word: str, right: Node) -> None:
    a, b = left.slot.type, right.slot.type
    if is_number(a) and is_number(b):
        return
    if type(a) is type(b) and isinstance(a, Time | Date):
        return
    if type(a) is type(b) and isinstance(a, Text | Boolean) and word in {"==", "!="}:
        _check_symbols(left, right)
        _check_symbols(right, left)
        return
    message = f"{describe(a)} `{word}` {describe(b)} is never true"
    remedy = ""
    if found := comparable_as(left, word, right, message):
        raise found
    if type(a) is type(b) and isinstance(a, Text):
        message, remedy = f"`{word}` compares numbers and times", "write `number(x)` or `time(x)`"
    elif {type(a), type(b)} <= {Text, Integer, Number}:
        remedy = "a text is read with `number(x)`; a text constant stands in quotes"
    elif Time in {type(a), type(b)}:
        remedy = 'a time is compared with a time: `time("2026-01-31")`, `millis(x)`'
    elif isinstance(a, Union) or isinstance(b, Union):
        remedy = "records of a union are told apart with `is`"
    elif isinstance(a, Mixed) or isinstance(b, Mixed):
        remedy = "the types of a union are told apart with `is`: `x is text`"
    raise Wrong(left.place, "type", message, remedy)


def _check_symbols(known: Node, other: Node) -> None:
    """An enum compared with a text that is none of its symbols is a typo."""
    kind, given = known.slot.type, other.slot.type
    if not (isinstance(kind, Text) and kind.enum and kind.symbols and isinstance(given, Text)):
        return
    for symbol in given.symbols or ():
        if symbol not in kind.symbols:
            message = f'`"{symbol}"` is not a symbol of the enum `{short(kind.enum)}`'
            remedy = f"it has: {', '.join(kind.symbols)}"
            near = did_you_mean(symbol, kind.symbols)
            if near.startswith("did"):
                remedy += f"\n{near}"
            meant = nearest(symbol, kind.symbols) if isinstance(other, Const) else None
            edits = replaced(other.place, f'"{meant}"') if meant else ()
            raise Wrong(other.place, "enum-symbol", message, remedy, edits)


def _membership(left: Node, word: Operator, right: Node, place: Place) -> Node:
    right = read_as(read_as(right, (Array,)), (MapOf,))
    kind = right.slot.type
    if isinstance(kind, Array) and isinstance(kind.item.type, Mixed):
        right = to_texts(right, "`in`")
        kind = right.slot.type
    if isinstance(kind, Text):
        raise Wrong(right.place, "type", "`in` looks in lists", "write `contains(text, part)`")
    if isinstance(kind, MapOf):
        element: Type = Text()
    elif isinstance(kind, Array):
        element = kind.item.type
    else:
        raise mismatch(right, "`in`", "list or map")
    left = read_like(left, element)
    if isinstance(right, Listed):
        for each in right.elements:
            _check_comparable(left, "==", each)
    elif not isinstance(element, Nothing):
        comparable = is_number(element) and is_number(left.slot.type)
        if not comparable and type(element) is not type(left.slot.type):
            message = f"{describe(left.slot.type)} is never in a {describe(kind)}"
            raise Wrong(left.place, "type", message)
    exact = Number(binary=True) in {left.slot.type, element}
    return Compare(left, word, right, exact, _TRUTH, place)


def _branch_test(
    inference: Context, tree: ast.Compare, left_tree: ast.expr, is_not: bool, right: ast.expr
) -> Node:
    of = raw(inference.of(left_tree))
    union = of.slot.type
    right_place = inference.place(right)
    if isinstance(right, ast.Name) and right.id.lower() in {"null", "none"}:
        raise null_test(inference, tree, is_not)
    if isinstance(right, ast.Constant) and right.value is None:
        raise null_test(inference, tree, is_not)
    if not isinstance(union, Union | Mixed):
        remedy = "use `==`; for absent values `== null`"
        message = f"`is` tells the types of a union apart, this is {describe(union)}"
        raise Wrong(of.place, "not-a-union", message, remedy)
    if isinstance(right, ast.Constant) and isinstance(right.value, str):
        remedy = "the name of a record stands without quotes"
        edits = replaced(right_place, right.value)
        message = f"`is` takes the name of a record, not the text `{right.value}`"
        raise Wrong(right_place, "unknown-branch", message, remedy, edits)
    name = ".".join(reversed(list(attribute_path(right))))
    names = branch_names(union)
    found = [one for one in names if name in {one, short(one)}]
    if len(found) != 1:
        known = [short(one) for one in names]
        message = f"`{name}` is none of the types of this union"
        edits = renamed(right_place, name, known)
        raise Wrong(right_place, "unknown-branch", message, did_you_mean(name, known), edits)
    if isinstance(union, Mixed) and not is_certain(union, branch_of(union, found[0])):
        message = f"`{short(found[0])}` looks like another type of this union: {describe(union)}"
        raise Wrong(right_place, "unknown-branch", message, "values of both are read as the same")
    return BranchTest(of, (found[0],), is_not, _TRUTH, inference.place(tree))
