"""Shared blocks: a block that `define` names stands wherever a field has that name as its value.

Its expressions mean what they would mean if they were written there, names of loops included. So a block
is checked at each use, against the field that it fills.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from consumer.documents.findings import Finding, Place
from consumer.mapping.file import grammar
from consumer.mapping.language.syntax import Wrong


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks in scope. `used` are the places of those that some field has named."""

    by_name: Mapping[str, grammar.Block] = field(default_factory=dict)
    used: set[Place] = field(default_factory=set)

    def named_by(self, value: grammar.Value) -> grammar.Block | None:
        """The block that the value names; None where it is a value of its own."""
        if not isinstance(value, grammar.Expression):
            return None
        block = self.by_name.get(value.source.scalar.text.strip())
        if block is not None:
            self.used.add(block.place)
        return block

    def above(self, block: grammar.Block) -> Blocks:
        """The blocks that this one may name itself: those defined before it."""
        earlier: dict[str, grammar.Block] = {}
        for name, one in self.by_name.items():
            if one is block:
                break
            earlier[name] = one
        return replace(self, by_name=earlier)


@contextmanager
def used_at(place: Place, findings: list[Finding]) -> Iterator[None]:
    """Within it, findings say where the block is used that they are about."""
    before = len(findings)
    try:
        yield
    except Wrong as wrong:
        wrong.finding = _with_use(wrong.finding, place)
        raise
    finally:
        findings[before:] = [_with_use(finding, place) for finding in findings[before:]]


def _with_use(finding: Finding, place: Place) -> Finding:
    note = f"the block is used on line {place.line}"
    return replace(finding, remedy=f"{finding.remedy}\n{note}" if finding.remedy else note)
