"""Reads a text as it is meant: escapes undone, digits, spaces and dashes in their plain form.

    tel=%2B38%20067     ->  tel=+38 067       percent-encoded, once or several times
    ann&#64;shop.ua     ->  ann@shop.ua       entities of HTML, `u0040` and `x40` behind a backslash
    ０６７–１２３ ٤٥     ->  067-123 45        other digits, dashes and spaces of Unicode

Each character of the meaning keeps the stretch of the text that it was written as.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_ESCAPED = re.compile(
    r"(?P<percent>(?:%(?:25)*[0-9A-Fa-f]{2})+)"
    r"|\\u(?P<four>[0-9A-Fa-f]{4})|\\x(?P<two>[0-9A-Fa-f]{2})"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|commat|plus|nbsp|period|lpar|rpar|hyphen);)"
)
_BYTE = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
_MARKS = re.compile(r"[%\\&]")


class Meaning(NamedTuple):
    """`text` is the meaning; its character n is written from `starts[n]` up to `ends[n]`.

    Both are empty where meaning and text are the same.
    """

    text: str
    starts: list[int]
    ends: list[int]

    def written(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that the meaning from `start` up to `end` stands for."""
        return (self.starts[start], self.ends[end - 1]) if self.starts else (start, end)


def meaning(text: str) -> Meaning:
    """The meaning of a text. Takes time in proportion to its length."""
    if text.isascii() and _MARKS.search(text) is None:
        return Meaning(text, [], [])
    read = Meaning("", [], [])
    characters = []
    for character, start, end in _characters(text):
        for plain in _plain(character):
            characters.append(plain)
            read.starts.append(start)
            read.ends.append(end)
    return Meaning("".join(characters), read.starts, read.ends)


def _characters(text: str) -> Iterator[tuple[str, int, int]]:
    """Each character with the stretch it is written as, escapes undone."""
    at = 0
    for match in _ESCAPED.finditer(text):
        yield from ((text[place], place, place + 1) for place in range(at, match.start()))
        at = match.end()
        if match["percent"]:
            yield from _percent(match["percent"], match.start())
        elif match["entity"]:
            yield html.unescape(match["entity"])[:1], match.start(), at
        else:
            yield chr(int(match["four"] or match["two"], 16)), match.start(), at
    yield from ((text[place], place, place + 1) for place in range(at, len(text)))


def _percent(encoded: str, offset: int) -> Iterator[tuple[str, int, int]]:
    """Characters of percent-encoded UTF-8; a byte that is none stands for U+FFFD."""
    found = list(_BYTE.finditer(encoded))
    raw = bytes(int(each[1], 16) for each in found)
    at = 0
    while at < len(raw):
        length = next(size for size in (1, 2, 3, 4, 0) if not size or _is_one(raw[at : at + size]))
        character = raw[at : at + length].decode() if length else "\ufffd"
        last = at + max(1, length) - 1
        yield character, offset + found[at].start(), offset + found[last].end()
        at = last + 1


def _is_one(raw: bytes) -> bool:
    try:
        return len(raw.decode()) == 1
    except UnicodeDecodeError:
        return False


def _plain(character: str) -> str:
    """The usual form of a character; empty for one that is not seen (a soft hyphen)."""
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    match unicodedata.category(character):
        case "Cf":
            return ""
        case "Zs":
            return " "
        case "Pd":
            return "-"
    return "-" if character == "\u2212" else unicodedata.normalize("NFKC", character)
