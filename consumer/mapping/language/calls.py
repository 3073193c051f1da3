"""Types of function calls: arguments against the signature, and the result."""

from __future__ import annotations

import ast

from consumer.documents.findings import replaced
from consumer.mapping.language.branches import has_times, read_alike, read_as
from consumer.mapping.language.context import Context
from consumer.mapping.language.conversions import (
    mismatch,
    require,
    to_text,
    to_texts,
    without_absent,
)
from consumer.mapping.language.foreign import method, superfluous, unknown_function
from consumer.mapping.language.functions import Function, Parameter, result_type
from consumer.mapping.language.nodes import Call, Const, Node
from consumer.mapping.language.syntax import Wrong, each
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
    describe,
    joined,
)

_SIMPLE: dict[str, tuple[type[Type], ...]] = {
    "integer": (Integer,),
    "number": (Integer, Number),
    "boolean": (Boolean,),
    "time": (Time,),
    "date": (Date,),
    "bytes": (Binary,),
}


def infer_call(inference: Context, tree: ast.Call) -> Node:
    """A call of a library function. Raises Wrong."""
    place = inference.place(tree)
    if isinstance(tree.func, ast.Attribute):
        raise method(inference, tree, tree.func)
    if not isinstance(tree.func, ast.Name):
        remedy = "use a function of the library: `lower(x)`"
        raise Wrong(place, "not-allowed", "only library functions can be called", remedy)
    name = tree.func.id
    function = inference.scope.library.by_name.get(name)
    if function is None:
        raise unknown_function(inference, tree, name)
    if tree.keywords:
        raise Wrong(place, "arguments", "arguments have no names", f"write `{function.signature}`")
    given = _spread(inference, function, each(tree.args, inference.of))
    _check_count(function, given, tree, inference)
    try:
        fitted, variable = _fit_all(function, given)
    except Wrong as wrong:
        raise _better(inference, tree, function, given, wrong) from None
    if function.check:
        constants = [node.value if isinstance(node, Const) else None for node in fitted]
        if problem := function.check(constants):
            raise Wrong(place, "arguments", f"`{name}`: {problem}")
    return Call(function, tuple(fitted), _result(function, fitted, variable), place)


def _spread(inference: Context, function: Function, given: list[Node]) -> list[Node]:
    """The members of a record that stands for all arguments."""
    if not function.members or len(given) != 1 or not isinstance(given[0].slot.type, Record):
        return given
    return [inference.member(given[0], name, given[0].place) for name in function.members]


_RESULTS: dict[str, tuple[type[Type], ...]] = {
    "number": (Integer, Number),
    "integer": (Integer,),
    "time": (Time,),
}
"""The types that conversions of one argument give: a value of that type needs none."""


def _better(
    inference: Context, tree: ast.Call, function: Function, given: list[Node], wrong: Wrong
) -> Wrong:
    """A finding that says more than that the types differ, where more is known."""
    kind = given[0].slot.type if given else None
    converts = _RESULTS.get(function.result.rstrip("?"), ()) if len(given) == 1 else ()
    if isinstance(kind, converts) and not function.parameters[0].shape.startswith("["):
        return superfluous(inference, tree, describe(kind))
    other = {("length", Text): "size", ("size", Array): "length"}.get((function.name, type(kind)))
    if other is not None:
        signature = inference.scope.library.by_name[other].signature
        remedy = f"write `{other}(x)`: `{signature}`"
        edits = replaced(inference.place(tree.func), other)
        return Wrong(wrong.finding.place, "type", wrong.finding.message, remedy, edits)
    return wrong


def _check_count(function: Function, given: list[Node], tree: ast.Call, inference: Context) -> None:
    too_few = len(given) < function.required
    too_many = bool(given) and function.parameter(len(given) - 1) is None
    if too_few or too_many:
        message = f"`{function.name}` is given {len(given)} arguments"
        remedy = f"write `{function.signature}`"
        raise Wrong(inference.place(tree), "arguments", message, remedy)


