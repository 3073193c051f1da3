"""Remembered results, bounded by number and by the length of their keys.

A key may be a text of a record, which can be as large as the record. So texts above `LONGEST` are
never kept, and their results are computed each time.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

LONGEST = 512
"""Characters of a text that is kept. User agents and names are shorter."""

Result = TypeVar("Result")


def remembered(entries: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """Keep the results of the last `entries` different texts: at most `entries` times 512 characters,
    and what is made of them."""

    def decorate(call: Callable[[str], Result]) -> Callable[[str], Result]:
        kept = lru_cache(entries)(call)

        @wraps(call)
        def short(text: str) -> Result:
            return kept(text) if len(text) <= LONGEST else call(text)

        return short

    return decorate
