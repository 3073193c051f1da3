"""The words of a name, in lower case and singular: `productIds` is product, id."""

import re

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_KEPT = frozenset({"address", "news", "sms", "gross", "access", "class", "canvas"})
"""Words that are no plural though they close with `s`."""

Words = tuple[str, ...]


def words_of(name: str) -> Words:
    """The words of `snake_case`, `camelCase`, `Title Case` or `kebab-case`."""
    return tuple(singular(part.lower()) for part in _PARTS.findall(name))


def singular(word: str) -> str:
    """`items` is item, `categories` is category; a word that is no plural stays."""
    if word == "ids":
        return "id"
    if len(word) < 4 or word in _KEPT or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word.removesuffix("s")
