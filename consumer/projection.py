"""The parts of a value that are read: from a mapping to the decoder, which may leave out the others.

    {"kind": None, "cart": {"items": {"sku": None}}}

reads `kind`, whether there is a `cart`, its `items`, and of each item the `sku`.
"""

from collections.abc import Mapping
from typing import TypeAlias

Reads: TypeAlias = "Mapping[str, Reads] | None"
"""None is the whole value. Otherwise of a record: its fields that are read, each with what is read
of it; an empty one asks only whether the record is there. Lists, maps and unions are seen through:
what is read of them is read of each element, value and branch. Anything else is read whole."""

WHOLE: Reads = None
EXISTENCE: Reads = {}


def below(reads: Reads, name: str) -> tuple[bool, Reads]:
    """True if the field `name` is read at all, and the parts of it that are read."""
    if reads is None:
        return True, WHOLE
    return name in reads, reads.get(name, EXISTENCE)
