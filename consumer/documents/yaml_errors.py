"""What the YAML parser's complaints mean, in words for whoever wrote the file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from consumer.documents.findings import Finding, Place

# `key: "text" more`: what stands before the value, then the character the value begins with.
_VALUE = re.compile(r"""^\s*(?:-\s+)*(?:[^\s"'\[{#][^:]*:\s+)?(?P<opens>["'\[{])""")
_ITEM = re.compile(r"^(?P<indent> *)- +(?P<key>[^\s:\"'\[{#]+:(?= |$))?")
_KEY = re.compile(r"^\s*(?:-\s+)*[^\s:]+\s*:\s*")


@dataclass(frozen=True, slots=True)
class _Complaint:
    """Lines and columns count from 0. `opened_*` is where the construct in question began."""

    problem: str
    lines: Sequence[str]
    line: int
    column: int
    opened: tuple[int, int]

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class _Advice:
    message: str
    remedy: str = ""
    at: tuple[int, int] | None = None
    """Line and column, where it is not the parser's own place that matters."""


def explain(error: yaml.MarkedYAMLError, file: str, lines: Sequence[str]) -> Finding:
    """The finding for a text that cannot be parsed. `lines` are the file's, without line ends."""
    mark, context = error.problem_mark, error.context_mark or error.problem_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    opened = (context.line, context.column) if context else (line, column)
    complaint = _Complaint(error.problem or "no reason given", lines, line, column, opened)
    advice = next(filter(None, (rule(complaint) for rule in _RULES)), None)
    advice = advice or _Advice(f"YAML cannot read this: {complaint.problem}")
    if advice.at is not None:
        line, column = advice.at
    return Finding(Place(file, line + 1, column + 1), "bad-yaml", advice.message, advice.remedy)


def _tab(it: _Complaint) -> _Advice | None:
    if "\t" not in it.text[: it.column + 1]:
        return None
    return _Advice("a tab where YAML expects spaces", "YAML is indented with spaces, not tabs")


def _open_quote(it: _Complaint) -> _Advice | None:
    if "unexpected end of stream" in it.problem:
        return _Advice("this quote is never closed", "close it on the same line", at=it.opened)
    begun = _crossing(it)
    if begun is None:
        return None
    message = f"this quote is not closed on its line, but by the next one, on line {it.line + 1}"
    return _Advice(message, "close it on the same line", at=begun)


def _crossing(it: _Complaint) -> tuple[int, int] | None:
    """Where the quote began that ends, lines below, in the line that cannot be read."""
    try:
        for token in yaml.scan("\n".join(it.lines), Loader=yaml.CSafeLoader):
            begun, end = token.start_mark, token.end_mark
            quoted = isinstance(token, yaml.ScalarToken) and token.style in {'"', "'"}
            if quoted and begun.line < end.line == it.line:
                return begun.line, begun.column
    except yaml.YAMLError:
        return None
    return None


def _escape(it: _Complaint) -> _Advice | None:
    if "unknown escape" not in it.problem:
        return None
    remedy = 'write `\\\\` for a backslash within "...", or put the value in a `|` block'
    return _Advice("YAML does not know this escape", remedy)


def _open_bracket(it: _Complaint) -> _Advice | None:
    if not re.search(r"expected ',' or '[\]}]'", it.problem):
        return None
    line, column = it.opened
    if it.line > line:
        message = f"this `{it.lines[line][column]}` is never closed"
        return _Advice(message, "close it", at=it.opened)
    remedy = _as_block(it.lines[line], column)
    return _Advice("something follows a value within brackets", remedy)


def _goes_on(it: _Complaint) -> _Advice | None:
    """An expression that begins with a quote or bracket, the classic: `a: "x" + b`."""
    value = _VALUE.match(it.text)
    if value is None or it.column < value.end():
        return None
    begins = "a quote" if value["opens"] in "\"'" else f"`{value['opens']}`"
    message = f"this value begins with {begins}, so for YAML it ends where that closes"
    return _Advice(message, _as_block(it.text, value.end() - 1))


def _bad_beginning(it: _Complaint) -> _Advice | None:
    if "cannot start any token" not in it.problem and "expected node content" not in it.problem:
        return None
    shown = it.text[it.column : it.column + 1]
    return _Advice(f"in YAML a value cannot begin with {shown}", _as_block(it.text, it.column))


def _colon(it: _Complaint) -> _Advice | None:
    if "mapping values are not allowed" not in it.problem:
        return None
    key = _KEY.match(it.text)
    if key is not None and key.end() <= it.column:
        return _Advice("a second `: ` within one value", _as_block(it.text, key.end()))
    remedy = "check that the line above has its `:`, and that this one is not indented deeper"
    return _Advice("a key, where the value of the line above still goes on", remedy)


def _no_colon(it: _Complaint) -> _Advice | None:
    if "could not find expected ':'" not in it.problem:
        return None
    return _Advice("a line without `:` where `key: value` is expected", at=it.opened)


def _indentation(it: _Complaint) -> _Advice | None:
    if "did not find expected" not in it.problem:
        return None
    line, column = it.opened
    key = _key_of_item(it) if "'-'" in it.problem else None
    if key is not None:
        remedy = f"begin it at column {key[1] + 1}, like the key on line {key[0] + 1}"
        remedy += "\nif it is an item of its own, begin it with `- `"
        return _Advice("this key stands outside of the list item above", remedy)
    if it.column == column:
        return _Advice("a list item is expected here", "begin the line with `- `")
    remedy = f"begin it at column {column + 1}, like line {line + 1}"
    return _Advice("the indentation of this line fits no line above", remedy)


def _key_of_item(it: _Complaint) -> tuple[int, int] | None:
    """The first key of the last item of this list, if it has keys and a key is what cannot be read."""
    if ":" not in it.text:
        return None
    first, column = it.opened
    for number in range(it.line - 1, first - 1, -1):
        item = _ITEM.match(it.lines[number])
        if item is not None and len(item["indent"]) == column:
            return (number, item.start("key")) if item["key"] else None
    return None


_RULES = (
    _tab,
    _open_quote,
    _escape,
    _open_bracket,
    _goes_on,
    _bad_beginning,
    _colon,
    _no_colon,
    _indentation,
)


def _as_block(text: str, begin: int) -> str:
    """How the value that begins at index `begin` of the line is written as a block."""
    indent = len(text) - len(text.lstrip())
    before, value = text[indent:begin].rstrip(), text[begin:].strip()
    if not before:
        return "write `|` after the key on the line above, and leave this line as it is"
    within = len(before) - len(before.lstrip("- ")) + 2
    return f"write it in a `|` block:\n  {before} |\n  {' ' * within}{value}"
