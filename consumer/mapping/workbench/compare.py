"""Differences of a JSON value from the expected one, line by line, for a person to read."""

from typing import Any

import orjson

_SHOWN = 200


def differences(expected: Any, actual: Any, path: str, *, partial: bool = False) -> list[str]:
    """One line per difference; empty where there is none. Numbers compare by value, not by spelling.

    `partial`: the actual value may hold more. Of an object the named members are looked at, of an
    array each expected element has to fit one of the actual ones, in that order; `[]` is empty.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _of_objects(expected, actual, path, partial)
    if isinstance(expected, list) and isinstance(actual, list):
        if partial and expected:
            return _of_parts(expected, actual, path)
        return _of_arrays(expected, actual, path)
    same_type = isinstance(expected, bool) is isinstance(actual, bool)
    if same_type and expected == actual:
        return []
    return [f"{path}: expected {shown(expected)}, got {shown(actual)}"]


def shown(value: Any) -> str:
    """A value as JSON, shortened."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _of_objects(
    expected: dict[str, Any], actual: dict[str, Any], path: str, partial: bool
) -> list[str]:
    found = []
    for name, value in expected.items():
        if name in actual:
            found += differences(value, actual[name], f"{path}.{name}", partial=partial)
        else:
            found.append(f"{path}.{name}: expected {shown(value)}, is not there")
    if not partial:
        found += [
            f"{path}.{name}: not expected, got {shown(value)}"
            for name, value in actual.items()
            if name not in expected
        ]
    return found


def _of_arrays(expected: list[Any], actual: list[Any], path: str) -> list[str]:
    found = []
    for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
        found += differences(one, other, f"{path}[{place}]")
    for place, one in enumerate(expected[len(actual) :], len(actual)):
        found.append(f"{path}[{place}]: expected {shown(one)}, is not there")
    for place, other in enumerate(actual[len(expected) :], len(expected)):
        found.append(f"{path}[{place}]: not expected, got {shown(other)}")
    return found


def _of_parts(expected: list[Any], actual: list[Any], path: str) -> list[str]:
    rest = iter(actual)
    return [
        f"{path}: no element (in this order) fits {shown(one)}"
        for one in expected
        if all(differences(one, other, path, partial=True) for other in rest)
    ]
