"""Which mapping takes the records of a topic; two that take the same ones would send all twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from consumer.config.topics import is_pattern, matches
from consumer.documents.findings import Finding, Place
from consumer.mapping.check.checked import CheckedMapping

_LITERAL = re.compile(r"[\w-]|\\[^\w]|\[[^\\\]^]\]")
"""What stands for one character of a name: `a`, `\\.`, `[.]`."""
_REPEATED = ("*", "?", "{", "+")


def takes(mapping: CheckedMapping, topic: str) -> bool:
    """Whether records of this topic are for this mapping, if they are of its record type."""
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
    """What both names stand for, in words; None where that can be ruled out.

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
