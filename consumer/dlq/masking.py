"""Shows the shape of a record without what it says about a person.

Nothing can know which fields of a shop's schema are personal. So no text and no long number is shown
that is not spelt out in the mapping or the schema already: `"kind": "product_view"` is, a name is not.
"""

import json
from collections.abc import Mapping
from typing import Any

LONGEST_NUMBER = 6
"""Digits. Prices and quantities are shorter, phone numbers and most identifiers are longer."""


class RecordMask:
    """`spelt_out` are texts of the mapping and the schemas: generated code, JSON."""

    def __init__(self, *spelt_out: str) -> None:
        self._spelt_out = spelt_out

    def masked(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): self.masked(member) for key, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.masked(member) for member in value]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return value if self._known(value) else f"(text, {len(value)} characters)"
        if isinstance(value, (bytes, bytearray)):
            return f"({len(value)} bytes)"
        digits = sum(map(str.isdigit, str(value)))
        return value if digits <= LONGEST_NUMBER else f"(number, {digits} digits)"

    def _known(self, text: str) -> bool:
        quoted = (json.dumps(text), repr(text))
        return any(each in source for source in self._spelt_out for each in quoted)


def plain(value: Any) -> Any:
    """As JSON can hold it, nothing hidden: bytes as hexadecimal digits, the rest as its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