def _fit_all(function: Function, given: list[Node]) -> tuple[list[Node], Slot | None]:
    fitted: list[Node] = []
    variable: Slot | None = None
    for position, node in enumerate(_alike(function, given)):
        parameter = function.parameter(position)
        assert parameter is not None
        node = _fit(function, parameter, node)  # noqa: PLW2901  # the same argument, fitted
        fitted.append(node)
        mine = _variable(parameter.shape, node.slot)
        if mine is None:
            continue
        both = mine if variable is None else joined(variable, mine)
        if both is None:
            assert variable is not None
            one, other = describe(variable.type), describe(mine.type)
            message = f"`{function.name}` takes values of one type, not {one} and {other}"
            raise Wrong(node.place, "type", message)
        variable = both
        if function.only and not isinstance(variable.type, (*function.only, Nothing)):
            message = f"`{function.name}` cannot order values of type {describe(variable.type)}"
            raise Wrong(node.place, "type", message)
    return fitted, variable


def _alike(function: Function, given: list[Node]) -> list[Node]:
    """The arguments, of which unions that stand for `T` are read like the others that do."""
    shapes = [
        parameter.shape if (parameter := function.parameter(n)) else "" for n in range(len(given))
    ]
    alike = iter(
        read_alike([node for node, shape in zip(given, shapes, strict=True) if shape == "T"])
    )
    return [
        next(alike) if shape == "T" else node for node, shape in zip(given, shapes, strict=True)
    ]


def _variable(shape: str, slot: Slot) -> Slot | None:
    """The type that `T` stands for, judging by an argument of this shape."""
    if shape == "T":
        return slot
    kind = slot.type
    if shape == "[T]" and isinstance(kind, Array):
        return Slot(kind.item.type)
    if shape == "{T}" and isinstance(kind, MapOf):
        return Slot(kind.value.type)
    return None


def _fit(function: Function, parameter: Parameter, node: Node) -> Node:
    what = f"`{function.name}`"
    shape = parameter.shape
    if shape == "text":
        return to_text(node, what)
    if shape.startswith("["):
        node = read_as(node, (Array,))
    if shape == "[text]":
        if not isinstance(node.slot.type, Array | Nothing):
            raise mismatch(node, what, "list of text")
        return to_texts(node, what)
    if shape.startswith("["):
        return _fit_list(shape[1:-1], node, what)
    if shape == "{T}":
        return require(node, MapOf, what, "map")
    if shape in _SIMPLE:
        return require(node, _SIMPLE[shape], what, shape)
    if shape == "any" and isinstance(node.slot.type, Mixed) and has_times(node.slot.type):
        # An integer of it may be a time, which is no number.
        return require(node, (Text, Integer, Number, Boolean, Binary), what, "text or number")
    return node


def _fit_list(inside: str, node: Node, what: str) -> Node:
    kind = node.slot.type
    if isinstance(kind, Nothing):
        return node
    wanted = "list" if inside == "T" else f"list of {inside}"
    if not isinstance(kind, Array):
        raise mismatch(node, what, wanted)
    allowed = (*_SIMPLE.get(inside, ()), Nothing)
    if inside != "T" and not isinstance(kind.item.type, allowed):
        raise mismatch(node, what, wanted)
    return without_absent(node)


def _result(function: Function, fitted: list[Node], variable: Slot | None) -> Slot:
    kind = result_type(function.result, variable)
    if function.like:
        known = [node.value if isinstance(node, Const) else None for node in fitted]
        kind = Text(
            like=function.like if isinstance(function.like, tuple) else function.like(known)
        )
    if function.name == "coalesce":
        return Slot(kind, all(node.slot.nullable for node in fitted))
    if function.takes_absent:
        return Slot(kind, function.may_be_absent)
    return Slot(kind, function.may_be_absent or any(node.slot.nullable for node in fitted))
