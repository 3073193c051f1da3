"""Reading JSON as strictly as it is written: no duplicate names, no NaN, no exponents, no abyss.

`json` is used because `orjson` takes the last of two equal names without a word.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from consumer.yespo.numbers import is_unicode
from consumer.yespo.spec import ContractViolation
from consumer.yespo.violations import UnwritableNumber

_SIGNIFICANT = 15
"""Decimal digits that a binary double keeps; more of them are noise of an addition."""
DEEPEST = 40
"""Levels of objects and lists. The vendor reads two in a value and mappings build at most 21: the
bound keeps a hostile body off the stack, here and in everything that handles the document later."""

_TEXTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS = re.compile(r"[\[\]{}]")


def read(text: str, path: str) -> Any:
    """The document. Raises ContractViolation at `path`."""
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ContractViolation(path, "json", "is nested too deeply")
    try:
        document = _DECODER.decode(text)
    except _DuplicateName as error:
        where = f"{path}.{error.name}" if path else error.name
        raise ContractViolation(where, "duplicate", "stands twice in one object") from None
    except _NotFinite:
        raise ContractViolation(path, "number", "holds NaN or Infinity") from None
    except ValueError:
        raise ContractViolation(path, "json", "is not valid JSON") from None
    # UTF-8 has no surrogates: only an escape can bring one in.
    if "\\u" in text and not all(map(is_unicode, _names(document))):
        raise ContractViolation(path, "encoding", "holds a name that is not valid Unicode")
    return document


def flaw(value: Any) -> tuple[str, str] | None:
    """The rule that something inside of a value without rules of its own breaks, and a sentence."""
    for part in _parts(value):
        if type(part) is UnwritableNumber:
            return "number", "has an exponent or too many digits"
        if type(part) is str and not is_unicode(part):
            return "encoding", "holds text that is not valid Unicode"
    return None


def _depth(text: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _parts(value: Any) -> Iterator[Any]:
    """The value and everything inside of it."""
    yield value
    if type(value) is dict:
        value = list(value.values())
    if type(value) is list:
        for part in value:
            yield from _parts(part)


def _names(document: Any) -> Iterator[str]:
    for part in _parts(document):
        if type(part) is dict:
            yield from part


class _DuplicateName(Exception):
    def __init__(self, name: str) -> None:
        super().__init__("duplicate name")
        self.name = name


class _NotFinite(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateName(name)
            seen.add(name)
    return found


def _float(text: str) -> float | UnwritableNumber:
    if len(text) > _SIGNIFICANT + 1 or not text.replace(".", "").lstrip("-").isdigit():
        if "e" in text or "E" in text:
            return UnwritableNumber()
        if len(text.replace(".", "").lstrip("-0")) > _SIGNIFICANT:
            return UnwritableNumber()
    return float(text)


def _not_finite(_: str) -> float:
    raise _NotFinite


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_not_finite
)
