"""The policy of dead letters: the shape of a record without what it says about a person.

Nothing can know which fields of a shop's schema are personal. So no text and no long number is shown
that is not spelt out in the mapping or the schema already: `"kind": "product_view"` is, a name is not.
That holds for the keys of maps and the names of headers as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any

LONGEST_NUMBER = 6
"""Digits. Prices and quantities are shorter, phone numbers and most identifiers are longer."""

_WELL_KNOWN = frozenset(
    {
        *("traceparent", "tracestate", "baggage", "b3", "content-type", "contentType"),
        *("__TypeId__", "__key_schema_id", "__value_schema_id", "correlation-id", "message-id"),
        *("ce_id", "ce_source", "ce_specversion", "ce_type", "ce_time", "ce_subject"),
    }
)
"""Names of headers that the field has agreed on."""


class RecordMask:
    """Masks decoded values, header names and keys."""

    def __init__(self, spelt_out: Iterable[str]) -> None:
        """`spelt_out` are the texts that the mapping and the schemas hold."""
        self._spelt_out = frozenset(spelt_out)

    def masked(self, value: Any) -> Any:
        """A decoded value, as dicts, lists, texts, numbers, booleans and None."""
        if isinstance(value, Mapping):
            return self._members(value)
        if isinstance(value, list | tuple):
            return [self.masked(member) for member in value]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray):
            return f"({len(value)} bytes)"
        digits = sum(map(str.isdigit, str(value)))
        return value if digits <= LONGEST_NUMBER else f"(number, {digits} digits)"

    def text(self, text: str) -> str:
        return text if text in self._spelt_out else f"(text, {len(text)} characters)"

    def header(self, name: str) -> str:
        """The name of a header."""
        return name if name in _WELL_KNOWN else self.text(name)

    def _members(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        """Two keys that look alike when masked stay two."""
        shown: dict[str, Any] = {}
        for key, member in value.items():
            name = masked = self.text(str(key))
            while name in shown:
                name = f"{masked} no. {len(shown) + 1}"
            shown[name] = self.masked(member)
        return shown


def texts_in(document: Any) -> Iterable[str]:
    """Every text in a document of dicts and lists, its keys too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for key, member in document.items():
            yield str(key)
            yield from texts_in(member)
    elif isinstance(document, list | tuple | set | frozenset):
        for member in document:
            yield from texts_in(member)
