"""The values that records have at a field: evidence for guesses. No value is ever printed, but for
those of the field that separates the kinds of events."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from consumer.mapping.workbench.draft.fields import ITEM, Leaf

MAX_RECORDS = 5_000
MAX_KEYS = 60
KNOWN_KEYS: Mapping[str, Sequence[str]] = {
    "traits": ("email", "phone", "firstName", "lastName", "name"),
    "properties": (
        *("product_id", "sku", "price", "currency", "brand", "category", "quantity", "products"),
        *("query", "url", "cart_id", "order_id", "total", "in_stock"),
    ),
}
"""The keys that Segment's specification has for maps of these names, for lack of records."""


class Values:
    """The decoded records that a draft is made with; there may be none."""

    def __init__(self, records: Sequence[Mapping[str, Any]] = ()) -> None:
        self._records = records[:MAX_RECORDS]

    def __len__(self) -> int:
        return len(self._records)

    def of(self, leaf: Leaf, of_kind: Callable[[Any], bool] | None = None) -> list[Any]:
        """All values at the leaf that are not null, of the records that `of_kind` takes."""
        chosen = self._records if of_kind is None else filter(of_kind, self._records)
        return [value for record in chosen for value in at(record, leaf.steps)]

    def count(self, of_kind: Callable[[Any], bool] | None) -> int:
        """The records that `of_kind` takes."""
        return len(self) if of_kind is None else sum(map(of_kind, self._records))

    def keys(self, steps: Sequence[str]) -> Sequence[str]:
        """The keys of the maps there, the most frequent first; without records the usual ones."""
        if not self._records:
            return KNOWN_KEYS.get(steps[-1], ())
        counts = Counter(
            key
            for record in self._records
            for value in at(record, steps)
            if isinstance(value, dict)
            for key in value
        )
        return [key for key, _ in counts.most_common(MAX_KEYS)]

    def share(self, leaf: Leaf, holds: Callable[[Any], bool]) -> float | None:
        """Of the leaf's values, the part for which something holds; None where there are no values."""
        found = self.of(leaf)
        return sum(map(holds, found)) / len(found) if found else None


def at(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """The values at the end of these steps that are not null."""
    if value is None:
        return
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step.startswith("<"):
        if isinstance(value, tuple) and f"<{value[0]}>" == step:
            yield from at(value[1], rest)
        elif isinstance(value, dict):
            yield from at(value, rest)
        return
    if isinstance(value, tuple):
        value = value[1]
    if step == ITEM:
        if isinstance(value, list):
            for item in value:
                yield from at(item, rest)
    elif isinstance(value, dict):
        yield from at(value.get(step), rest)
