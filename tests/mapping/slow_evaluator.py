"""The meaning of a mapping, evaluated slowly and plainly from its text: the second opinion of tests.

Written from docs/mapping.md. Values are those of `drawn_avro`: text `str`, integer `int`, number
`Decimal`, `Time`, `Date`, lists, maps as `dict`, records as `Rec`; absent is None. Nothing is typed
before it is met: a value of another type than its place asks for is absent there, as unions are read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from tests.mapping.drawn_avro import Date, Rec, Time

EXACT = Context(prec=40, rounding=ROUND_HALF_UP, traps=[])
Env = dict[str, Any]


class Unusable(Exception):
    """A number out of all proportion: the record is invalid, reason `number`."""


@dataclass(frozen=True)
class Missing(Exception):
    """A required field of the event is absent."""

    name: str


def as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value if value else abs(value), "f")
    return value if isinstance(value, str) else None


def as_number(value: Any) -> int | Decimal | None:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return value if is_number else None


def as_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def as_texts(value: Any) -> list[str] | None:
    if isinstance(value, list):
        return [text for item in value if (text := as_text(item)) is not None]
    single = as_text(value)
    return None if single is None else [single]


def as_list(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


@dataclass
class Expression:
    """One expression of a mapping."""

    tree: ast.expr

    @classmethod
    def of(cls, text: str) -> Expression:
        return cls(ast.parse(f"({text}\n)", mode="eval").body)

    def value(self, env: Env) -> Any:
        return _value(self.tree, env)

    def holds(self, env: Env) -> bool:
        """As a condition: absent counts as false."""
        return _value(self.tree, env) is True


def _value(  # noqa: C901, PLR0911, PLR0912  # a case per kind of syntax
    tree: ast.expr, env: Env
) -> Any:
    match tree:
        case ast.Constant(value=float()):
            return Decimal(ast.unparse(tree))
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            constants = {"true": True, "false": False, "null": None}
            return constants[name] if name in constants else _name(name, env)
        case ast.Attribute(value=of, attr=name):
            record = _value(of, env)
            return record.fields.get(name) if isinstance(record, Rec) else None
        case ast.Subscript(value=of, slice=by):
            return _subscript(_value(of, env), _value(by, env))
        case ast.BoolOp(op=op, values=parts):
            truths = (_value(part, env) is True for part in parts)
            return all(truths) if isinstance(op, ast.And) else any(truths)
        case ast.UnaryOp(op=ast.Not(), operand=of):
            return _value(of, env) is not True
        case ast.UnaryOp(operand=of):
            number = as_number(_value(of, env))
            return None if number is None else _arithmetic(ast.Sub(), 0, number)
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = as_number(_value(left, env)), as_number(_value(right, env))
            return None if a is None or b is None else _arithmetic(operator, a, b)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _compare(left, operator, right, env)
        case ast.IfExp(test=test, body=body, orelse=other):
            chosen = _value(body if _value(test, env) is True else other, env)
            return _as_one_of((body, other), chosen)
        case ast.JoinedStr(values=parts):
            texts = [as_text(_value(_inner(part), env)) for part in parts]
            return None if None in texts else "".join(text for text in texts if text is not None)
        case ast.List(elts=elements):
            values = [_value(element, env) for element in elements]
            return [value for value in values if value is not None]
        case ast.ListComp(elt=element, generators=[generator]):
            return _comprehension(element, generator, env)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, arguments, env)
    raise AssertionError(ast.dump(tree))


def _name(name: str, env: Env) -> Any:
    if name in env:
        return env[name]
    return env["record"].fields[name]


def _inner(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part


def _subscript(of: Any, by: Any) -> Any:
    if isinstance(of, list) and isinstance(by, int):
        return dict(enumerate(of)).get(by)
    if isinstance(of, Rec) and isinstance(by, str):
        return of.fields.get(by)
    key = as_text(by)
    return of.get(key) if isinstance(of, dict) and key is not None else None


def _arithmetic(operator: ast.operator, a: int | Decimal, b: int | Decimal) -> Any:
    if isinstance(a, int) and isinstance(b, int) and not isinstance(operator, ast.Div):
        made = {ast.Mult: a * b, ast.Add: a + b, ast.Sub: a - b}[type(operator)]
        if isinstance(operator, ast.Mult) and abs(made) >= 10**30:
            raise Unusable
        return made
    x, y = Decimal(a), Decimal(b)
    match operator:
        case ast.Add():
            return EXACT.add(x, y)
        case ast.Sub():
            return EXACT.subtract(x, y)
        case ast.Mult():
            return EXACT.multiply(x, y)
        case ast.Div():
            return EXACT.divide(x, y) if y else None
    raise AssertionError(operator)


def _compare(  # noqa: C901, PLR0911, PLR0912  # a case per operator
    left: ast.expr, operator: ast.cmpop, right: ast.expr, env: Env
) -> bool:
    if isinstance(operator, ast.Is | ast.IsNot):
        value = _value(left, env)
        same = _is(value, ast.unparse(right))
        return same if isinstance(operator, ast.Is) else value is not None and not same
    a, b = _value(left, env), _value(right, env)
    if isinstance(right, ast.Name) and right.id == "null":
        return (a is None) is isinstance(operator, ast.Eq)
    if isinstance(b, str):
        a = as_text(a)
    elif isinstance(b, list) and b and isinstance(b[0], str):
        a, b = as_text(a), [text for one in b if (text := as_text(one)) is not None]
    if a is None or b is None:
        return False
    if isinstance(operator, ast.In | ast.NotIn):
        return any(_equal(a, one) for one in b) is isinstance(operator, ast.In)
    if isinstance(operator, ast.Eq | ast.NotEq):
        if type(a) is not type(b) and not (_is_number(a) and _is_number(b)):
            return False
        return _equal(a, b) is isinstance(operator, ast.Eq)
    if isinstance(a, Time) and isinstance(b, Time):
        a, b = a.ms, b.ms
    if not (_is_number(a) and _is_number(b)):
        return False
    match operator:
        case ast.Lt():
            return bool(a < b)
        case ast.LtE():
            return bool(a <= b)
        case ast.Gt():
            return bool(a > b)
    return bool(a >= b)


def _is_number(value: Any) -> bool:
    return as_number(value) is not None


def _equal(a: Any, b: Any) -> bool:
    if _is_number(a) and _is_number(b):
        return bool(a == b)
    return type(a) is type(b) and a == b


def _is(value: Any, name: str) -> bool:  # noqa: PLR0911  # a return per kind
    match name:
        case "text":
            return isinstance(value, str)
        case "number":
            return _is_number(value)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list)
        case "map":
            return isinstance(value, dict)
        case "bytes":
            return isinstance(value, bytes)
        case "time":
            return isinstance(value, Time)
        case "date":
            return isinstance(value, Date)
    return isinstance(value, Rec) and name in {value.name, value.name.rpartition(".")[2]}


def _comprehension(element: ast.expr, generator: ast.comprehension, env: Env) -> Any:
    source = as_list(_value(generator.iter, env))
    if source is None:
        return None
    assert isinstance(generator.target, ast.Name)
    made = []
    for item in source:
        inner = {**env, generator.target.id: item}
        if all(_value(test, inner) is True for test in generator.ifs):
            value = _value(element, inner)
            if value is not None:
                made.append(value)
    return made


def _call(  # noqa: C901, PLR0911, PLR0912  # a case per function
    name: str, arguments: list[ast.expr], env: Env
) -> Any:
    values = [_value(argument, env) for argument in arguments]
    if name == "coalesce":
        return _coalesce(arguments, values)
    if name == "join":
        parts, between = as_list(values[0]), as_text(values[1])
        if parts is None or between is None:
            return None
        texts = [text for part in parts if (text := as_text(part))]
        return between.join(texts) if texts else None
    first = values[0]
    match name:
        case "text":
            return as_text(first)
        case "lower" | "upper":
            text = as_text(first)
            return None if text is None else (text.lower() if name == "lower" else text.upper())
        case "size":
            text = as_text(first)
            return None if text is None else len(text)
        case "contains" | "starts_with":
            text, part = as_text(first), as_text(values[1])
            if text is None or part is None:
                return None
            return part in text if name == "contains" else text.startswith(part)
        case "length":
            listed = as_list(first)
            return None if listed is None else len([one for one in listed if one is not None])
        case "first" | "last":
            kept = [one for one in as_list(first) or [] if one is not None]
            return kept[0 if name == "first" else -1] if kept else None
        case "millis":
            return Time(first)
        case "abs":
            number = as_number(first)
            return None if number is None else max(number, _arithmetic(ast.Sub(), 0, number))
        case "min" | "max":
            numbers = [as_number(value) for value in values]
            if None in numbers:
                return None
            return (min if name == "min" else max)(
                number for number in numbers if number is not None
            )
    raise AssertionError(name)


_TEXTS = {"text", "join", "lower", "upper"}
_NUMBERS = {"abs", "min", "max", "size", "length"}


def _is_certainly(tree: ast.expr) -> type | None:
    """The type of an expression that can be of no other, whatever the record: `str` or `int`."""
    match tree:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return str
        case ast.Constant() | ast.BinOp() | ast.UnaryOp():
            return int
        case ast.IfExp(body=body, orelse=other):
            return _is_certainly(body) or _is_certainly(other)
        case ast.Call(func=ast.Name(id="coalesce"), args=arguments):
            return next(filter(None, map(_is_certainly, arguments)), None)
        case ast.Call(func=ast.Name(id=name)):
            return str if name in _TEXTS else int if name in _NUMBERS else None
    return None


def _as_one_of(expressions: Sequence[ast.expr], value: Any) -> Any:
    """The value of one of these, which are of one type: that of any which can be of no other."""
    kinds = {_is_certainly(expression) for expression in expressions}
    if str in kinds:
        return as_text(value)
    return as_number(value) if int in kinds else value


def _coalesce(arguments: list[ast.expr], values: list[Any]) -> Any:
    """The first that is present."""
    read = (_as_one_of(arguments, value) for value in values)
    return next((value for value in read if value is not None), None)


READ: dict[str, Callable[[Any], Any]] = {
    "text": as_text,
    "id": as_text,
    "money": as_number,
    "number": as_number,
    "integer": as_number,
    "flag": as_boolean,
    "time": lambda value: value if isinstance(value, Time) else None,
    "texts": as_texts,
}
"""The value of an expression as a field of each kind takes it."""


def as_any(value: Any) -> Any:
    """As a parameter of any kind takes it: texts, numbers, booleans, lists of them."""
    if isinstance(value, list):
        return [one for one in value if isinstance(one, str | int | Decimal)]
    return value if isinstance(value, str | int | Decimal) else None
