"""Text that a record, a schema or an answer had a part in, fit for one line of a log or a header."""

from typing import Final

LONGEST: Final = 1024
"""Bytes of such a text."""

_ELLIPSIS: Final = "…"


def bounded(foreign: str, most: int = LONGEST) -> str:
    """The text on one line and as UTF-8: at most `most` bytes, what cannot be printed escaped."""
    if len(foreign) <= most // 4 and foreign.isprintable():
        return foreign
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in foreign[:most]
    )
    raw = shown.encode()
    if len(raw) <= most and len(foreign) <= most:
        return shown
    return raw[: most - len(_ELLIPSIS.encode())].decode(errors="ignore") + _ELLIPSIS
