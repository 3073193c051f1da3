"""Finds e-mail addresses and phone numbers within a text, in whatever spelling.

The one opinion of this program on what looks personal: the policies beside this module (`log_lines`,
`documents`, `spelt_out`) and the mapping's workbench differ in what they put in its place.

    write to ann%40shop.ua or call 067/123/45/67
             ~~~~~~~~~~~~~         ~~~~~~~~~~~~~

Positions (`shop.clicks/3@380671234567`), UUIDs, dates, times, amounts and addresses of servers are
no numbers to call. Hashes and hexadecimal digits are not undone.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from consumer.privacy.spelling import meaning

_DOMAIN = re.compile(
    r"@(?:\[[\w.:]+\]|\d+(?:\.\d+){3}|(?=[\w.-]*[^\W\d_])[^\W_](?:[\w.-]{0,252}\w)?)"
)
_NOT_LOCAL = frozenset("\"'<>@:,;/?&=%()[]{}|\\")

_TIME = r"[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d(?!\d))?"
_DATE = (
    r"(?<!\d)(?<!\d[.-])(?:[0-3]\d\.[01]\d\.(?:19|20)\d\d(?![\w-])"
    rf"|(?:19|20)\d\d-[01]\d-[0-3]\d{_TIME}"
    r"|(?:19|20)\d\d(?P<by>[-./])[01]\d(?P=by)[0-3]\d(?![\d-])(?! \d{1,4}(?!\d)))"
)
_READABLE = re.compile(
    r"(?<![\w.-])[A-Za-z0-9._-]{1,249}/\d{1,10}@\d{1,19}(?![\w@])"  # a position
    r"|(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
    rf"|{_DATE}"
    r"|(?<![^\W_])ip-\d{1,3}(?:-\d{1,3}){3}(?!\d)"  # a host's name in a cloud
    r"|(?<=://)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|(?<![\d.])(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}(?=:\d)"
    r"|(?<![\w.+-])(?<!\d )(?:[1-9]\d{0,9}\.\d{1,2}|[1-9]\d{0,3}\.\d{1,6}|0\.\d{1,17})(?![\w.-]| ?[\d(])"
    r"|(?<![\w.+-])1[4-9]\d{11}(?:\d{3}){0,2}(?![\w.-])"  # epoch milliseconds: no country dials so
)

_BEFORE = r"(?<![^\W_])(?<!\d\.)(?<!\d-)"
_AFTER = r"(?![^\W_]|-)"
_NUMBERS = (
    re.compile(rf"{_BEFORE}\+?\d[\d ().-]{{7,17}}\d{_AFTER}"),
    re.compile(
        rf"{_BEFORE}(?:(?:\+|00)\d{{1,7}}|\d{{1,5}})(?:[ +/().-]{{1,3}}\d{{2,4}}){{2,5}}{_AFTER}"
    ),
    re.compile(r"(?<=[^\W\da-fA-F_])\+?\d{9,15}(?![^\W_]|-)"),  # `tel380671234567`
)
_LEAST_DIGITS = (7, 9, 9)
"""Least number of digits for each pattern: the groups of a date (`2026/11/20`) are eight digits."""

_BASE64 = re.compile(r"(?<![\w+-])[A-Za-z0-9+/_-]{12,}={0,2}(?![\w+-])")
_SEGMENT = re.compile(r"[A-Za-z0-9+_-]{12,}={0,2}")
"""A part of a path: a slash is a letter of Base64, and separates too."""


PartKind = Literal["e-mail", "digits"]
_Stretch = tuple[int, int, PartKind]


class Part(NamedTuple):
    """A personal part of a text: `meant` is the meaning of what is `written` there."""

    kind: PartKind
    written: str
    meant: str


def replaced(text: str, stand_in: Callable[[Part], str]) -> str:
    """The text with `stand_in(part)` for each personal part."""
    out, at = [], 0
    for start, end, part in _parts(text):
        out += [text[at:start], stand_in(part)]
        at = end
    return "".join([*out, text[at:]]) if out else text


def is_personal(text: str) -> bool:
    """True if there is an address or a number in it."""
    return next(_parts(text), None) is not None


def is_long(number: int) -> bool:
    """True if a whole number has 11 to 15 digits, as a phone number with its country has."""
    return 10**10 <= abs(number) < 10**15


def _parts(text: str) -> Iterator[tuple[int, int, Part]]:
    """Each personal part with the stretch of the text that it takes, in order."""
    read = meaning(text)
    for start, end, kind in sorted(_stretches(read.text)):
        first, last = read.written(start, end)
        yield first, last, Part(kind, text[first:last], read.text[start:end])


def _stretches(text: str) -> list[_Stretch]:
    """The personal stretches of the meaning. None overlaps another."""
    found: list[_Stretch] = [(start, end, "e-mail") for start, end in _addresses(text)]
    left = _without(text, [stretch[:2] for stretch in found])
    left = _without(left, [match.span() for match in _READABLE.finditer(left)])
    for pattern, least in zip(_NUMBERS, _LEAST_DIGITS, strict=True):
        numbers = [
            match.span()
            for match in pattern.finditer(left)
            if sum(character.isdigit() for character in match[0]) >= least
        ]
        found += [(start, end, "digits") for start, end in numbers]
        left = _without(left, numbers)
    return [*found, *_encoded(left)]


def _without(text: str, stretches: Iterable[tuple[int, int]]) -> str:
    """The text of the same length with nothing to be found at those stretches, given in order."""
    out, at = [], 0
    for start, end in stretches:
        out += [text[at:start], "\0" * (end - start)]
        at = end
    return "".join([*out, text[at:]]) if out else text


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """From each `@` with a domain back to where its local part begins."""
    taken = 0
    for match in _DOMAIN.finditer(text):
        start = end = match.start()
        while start and _is_local(text, start - 1):
            start -= 1
        if text[start - 1 : start] == '"' == text[end - 1 : end]:  # "ann lee"@shop.ua
            start = max(text.rfind('"', 0, end - 1), 0)
        start = max(start, taken)
        if start < end:
            taken = match.end()
            yield start, taken


def _is_local(text: str, at: int) -> bool:
    """True if the character may stand in the part before `@`; an apostrophe between letters may."""
    character = text[at]
    if character == "'":
        return text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()
    return character not in _NOT_LOCAL and not character.isspace() and character > "\x1f"


def _encoded(text: str) -> Iterator[_Stretch]:
    """Base64 of a text with something personal in it, as in a token."""
    for match in _BASE64.finditer(text):
        if (kind := _within(match[0])) is not None:
            yield *match.span(), kind
        elif "/" in match[0]:
            for segment in _SEGMENT.finditer(text, *match.span()):
                if (kind := _within(segment[0])) is not None:
                    yield *segment.span(), kind


def _within(token: str) -> PartKind | None:
    """The kind of the first personal part in the text that the token encodes."""
    usual = token.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        inner = base64.b64decode(usual + "=" * (-len(usual) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    part = next(_parts(inner), None)
    return part[2].kind if part is not None else None


def bounded(known: str) -> str:
    """The pattern of a text where it stands for itself: no part of a word; `%20` ends one."""
    return rf"(?:(?<=%[0-9A-Fa-f]{{2}})|(?<!\w)){re.escape(known)}(?!\w)"
