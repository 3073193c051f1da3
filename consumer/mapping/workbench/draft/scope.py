"""Finds the field that fills a target: among those of a record, or of an array's elements."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from consumer.mapping.language.types import Mixed, Record, Text
from consumer.mapping.workbench.draft.fields import (
    ITEM,
    Base,
    Keys,
    Leaf,
    array_of,
    free_name,
    leaves,
    record_of,
)
from consumer.mapping.workbench.draft.guesses import Guess, Level
from consumer.mapping.workbench.draft.targets import PRODUCT_ID, Target, filled
from consumer.mapping.workbench.draft.values import Values

_OF_TOPICS = frozenset(
    """
    cart basket order purchase transaction checkout search category wish wishlist impression
    recommendation catalogue catalog custom consent user customer client device site referrer
    """.split()  # noqa: SIM905
)
"""Words of things that have a topic of their own: `cart.id` is no product's."""
_LISTS = frozenset({"item", "product", "line", "position", "good", "offer", "entry", "article"})
_ENOUGH = 3
"""Records of a kind from which on it counts that a field is never filled in them."""


@dataclass(frozen=True, slots=True)
class Found:
    leaf: Leaf
    guess: Guess


@dataclass(frozen=True, slots=True)
class Loop:
    """An array, and its elements. `opens` are the conditions under which an element is a record."""

    leaf: Leaf
    variable: str
    opens: tuple[str, ...]
    inner: "Scope | None"
    """The fields of an element; None where it is the product's id itself."""

    @property
    def source(self) -> str:
        return f"{self.variable} in {self.leaf.path}"


class Scope:
    """The fields that records of one kind have. `nouns` are what the kind is about; `own` are fields
    that belong to it whatever they are called (those of its record in a union)."""

    def __init__(
        self,
        fields: Sequence[Leaf],
        nouns: frozenset[str],
        *,
        record: Record,
        keys: Keys,
        values: Values,
        holds: Callable[[Any], bool] | None = None,
        own: Sequence[Leaf] = (),
    ) -> None:
        self._fields = [*own, *fields]
        self._own = frozenset(leaf.path for leaf in own)
        self._nouns = nouns
        self._record = record
        self._keys = keys
        self._values = values
        self._holds = holds

    @property
    def own_fields(self) -> Sequence[Leaf]:
        """Those that belong to the kind: of its record in a union, or in a part named so."""
        return [
            leaf
            for leaf in self._fields
            if leaf.path in self._own or self._is_about(leaf.within() | set(leaf.words))
        ]

    def best(self, target: Target, near: Leaf | None = None) -> Found | None:
        """The field that fits best; `near` is one that it should stand beside."""
        scored = []
        for leaf in self._fields:
            rank = target.rank(leaf)
            if rank is None or self._is_foreign(leaf, leaf.within()):
                continue
            share = self._share(leaf)
            texts = self._texts(leaf)
            guess = filled(target, leaf, texts) if share != 0 else None
            if guess is not None:
                beside = near is not None and leaf.names[:-1] == near.names[:-1]
                inside = near is not None and leaf.names[: len(near.names) - 1] == near.names[:-1]
                score = -rank - len(leaf.names) + 4 * beside + 3 * inside
                score += 3 * self._is_about(leaf.within()) + 2 * (leaf.path in self._own)
                scored.append((score + 3 * (share or 0), Found(leaf, guess)))
        if not scored:
            return None
        found = max(scored, key=lambda one: one[0])[1]
        guess = found.guess
        why = f"its name; {guess.why}" if guess.why else "its name and type"
        return Found(
            found.leaf, Guess(guess.expression, guess.level, why, guess.proofs, guess.may_lack)
        )

    def loop(self, wanted: Sequence[str]) -> Loop | None:
        """The array of products that fits best; its loop name is one of `wanted`."""
        scored = []
        for leaf in self._fields:
            words = {*leaf.within(), *leaf.words}
            if array_of(leaf.type) is None or self._is_foreign(leaf, frozenset(words)):
                continue
            if isinstance(leaf.type, Mixed) and leaf.words[-1] not in _LISTS:
                continue  # a value of a table may be anything
            loop = self._loop_of(leaf, wanted)
            share = self._share(leaf)
            if loop is None or share == 0:
                continue
            score: float = 4 * self._is_about(frozenset(words)) + 2 * bool(_LISTS & set(leaf.words))
            score += 3 * (share or 0) + 2 * (leaf.path in self._own) - len(leaf.names)
            scored.append((score, loop))
        return max(scored, key=lambda one: one[0])[1] if scored else None

    def _loop_of(self, leaf: Leaf, wanted: Sequence[str]) -> Loop | None:
        array = array_of(leaf.type)
        assert array is not None
        name = free_name(wanted, self._record)
        element = record_of(array.item.type)
        if element is None:
            ids = {"id", "sku"} & set(leaf.words) and {*_LISTS, "sku"} & set(leaf.words)
            is_text = isinstance(array.item.type, Text)
            return Loop(leaf, name, (), None) if ids and is_text else None
        record, asked = element
        opens = (f"{name} is {asked}",) if asked else ()
        if not asked and array.item.nullable:
            opens = (f"{name} != null",)
        base = Base(name, (*leaf.steps, ITEM), leaf.names, opens)
        fields = leaves(record, self._keys, base)
        inner = Scope(
            fields,
            self._nouns,
            record=self._record,
            keys=self._keys,
            values=self._values,
            holds=self._holds,
            own=fields,
        )
        return Loop(leaf, name, opens, inner) if inner.best(PRODUCT_ID) else None

    def all_are(self, leaf: Leaf, pattern: re.Pattern[str]) -> bool:
        """True if records have values there, each of this form."""
        texts = self._texts(leaf)
        return bool(texts) and all(pattern.fullmatch(text) for text in texts)

    def _is_about(self, words: frozenset[str]) -> bool:
        return bool(words & self._nouns)

    def _is_foreign(self, leaf: Leaf, words: frozenset[str]) -> bool:
        if leaf.path in self._own or words & self._nouns:
            return False
        return bool(words & _OF_TOPICS)

    def _share(self, leaf: Leaf) -> float | None:
        """The part of this kind's records that have the field; None where too few are known."""
        total = self._values.count(self._holds)
        if total < _ENOUGH:
            return None
        return min(1.0, len(self._values.of(leaf, self._holds)) / total)

    def _texts(self, leaf: Leaf) -> frozenset[str]:
        return frozenset(one for one in self._values.of(leaf) if isinstance(one, str))


def least(*guesses: Guess) -> Level:
    """The certainty of something made of all these."""
    return min((guess.level for guess in guesses), default=Level.SURE)
