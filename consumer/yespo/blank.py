"""Knows the words that programs write for nothing."""

from pydantic_core import PydanticCustomError

WORDS = frozenset({"", "null", "none", "undefined", "nan", "nil"})
"""The vendor itself ignores "", " ", "null" and null."""
LONGEST = max(map(len, WORDS))
"""A longer text is none of them: no other form of it needs to be made. (Case folding shortens
nothing: where it makes one letter into two, the text grows.)"""


def is_blank(value: str) -> bool:
    """True if the text is empty, or a word for nothing in any case, with or without blanks around."""
    return value.strip().casefold() in WORDS


def not_blank(value: str) -> str:
    """The text itself. Raises PydanticCustomError."""
    if is_blank(value):
        raise PydanticCustomError("blank", "may not be blank, or a word for nothing")
    return value
