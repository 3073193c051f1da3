"""An event in the making: its fields, and its lists of products."""

from collections.abc import Sequence
from dataclasses import dataclass

from consumer.mapping.language.types import Array
from consumer.mapping.workbench.draft import targets
from consumer.mapping.workbench.draft.fields import Leaf
from consumer.mapping.workbench.draft.guesses import Level
from consumer.mapping.workbench.draft.pieces import Piece, of_guess
from consumer.mapping.workbench.draft.scope import Found, Loop, Scope
from consumer.mapping.workbench.draft.targets import Target


@dataclass(slots=True)
class Event:
    """An event in the making. `proofs` are what the rule has to ask for."""

    head: Piece
    proofs: list[str]
    may_lack: bool = False

    def add(self, key: str, found: Found | None, *, required: bool = False) -> Piece | None:
        """A field of the event itself."""
        return self.add_to(self.head, key, found, required=required)

    def add_to(
        self, piece: Piece, key: str, found: Found | None, *, required: bool = False
    ) -> Piece | None:
        """A field of a part of the event; what is required and not found makes the rule a comment."""
        if found is None:
            if required:
                piece.children.append(missing(key))
            return None
        made = of_guess(key, found.guess, required=required)
        piece.children.append(made)
        if required:
            self.proofs += found.guess.proofs
            self.may_lack |= found.guess.may_lack
        return made


def missing(key: str) -> Piece:
    """A required field for which nothing was found: its rule is a comment."""
    return Piece(key, "null", "nothing was found for it", Level.UNSURE, required=True)


@dataclass(frozen=True, slots=True)
class ProductField:
    """A field of each product in a list."""

    key: str
    target: Target
    required: bool = False


def products(
    key: str, event: Event, loop: Loop | None, fields: Sequence[ProductField], source: str = ""
) -> Piece:
    """A list of products: one object for each element of the array. `source` stands for the array."""
    piece = Piece(key, required=True)
    if loop is None:
        piece.children.append(missing("for:"))
        return piece
    why = "a list of products"
    going = source or loop.source
    piece.children.append(Piece("for:", going, why, Level.SURE, required=True))
    if not source:
        event.proofs += proofs_of(loop)
    if loop.inner is None:
        made = Piece(fields[0].key, loop.variable, "each element is one", Level.LIKELY, True)
        piece.children.append(made)
        return piece
    _elements(piece, event, loop, loop.inner, fields)
    return piece


def proofs_of(loop: Loop) -> Sequence[str]:
    """The conditions under which there is an array to go over."""
    if isinstance(loop.leaf.type, Array):
        return loop.leaf.guards
    return [*loop.leaf.guards[:-1], f"{loop.leaf.path} is list"]


def _elements(
    piece: Piece, event: Event, loop: Loop, inner: Scope, fields: Sequence[ProductField]
) -> None:
    asked = list(loop.opens)
    made: list[Piece] = []
    near = id_of(inner)
    for one in fields:
        found = inner.best(one.target, near)
        if found is None:
            if one.required:
                is_count = one.target is targets.QUANTITY
                made.append(_quantity_of_one(one.key) if is_count else missing(one.key))
            continue
        made.append(of_guess(one.key, found.guess, required=one.required))
        if one.required:
            asked += found.guess.proofs
            event.may_lack |= found.guess.may_lack
    if asked:
        piece.children.append(Piece("if:", " and ".join(dict.fromkeys(asked)), required=True))
    piece.children += made


def id_of(inner: Scope) -> Leaf | None:
    """The field of the product's id."""
    found = inner.best(targets.PRODUCT_ID)
    return found.leaf if found else None


def _quantity_of_one(key: str) -> Piece:
    return Piece(key, "1", "no quantity was found", Level.LIKELY, required=True)
