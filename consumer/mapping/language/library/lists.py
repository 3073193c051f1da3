"""Functions on lists, and those that take anything."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from consumer.mapping.language import runtime
from consumer.mapping.language.functions import Library
from consumer.mapping.language.types import Date, Integer, Number, Text, Time


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _first(values: list[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _last(values: list[Any]) -> Any:
    return next((value for value in reversed(values) if value is not None), None)


def _unique(values: Iterable[Any]) -> list[Any]:
    # A list of dicts cannot be hashed; the language only admits texts here.
    return list(dict.fromkeys(value for value in values if value is not None))


def _concat(*lists: list[Any]) -> list[Any]:
    if sum(map(len, lists)) > runtime.MAX_LIST:
        raise runtime.Unusable("too_long")
    return [value for each in lists for value in each]


def _sort(values: Iterable[Any]) -> list[Any]:
    present = [value for value in values if value is not None]
    # A NaN has no place among numbers: it goes last, so that the rest is in order.
    return sorted(present, key=_place)


def _place(value: Any) -> tuple[bool, Any]:
    if isinstance(value, float | Decimal):
        number = runtime.decimal(value)
        return (True, 0) if number.is_nan() else (False, number)
    return False, value


def add_to(library: Library) -> None:
    def add(signature: str, doc: str, example: str, value: Any, call: Any, **more: Any) -> None:
        library.add("Lists and absent values", signature, doc, [(example, value)], call, **more)

    add(
        "coalesce(T...) -> T",
        "The first that is present.",
        'coalesce(null, "UAH")',
        "UAH",
        _coalesce,
        takes_absent=True,
    )
    add("first([T]) -> T?", "The first element.", "first([1, 2])", 1, _first)
    add("last([T]) -> T?", "The last element.", "last([1, 2])", 2, _last)
    add(
        "unique([text]) -> [text]",
        "Without repetition, in order of first appearance.",
        'unique(["a", "b", "a"])',
        ["a", "b"],
        _unique,
    )
    add("concat([T]...) -> [T]", "One list after the other.", "concat([1], [2])", [1, 2], _concat)
    add(
        "sort([T]) -> [T]",
        "Texts, numbers, times or dates from the smallest; texts by their characters' codes.",
        "sort([2, 1, 10])",
        [1, 2, 10],
        _sort,
        only=(Text, Integer, Number, Time, Date),
    )
    add("length([T]) -> integer", "How many elements.", "length([1, 2])", 2, len)
    add("size(text) -> integer", "How many characters.", 'size("Mugs")', 4, len)
    add("any([boolean]) -> boolean", "Whether one is true.", "any([false, true])", True, any)
    add("all([boolean]) -> boolean", "Whether none is false.", "all([true, false])", False, all)
    add(
        "keys({T}) -> [text]", "The keys of a map, in order.", "length(keys(attributes))", 1, sorted
    )
