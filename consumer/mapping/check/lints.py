"""What is allowed and yet probably not meant: warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consumer.documents.findings import Finding
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.expressions import expressions
from consumer.mapping.check.targets import Filled
from consumer.mapping.language.names import path_text
from consumer.mapping.language.nodes import (
    BranchValue,
    Call,
    Const,
    Converted,
    Field,
    Node,
    children,
    plain,
)
from consumer.yespo.spec import Traits

_PERSONAL = re.compile(
    r"(e_?mail|phone|msisdn|(first|last|full|middle)_?name|surname|patronymic|birth|passport)",
    re.IGNORECASE,
)
_HASHES = frozenset({"sha256", "md5", "uuid", "sample"})


def lints(mapping: CheckedMapping) -> list[Finding]:
    """All warnings about a checked mapping."""
    return [*_personal(mapping), *_guids(mapping)]


def _personal(mapping: CheckedMapping) -> Iterator[Finding]:
    """Personal data in a field that is no identifier: it would be stored as event data."""
    for _, filled, node in _filled(mapping):
        for path in _read(node):
            if _PERSONAL.search(path.name):
                message = f"`{path_text(path)}` looks like personal data, in `{filled.path}`"
                remedy = "people are named in `identity`; otherwise hash it: `sha256(x)`"
                yield Finding(path.place, "personal-data", message, remedy, "warning")


def _guids(mapping: CheckedMapping) -> Iterator[Finding]:
    """The vendor joins a purchase to the last cart by GUID: both must be made the same way."""
    filled = [*_filled(mapping)]
    carts = [node for traits, one, node in filled if one.name == traits.cart_state]
    shapes = {_shape(node) for node in carts}
    for traits, one, node in filled:
        if one.name == traits.bought_state and shapes and _shape(node) not in shapes:
            message = "this GUID is not made like that of the cart: the two will never match"
            remedy = f"the cart's is made on line {carts[0].place.line}"
            yield Finding(node.place, "guid", message, remedy, "warning")


def _shape(node: Node) -> object:
    """How a value is made, whatever fields it is made of."""
    node = plain(node)
    while isinstance(node, BranchValue | Converted):  # the same value, in the form it is asked for
        node = plain(node.of)
    if isinstance(node, Const):
        return node.value
    inner = tuple(_shape(child) for child in children(node))
    if isinstance(node, Call):
        return (node.function.name, inner)
    return "field" if isinstance(node, Field) else (type(node).__name__, inner)


def _read(node: Node) -> Iterator[Field]:
    """The paths whose values end up in the expression's value, as they are."""
    node = plain(node)
    if isinstance(node, Field):
        yield node
    elif not (isinstance(node, Call) and node.function.name in _HASHES):
        for child in children(node):
            yield from _read(child)


def _filled(mapping: CheckedMapping) -> Iterator[tuple[Traits, Filled, Node]]:
    """Every filled field with the traits of its event."""
    for one in expressions(mapping):
        if one.filled is not None:
            yield one.traits, one.filled, one.node
