"""Declaration of a library function: signature, effect of absent, examples, and Python code.

A signature reads like the documentation shows it: `phone(text, text) -> text?`. A `?` after a
parameter makes it optional, after the result it may be absent though no argument is; `...` after the
last parameter lets it repeat; `T` stands for one type, the same everywhere in the signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from consumer.mapping.language.types import (
    Array,
    Binary,
    Boolean,
    Date,
    Integer,
    MapOf,
    Nothing,
    Number,
    Slot,
    Text,
    Time,
    Type,
)

_TYPES: dict[str, Type] = {
    "text": Text(),
    "integer": Integer(),
    "number": Number(),
    "boolean": Boolean(),
    "time": Time(),
    "date": Date(),
    "bytes": Binary(),
}
_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> ([\w\[\]{}]+)(\?)?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """`shape` is a type's name, `T`, `[x]` for a list, `{x}` for a map, or `any`."""

    shape: str
    optional: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language. `call` gets present arguments only, unless `takes_absent`."""

    name: str
    signature: str
    parameters: tuple[Parameter, ...]
    result: str
    may_be_absent: bool
    doc: str
    examples: tuple[tuple[str, Any], ...]
    call: Callable[..., Any]
    takes_absent: bool = False
    check: Callable[[Sequence[Any]], str | None] | None = None
    """Looks at constant arguments (None where not constant) and says what is wrong with them."""
    like: tuple[str, ...] | Callable[[Sequence[Any]], tuple[str, ...]] = ()
    """Examples of the resulting text that show its format; or makes them of constant arguments."""
    only: tuple[type[Type], ...] = ()
    """The types that `T` may stand for; empty: any."""
    members: tuple[str, ...] = ()
    """A record with these fields may stand for all arguments."""

    def parameter(self, position: int) -> Parameter | None:
        """The parameter that takes the argument at this position."""
        if position < len(self.parameters):
            return self.parameters[position]
        last = self.parameters[-1] if self.parameters else None
        return last if last and last.repeats else None

    @property
    def required(self) -> int:
        return sum(not parameter.optional for parameter in self.parameters)


class Library:
    """The functions by name, in the order in which the documentation lists them."""

    def __init__(self) -> None:
        self.sections: dict[str, list[Function]] = {}
        self.by_name: dict[str, Function] = {}

    def add(
        self,
        section: str,
        signature: str,
        doc: str,
        examples: Sequence[tuple[str, Any]],
        call: Callable[..., Any],
        *,
        takes_absent: bool = False,
        check: Callable[[Sequence[Any]], str | None] | None = None,
        like: tuple[str, ...] | Callable[[Sequence[Any]], tuple[str, ...]] = (),
        only: tuple[type[Type], ...] = (),
        members: tuple[str, ...] = (),
    ) -> None:
        match = _SIGNATURE.fullmatch(signature)
        assert match, signature
        name, inside, result, absent = match.groups()
        parameters = tuple(_parameter(part.strip()) for part in inside.split(",") if part.strip())
        function = Function(
            name,
            signature,
            parameters,
            result,
            bool(absent),
            doc,
            tuple(examples),
            call,
            takes_absent,
            check,
            like,
            only,
            members,
        )
        self.sections.setdefault(section, []).append(function)
        self.by_name[name] = function


def _parameter(text: str) -> Parameter:
    repeats = text.endswith("...")
    shape = text.removesuffix("...")
    return Parameter(shape.removesuffix("?"), shape.endswith("?"), repeats)


def result_type(shape: str, variable: Slot | None) -> Type:
    """The type a signature's result names, with `T` standing for `variable`."""
    if shape == "T":
        return variable.type if variable else Nothing()
    if shape.startswith("["):
        return Array(Slot(result_type(shape[1:-1], variable)))
    if shape.startswith("{"):
        return MapOf(Slot(result_type(shape[1:-1], variable)))
    return _TYPES[shape]
