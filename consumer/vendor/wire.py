"""Reading JSON as strictly as it is written: no duplicate names, no NaN, no exponents.

`json` is used because `orjson` takes the last of two equal names without a word.
"""

import json
from typing import Any

from consumer.vendor.spec import ContractViolation
from consumer.vendor.violations import UnwritableNumber

_SIGNIFICANT = 15
"""Decimal digits that a binary double keeps; more of them are noise of an addition."""


def read(text: str, path: str) -> Any:
    """The document. Raises ContractViolation at `path`."""
    try:
        return _DECODER.decode(text)
    except _DuplicateName as error:
        where = f"{path}.{error.name}" if path else error.name
        raise ContractViolation(where, "duplicate", "stands twice in one object") from None
    except _NotFinite:
        raise ContractViolation(path, "number", "holds NaN or Infinity") from None
    except RecursionError:
        raise ContractViolation(path, "json", "is nested too deeply") from None
    except ValueError:
        raise ContractViolation(path, "json", "is not valid JSON") from None


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
