"""Unions as Python expressions: the test for a branch, and the value of one branch alone.

`of` is always a name for the union's value, which may be absent.
"""

from __future__ import annotations

from consumer.codegen import Lines
from consumer.mapping.language.nodes import BranchTest, BranchValue
from consumer.mapping.language.types import Mixed, Union
from consumer.mapping.language.unions import at_run_time, only


def branch_test(lines: Lines, of: str, node: BranchTest) -> str:
    """A condition: true if the value is of that branch, or `is not`. False for an absent value."""
    kind = node.of.slot.type
    if isinstance(kind, Mixed):
        test = _is_among(lines, of, kind, node.names)
        return f"({of} is not None and not {test})" if node.is_not else test
    equals = "!=" if node.is_not else "=="
    test = f"{of}[0] {equals} {node.names[0]!r}"
    return f"({of} is not None and {test})" if node.of.slot.nullable else f"({test})"


def branch_value(lines: Lines, of: str, node: BranchValue) -> str:
    """The value as one of the branches of the node; None where it is another."""
    kind = node.of.slot.type
    text = of if node.per_ms == 1 else f"to_ms({of}, {node.per_ms})"
    if node.proven:
        return text
    assert isinstance(kind, Mixed)
    return f"({text} if {_is_among(lines, of, kind, node.names)} else None)"


def _is_among(lines: Lines, of: str, kind: Mixed, names: tuple[str, ...]) -> str:
    """A test of the value's Python type; of one record out of several, of its name."""
    tests = []
    branches = only(kind, names)
    types = at_run_time(one for one in branches if not isinstance(one, Union))
    if len(types) == 1:
        tests.append(f"type({of}) is {next(iter(types)).__name__}")
    elif types:
        known = next((value for value in lines.constants.values() if value == types), types)
        tests.append(f"type({of}) in {lines.constant(f'types_{len(lines.constants)}', known)}")
    for branch in branches:
        if isinstance(branch, Union):
            among = ", ".join(repr(record.name) for record in branch.records)
            tests.append(f"type({of}) is tuple and {of}[0] in ({among},)")
    return f"({' or '.join(tests)})"
