"""Source lines for error messages, without the secrets that stand in them."""

import re
from collections.abc import Iterable, Sequence

from consumer.config.secrets import CREDENTIALS
from consumer.documents.findings import Place

# For files that cannot be parsed, where only the looks of a line tell what it holds.
_LOOKS_SECRET = re.compile(
    r"""(?<![\w.])(?P<key>[\w.]*(?:api_key|password|passphrase|secret|token|key\.pem)["']?\s*:\s+)"""
    r"""(?!\$\{|["']\$\{)(?P<value>[^\s#,}*|>][^,}\n]*)"""
)


def masked_lines(lines: Sequence[str], secrets: Iterable[Place]) -> list[str]:
    """The lines with what begins at these places as asterisks, to its end or that of the line. So
    are user and password of any URL. Columns stay what they were."""
    shown = list(lines)
    for place in secrets:
        line, column = shown[place.line - 1], place.column - 1
        end = place.end - 1 if place.end > place.column else len(line)
        shown[place.line - 1] = line[:column] + "*" * (end - column) + line[end:]
    return [CREDENTIALS.sub(lambda found: "*" * len(found[0]), line) for line in shown]


def masked_text(text: str) -> str:
    """The text with everything that looks like a secret as asterisks."""
    return _LOOKS_SECRET.sub(lambda match: match["key"] + "*" * len(match["value"]), text)
