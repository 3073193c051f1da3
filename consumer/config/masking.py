"""Source lines for error messages, without the secrets that somebody wrote into them."""

import re
from collections.abc import Iterable, Sequence

from consumer.findings import Place

# For files that cannot be parsed, where only the looks of a line tell what it holds.
_LOOKS_SECRET = re.compile(
    r"""(?P<key>[\w.]*(?:api_key|password|passphrase|secret|token|key\.pem)["']?\s*:\s+)"""
    r"""(?!\$\{|["']\$\{)(?P<value>[^\s#,}*|>][^,}\n]*)"""
)


def masked_lines(lines: Sequence[str], secrets: Iterable[Place]) -> list[str]:
    """The lines with everything at these places as asterisks."""
    shown = list(lines)
    for place in secrets:
        _mask(shown, place)
    return shown


def masked_text(text: str) -> str:
    """The text with everything that looks like a secret as asterisks."""
    return _LOOKS_SECRET.sub(lambda match: match["key"] + "*" * len(match["value"]), text)


def _mask(lines: list[str], place: Place) -> None:
    line, column = place.line - 1, place.column - 1
    first = lines[line]
    if place.end > place.column:
        lines[line] = first[:column] + "*" * (place.end - place.column) + first[place.end - 1 :]
        return
    lines[line] = first[:column] + "*" * (len(first) - column)
    indent = len(first) - len(first.lstrip())
    for number in range(line + 1, len(lines)):
        text = lines[number]
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            return
        lines[number] = "*" * len(text)
