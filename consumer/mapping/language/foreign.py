"""Functions, methods and filters of other languages, as what they are called here."""

from __future__ import annotations

import ast
import re

from consumer.documents.findings import Edit, Place, did_you_mean, nearest, renamed, replaced
from consumer.mapping.language.context import Context
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.syntax import Wrong
from consumer.mapping.language.types import Array, MapOf, Text

_NAMES = {
    "coalesce": "ifnull nvl isnull firstnonnull default ifempty",
    "contains": "includes has icontains instr",
    "ends_with": "endswith",
    "integer": "int parseint toint bigint cast_int",
    "iso": "isoformat toisostring to_iso8601 strftime",
    "join": "concat_ws implode",
    "keys": "map_keys object_keys",
    "length": "len count cardinality array_length",
    "lower": "tolower tolowercase lowercase lcase casefold downcase",
    "number": "float decimal tonumber parsefloat double todouble",
    "remove_prefix": "removeprefix",
    "replace": "replaceall gsub",
    "round": "tofixed",
    "size": "char_length character_length strlen",
    "starts_with": "startswith beginswith",
    "text": "str tostring string varchar to_char",
    "time": "datetime date timestamp to_timestamp parse_date parsedate fromisoformat to_datetime",
    "trim": "strip btrim",
    "truncate": "left",
    "unique": "distinct uniq set array_distinct",
    "upper": "toupper touppercase uppercase ucase upcase",
}
_HERE = {other: name for name, others in _NAMES.items() for other in others.split()}
_OF_TEXT = {"length": "size"}
"""Functions for lists, with their counterparts for texts."""
_SEPARATED = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def own_name(name: str, known: frozenset[str], of: Node | None = None) -> str | None:
    """The function of the library that another language calls `name`; None where there is none."""
    snake = _SEPARATED.sub("_", name).lower()
    candidates = (snake, snake.replace("_", ""), name.lower())
    found = next((one for one in candidates if one in known), None)
    found = found or next((_HERE[one] for one in candidates if one in _HERE), None)
    if found in _OF_TEXT and of is not None and isinstance(of.slot.type, Text):
        found = _OF_TEXT[found]
    return found if found in known else None


def unknown_function(inference: Context, tree: ast.Call, name: str) -> Wrong:
    """The finding for a function that the library does not have."""
    known = inference.scope.library.by_name
    where = inference.place(tree.func)
    of = _typed(inference, tree.args[0]) if tree.args else None
    message = f"unknown function `{name}`"
    if name.lower() in {"isnull", "is_null", "isnone", "empty"} and len(tree.args) == 1:
        edits = _around(inference, tree, tree.args[0], "", " == null")
        return Wrong(where, "unknown-function", message, "write `x == null`", edits)
    own = own_name(name, frozenset(known), of)
    if own is not None:
        remedy = f"it is called `{own}` here: `{known[own].signature}`"
        return Wrong(where, "unknown-function", message, remedy, replaced(where, own))
    remedy = did_you_mean(name, known) if nearest(name, known) else ""
    remedy = remedy or "the functions are listed in docs/mapping.md"
    return Wrong(where, "unknown-function", message, remedy, renamed(where, name, known))


def method(inference: Context, tree: ast.Call, func: ast.Attribute) -> Wrong:
    """The finding for `x.lower()`, with `lower(x)` as its remedy where the library has that."""
    place, known = inference.place(tree), inference.scope.library.by_name
    of = _typed(inference, func.value)
    name, message = func.attr, "values have no methods: only library functions can be called"
    if name == "get" and len(tree.args) == 1 and of is not None and isinstance(of.slot.type, MapOf):
        edits = _brackets(inference, tree, func)
        return Wrong(place, "not-allowed", message, 'a map is read with `x["key"]`', edits)
    own = own_name(name, frozenset(known), of)
    if own is None or tree.keywords:
        remedy = "use a function of the library: `lower(x)`"
        return Wrong(place, "not-allowed", message, remedy)
    if own == "join" and len(tree.args) == 1 and not (of and isinstance(of.slot.type, Array)):
        remedy = "write `join(list, separator)`"
        return Wrong(place, "not-allowed", message, remedy)
    shown = f"{own}(x{', ...' if tree.args else ''})"
    edits = _as_function(inference, tree, func, own)
    return Wrong(place, "not-allowed", message, f"write `{shown}`", edits)


