"""Warnings: parts of a mapping that are allowed, but probably not meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consumer.documents.findings import Finding, Place, replaced
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.expressions import expressions, of_send
from consumer.mapping.check.regions import shape
from consumer.mapping.check.targets import Filled, Plain
from consumer.mapping.language.names import path_text
from consumer.mapping.language.nodes import (
    BranchValue,
    Call,
    Comprehension,
    Const,
    Converted,
    Field,
    KafkaPart,
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
    found = (_personal, _guids, _unrelated, _overridden, _nobody, _whole_arrays)
    return [finding for lint in found for finding in lint(mapping)]


def notes(mapping: CheckedMapping) -> list[Finding]:
    """Notes: consequences of a setting of which no value is wrong."""
    return list(_without_cookie(mapping))


def _without_cookie(mapping: CheckedMapping) -> Iterator[Finding]:
    """Legacy events of known people go without a cookie, or not at all: a setting decides."""
    cookie = mapping.identity.get("cookie")
    if cookie is not None and not cookie.slot.nullable:
        return
    for rule in mapping.rules:
        for send in rule.sends:
            for side in send.sides:
                if side.spec.api == "legacy" and side.spec.traits.names_person:
                    ways = {one.without_cookie for one in mapping.accounts_of(send, side).values()}
                    place = cookie.place if cookie else Place(mapping.file, 1, 1)
                    when = "where it is absent" if cookie else "as `identity` has no `cookie`"
                    fate = "sent without a cookie" if ways == {"send"} else "left out"
                    fate = "sent without a cookie or left out" if len(ways) > 1 else fate
                    message = f"{when}, legacy events of a known person are {fate}"
                    remedy = "`legacy.without_cookie: send` or `skip` in the configuration decides"
                    yield Finding(place, "no-cookie", message, remedy, "note")
                    return


def _nobody(mapping: CheckedMapping) -> Iterator[Finding]:
    """Events without identifiers belong to no person, and are skipped."""
    named = mapping.identity.keys() - {"name"}
    place = Place(mapping.file, 1, 1)
    sides = [
        (send, side.spec)
        for rule in mapping.rules
        for send in rule.sends
        for side in send.sides
        if side.spec.traits.names_person
    ]
    if sides and not named:
        message = "`identity` names nobody: no event can be sent"
        remedy = "identity:\n  externalCustomerId: user.id\n  cookie: visitor_id"
        yield Finding(place, "no-identity", message, remedy, "warning")
    elif named == {"cookie"} and any(
        spec.api == "v2" and send.key_value is None for send, spec in sides
    ):
        message = "`identity` has just the `cookie`, which v2 does not know: v2 events are skipped"
        remedy = "name people by `externalCustomerId`, `email` or `phone` as well"
        yield Finding(place, "no-identity", message, remedy, "warning")


def _whole_arrays(mapping: CheckedMapping) -> Iterator[Finding]:
    """In a group of `by`, a loop over all that was grouped would give each event everything."""
    for rule in mapping.rules:
        for send in rule.sends:
            each = send.each
            if each is None or each.by is None:
                continue
            whole = shape(each.source)
            for one in of_send(send):
                inside = any(bound.how == "group" for bound in one.bound)
                for node in _loops(one.node, is_source=one.filled is None):
                    if inside and shape(node) == whole:
                        message = "each group gets all of the array here, not its own elements"
                        remedy = "write `items`: the elements of the group"
                        edits = replaced(node.place, "items")
                        yield Finding(node.place, "whole-array", message, remedy, "warning", edits)


def _loops(node: Node, *, is_source: bool) -> Iterator[Node]:
    """The arrays that are gone over."""
    if is_source:
        yield node
    if isinstance(node, Comprehension):
        yield node.source
    for child in children(node):
        yield from _loops(child, is_source=False)


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


def _unrelated(mapping: CheckedMapping) -> Iterator[Finding]:
    """The same way of making a GUID says little where it is made of unrelated fields."""
    filled = [*_filled(mapping)]
    carts = [node for traits, one, node in filled if one.name == traits.cart_state]
    shapes = {_shape(node) for node in carts}
    for traits, one, node in filled:
        if one.name != traits.bought_state or _shape(node) not in shapes:
            continue
        if not any(_related(node, cart) for cart in carts):
            message = (
                "this GUID is made of other fields than that of the cart: the two will not match"
            )
            remedy = f"the cart's is made on line {carts[0].place.line}"
            yield Finding(node.place, "guid", message, remedy, "warning")


def _overridden(mapping: CheckedMapping) -> Iterator[Finding]:
    """The cart's state in one API, and another one in the other: no purchase matches v2's cart."""
    for rule in mapping.rules:
        for send in rule.sends:
            state = send.shared.traits.cart_state if send.shared else ""
            own = [one for one in send.values.fields if state and one.name == state]
            for side in send.sides:
                fields = side.overrides.fields if side.overrides else ()
                for one in fields:
                    if one.name != side.spec.traits.cart_state or not own:
                        continue
                    pair = one.target, own[0].target
                    mine, neutral = (
                        each.node if isinstance(each, Plain) else None for each in pair
                    )
                    if mine and neutral and shape(mine) != shape(neutral):
                        message = "the two sides of this `both` name different states of the cart"
                        remedy = f"leave it out: `{state}` gives it to both"
                        yield Finding(mine.place, "guid", message, remedy, "warning")


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_GENERIC = frozenset({"id", "key", "number", "no", "code", "record", "value", "data", "payload"})


def _related(one: Node, other: Node) -> bool:
    """True if two values may be the same: their paths share a word that says more than `id`."""
    mine, theirs = _words(one), _words(other)
    return not mine or not theirs or bool(mine & theirs)


def _words(node: Node) -> frozenset[str]:
    paths = (path_text(path) for path in _every_path(node))
    words = frozenset(word.lower() for path in paths for word in _WORD.findall(path))
    return words - _GENERIC


def _every_path(node: Node) -> Iterator[Node]:
    node = plain(node)
    if isinstance(node, Field | KafkaPart):
        yield node
    else:
        for child in children(node):
            yield from _every_path(child)


def _shape(node: Node) -> object:
    """The way a value is made, without regard to the fields it is made of."""
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
