"""The policy of the log: a second fence, behind the decision what is logged at all.

    call +380 67 123 45 67 or write to ann%40shop.ua  ->  call [digits] or write to [e-mail]

Positions, offsets, counts, times, schema ids and UUIDs stay readable: whole numbers are not touched,
and within texts the detector knows them.
"""

from collections.abc import Mapping
from typing import Any

from consumer.privacy.detector import Part, replaced
from consumer.privacy.names import is_telling

LONGEST = 16_384
"""Characters of a text that are written: a line is read by people and kept by log stores."""


def mask(text: str) -> str:
    """The text with e-mail addresses and phone numbers replaced."""
    masked = replaced(text[:LONGEST], _marked)
    return masked if len(text) <= LONGEST else f"{masked} ({len(text)} characters)"


def masked(value: Any) -> Any:
    """A value of a line: texts masked, also those within lists and tables, and the tables' keys."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {
            mask(str(name)): "[personal]" if _is_personal(name, one) else masked(one)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(one) for one in value]
    if isinstance(value, bytes | bytearray):
        return f"({len(value)} bytes)"
    return value


def _is_personal(name: object, value: object) -> bool:
    return value not in (None, "") and is_telling(str(name), value)


def _marked(part: Part) -> str:
    return f"[{part.kind}]"