def pipe(inference: Context, tree: ast.BinOp) -> Wrong | None:
    """`x | lower` of Jinja, and `x | default("y")`; None where the right side is no filter."""
    call = tree.right
    name = call.func if isinstance(call, ast.Call) else call
    if not isinstance(tree.op, ast.BitOr) or not isinstance(name, ast.Name):
        return None
    known = inference.scope.library.by_name
    own = own_name(name.id, frozenset(known), _typed(inference, tree.left))
    if own is None:
        return None
    left, whole = inference.place(tree.left), inference.place(tree)
    begin = Place(left.file, left.line, left.column, left.column)
    gap = Place(left.file, left.line, left.end, whole.end)
    after = ")"
    if isinstance(call, ast.Call) and call.args:
        gap = Place(left.file, left.line, left.end, inference.place(call.args[0]).column)
        after = ", "
    edits: tuple[Edit, ...] = ()
    if whole.end > left.end > left.column:
        edits = (Edit(begin, f"{own}(", expression=True), Edit(gap, after, expression=True))
    message = "`|` is no operator here: values have no filters"
    return Wrong(whole, "not-allowed", message, f"write `{own}(x)`", edits)


def superfluous(inference: Context, tree: ast.Call, kind: str) -> Wrong:
    """The finding for the conversion of a value that has the type already, such as `number(price)`."""
    place = inference.place(tree)
    name = tree.func.id if isinstance(tree.func, ast.Name) else ""
    edits = _around(inference, tree, tree.args[0], "", "")
    message = f"this is {kind} already: `{name}` has nothing to convert"
    return Wrong(place, "type", message, f"leave `{name}(...)` out", edits)


def _typed(inference: Context, tree: ast.expr) -> Node | None:
    try:
        return inference.of(tree)
    except Wrong:
        return None


def _around(
    inference: Context, whole: ast.expr, kept: ast.expr, before: str, after: str
) -> tuple[Edit, ...]:
    """The edits that leave of a call just one part, between two texts."""
    outer, inner = inference.place(whole), inference.place(kept)
    if not outer.column <= inner.column < inner.end <= outer.end:
        return ()
    begin = Place(outer.file, outer.line, outer.column, inner.column)
    end = Place(outer.file, outer.line, inner.end, outer.end)
    return (Edit(begin, before, expression=True), Edit(end, after, expression=True))


def _as_function(
    inference: Context, tree: ast.Call, func: ast.Attribute, own: str
) -> tuple[Edit, ...]:
    """`x.name(a)` as `own(x, a)`."""
    whole, value = inference.place(tree), inference.place(func.value)
    if not tree.args:
        return _around(inference, tree, func.value, f"{own}(", ")")
    first = inference.place(tree.args[0])
    if not value.column < value.end < first.column < first.end <= whole.end:
        return ()
    begin = Place(whole.file, whole.line, whole.column, whole.column)
    gap = Place(whole.file, whole.line, value.end, first.column)
    return (Edit(begin, f"{own}(", expression=True), Edit(gap, ", ", expression=True))


def _brackets(inference: Context, tree: ast.Call, func: ast.Attribute) -> tuple[Edit, ...]:
    """`x.get("key")` as `x["key"]`."""
    whole, value = inference.place(tree), inference.place(func.value)
    key = inference.place(tree.args[0])
    if not value.end < key.column < key.end < whole.end:
        return ()
    gap = Place(whole.file, whole.line, value.end, key.column)
    end = Place(whole.file, whole.line, key.end, whole.end)
    return (Edit(gap, "[", expression=True), Edit(end, "]", expression=True))


def refused(inference: Context, tree: ast.expr) -> Wrong:
    """The finding for syntax of Python that the language does not have; `("a", "b")` is a list here."""
    place = inference.place(tree)
    if not isinstance(tree, ast.Tuple):
        return Wrong(place, "not-allowed", _described(tree), "see docs/mapping.md, Expressions")
    edits: tuple[Edit, ...] = ()
    if tree.elts and place.end > place.column + 1:
        begin = Place(place.file, place.line, place.column, place.column + 1)
        end = Place(place.file, place.line, place.end - 1, place.end)
        edits = replaced(begin, "[") + replaced(end, "]")
    message = "a list stands in brackets, not in parentheses"
    return Wrong(place, "not-allowed", message, "write `[a, b]`", edits)


def _described(tree: ast.expr) -> str:
    kinds = {
        ast.Lambda: "`lambda`",
        ast.Dict: "a dictionary",
        ast.Set: "a set",
        ast.NamedExpr: "`:=`",
        ast.Await: "`await`",
        ast.Yield: "`yield`",
        ast.Starred: "`*`",
        ast.GeneratorExp: "a generator: write `[... for x in ...]`",
        ast.DictComp: "a dictionary",
        ast.SetComp: "a set",
    }
    return f"not part of the language: {kinds.get(type(tree), type(tree).__name__)}"
