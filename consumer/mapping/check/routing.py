"""Topics: their names and patterns, and which mapping takes their records.

Two mappings that took the same records would send all twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from consumer.config.topics import is_pattern, matches
from consumer.documents.findings import Finding, Place
from consumer.mapping.check.checked import CheckedMapping

_LITERAL = re.compile(r"[\w-]|\\[^\w]|\[[^\\\]^]\]")
"""Patterns of one character of a name: `a`, `\\.`, `[.]`."""
_REPEATED = ("*", "?", "{", "+")


_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_NEVER = re.compile(r"[^\w.\-\\^$|()\[\]{}*+?,:=!<>](?![?*{])")
"""A character that stands for itself in a pattern, and that no name of a topic may have."""
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")


def topic_problem(name: str) -> tuple[str, str] | None:
    """(problem, remedy) if no topic of Kafka can have this name or fit this pattern; else None."""
    if is_pattern(name):
        try:
            re.compile(name)
        except re.error:
            return (
                "not a regular expression",
                "a pattern is a regular expression, such as `^shop\\..*`",
            )
        wrong = _NEVER.search(_CLASS.sub("", name))
        if wrong is None:
            return None
        message = f"no topic fits this: names of topics have no `{wrong[0]}`"
        return message, "letters, digits, `.`, `_` and `-`"
    if name in {".", ".."} or not _NAME.fullmatch(name):
        remedy = "up to 249 letters, digits, `.`, `_` and `-`"
        if "*" in name:
            pattern = "^" + re.escape(name).replace(r"\*", ".*").replace(r"\-", "-") + "$"
            remedy = f"a pattern begins with `^`: `{pattern}`"
        return "no topic of Kafka can have this name", remedy
    return None


def takes(mapping: CheckedMapping, topic: str) -> bool:
    """True if records of this topic are for this mapping, provided they are of its type."""
    return any(matches(name, topic) for name in mapping.topics)


def overlaps(checked: Sequence[CheckedMapping]) -> list[Finding]:
    """A finding for each two files that take, or may take, the same records."""
    found = []
    for first, second in combinations(checked, 2):
        if first.record.name != second.record.name:
            continue
        pairs = ((one, other) for one in first.topics for other in second.topics)
        for one, other in pairs:
            what = _overlap(one, other)
            if what is not None:
                message = f"{what} with record `{second.record.name}` is taken by {first.file}"
                remedy = "two files for one topic and record type would send everything twice"
                place = Place(second.file, 1, 1)
                found.append(Finding(place, "two-takers", message, remedy))
    return found


def _overlap(one: str, other: str) -> str | None:
    """Topics that both names stand for, in words; None if there can be none.

    Of two patterns it is ruled out where they begin with different text.
    """
    if one == other:
        return f"`{one}`"
    if is_pattern(one) and is_pattern(other):
        begin, end = sorted((_beginning(one), _beginning(other)), key=len)
        return (
            f"a topic that fits `{other}` may fit `{one}`, which" if end.startswith(begin) else None
        )
    pattern, topic = (one, other) if is_pattern(one) else (other, one)
    return f"`{topic}` (it fits `{pattern}`)" if matches(pattern, topic) else None


def _beginning(pattern: str) -> str:
    """The text with which every topic begins that fits the pattern."""
    found, at = "", 1
    while "|" not in pattern and (part := _LITERAL.match(pattern, at)):
        at = part.end()
        if pattern.startswith(_REPEATED, at):
            break
        found += part.group().strip("[]\\")
    return found
