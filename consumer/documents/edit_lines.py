"""Lines of YAML looked at as text: open brackets, the span of a value, and values in other quotes."""

from collections.abc import Iterable, Sequence

from consumer.documents.findings import Edit

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def replaced(line: str, edits: Sequence[Edit], first: int = 1) -> str:
    """The line with edits made that do not overlap, in order; its first character is column `first`."""
    for edit in reversed(edits):
        begin, end = edit.place.column - first, edit.place.end - first
        line = line[:begin] + edit.text + line[end:]
    return line


def edits_between(lines: Sequence[str], edits: Iterable[Edit]) -> list[str]:
    """The lines with the edits made."""
    made = list(lines)
    by_line: dict[int, list[Edit]] = {}
    for edit in edits:
        by_line.setdefault(edit.place.line, []).append(edit)
    for number, of_line in by_line.items():
        if number <= len(made):
            made[number - 1] = replaced(made[number - 1], of_line)
    return made


def quoted(text: str, quote: str = "'") -> str:
    """The text as a quoted YAML scalar; in double quotes only if that needs no escapes."""
    if quote == '"' and not any(character in text for character in '"\\'):
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def closers(text: str) -> str:
    """The closing brackets that are missing at the end of the text: `[{a: (x` gives `)}]`."""
    opened: list[str] = []
    for _, character in _outside_quotes(text):
        if character in _CLOSING:
            opened.append(_CLOSING[character])
        elif opened and character == opened[-1]:
            opened.pop()
    return "".join(reversed(opened))


def value_span(text: str, index: int) -> tuple[int, int] | None:
    """Begin and end of the value between braces that holds the index: `{key: VALUE, ...}`.

    None where no such value is there.
    """
    starts, level, begin = [0], 1, 0
    for at, character in _outside_quotes(text):
        if at >= index and len(starts) == level and character in ",)]}":
            return _trimmed(text, begin, at) if level > 1 else None
        if character in _CLOSING:
            starts.append(at + 1)
        elif character in ")]}" and len(starts) > 1:
            starts.pop()
        elif character == ",":
            starts[-1] = at + 1
        if at < index:
            level, begin = len(starts), starts[-1]
    return None


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    """The span without the key before it, and without white space."""
    colon = text.find(": ", begin, end)
    begin = begin if colon < 0 else colon + 2
    while begin < end and text[begin] == " ":
        begin += 1
    return begin, begin + len(text[begin:end].rstrip())


def _outside_quotes(text: str) -> Iterable[tuple[int, str]]:
    quote = ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            yield at, character


def as_block(text: str, begin: int) -> tuple[str, str | None]:
    """The value that begins at index `begin` of a line, as a `|` block.

    The remedy, and what takes the place of the value; None where the key stands on the line above.
    """
    indent = len(text) - len(text.lstrip())
    before, value = text[indent:begin].rstrip(), text[begin:].strip()
    if not before:
        return "write `|` after the key on the line above, and leave this line as it is", None
    within = len(before) - len(before.lstrip("- ")) + 2
    remedy = f"write it in a `|` block:\n  {before} |\n  {' ' * within}{value}"
    return remedy, f"|\n{' ' * (indent + within)}{value}"
