"""The text of one expression, as Python's own syntax tree, with the place of every part of it."""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from consumer.documents.findings import Finding, Place
from consumer.documents.yaml_tree import Scalar

MAX_LENGTH = 4_000
MAX_NODES = 600
MAX_DEPTH = 60

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset({"record", "kafka", "true", "false", "null", "key", "items"})


class Wrong(Exception):
    """A mistake in an expression, which makes the rest of it meaningless."""

    def __init__(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.finding = Finding(place, code, message, remedy)


@dataclass(slots=True)
class Constant(Scalar):
    """`{text: UAH}` as the expression that it stands for: `'UAH'`."""


@dataclass(frozen=True, slots=True)
class Source:
    """An expression as written. `lines` are those of its file."""

    scalar: Scalar
    lines: list[str]
    offset: int = 0
    """Where the expression begins within the scalar (after `item in `)."""

    def place(self, node: ast.expr) -> Place:
        """Where this part stands in the file."""
        if isinstance(self.scalar, Constant):
            return self.scalar.place
        line, column = node.lineno, node.col_offset
        end = node.end_col_offset if node.end_lineno == line else None
        written = self.scalar.text[self.offset :].splitlines() or [""]
        text = written[line - 1] if line <= len(written) else ""
        shift = 1 if line == 1 else 0  # the parenthesis that parsing put before the text
        start = _characters(text, column - shift)
        width = _characters(text, end - shift) - start if end is not None else 1
        base = self.scalar.place
        if self.scalar.block:
            row = base.line + line
            column = _indent(self.lines, base.line) + start + 1
        elif line == 1:
            row = base.line
            column = base.column + start + self.offset + (0 if self.scalar.plain else 1)
        else:
            return base  # a folded text: its lines are not those of the file
        return Place(base.file, row, column, column + max(1, width))


def _characters(line: str, utf8_offset: int) -> int:
    return len(line.encode()[: max(0, utf8_offset)].decode(errors="ignore"))


def _indent(lines: list[str], after: int) -> int:
    for line in lines[after:]:
        if line.strip():
            return len(line) - len(line.lstrip(" "))
    return 0


def parse(source: Source) -> ast.expr:
    """The syntax tree of the expression. Raises Wrong."""
    text = source.scalar.text[source.offset :]
    whole = source.scalar.place
    if not text.strip():
        raise Wrong(whole, "empty", "there is nothing here", "write an expression, or `null`")
    if len(text) > MAX_LENGTH:
        raise Wrong(whole, "too-large", f"longer than {MAX_LENGTH:,} characters", "use `define`")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(_wrapped(text), mode="eval").body
    except SyntaxError as error:
        raise _unreadable(source, text, error) from None
    except (ValueError, RecursionError, MemoryError):
        raise Wrong(whole, "too-large", "nested too deep to be read", "use `define`") from None
    _bounded(tree, whole)
    return tree


def _wrapped(text: str) -> str:
    """In parentheses, so that an expression may go over several lines."""
    return f"({text}\n)"


def digits(source: Source, tree: ast.Constant) -> str:
    """A number as it was written: `12.50` keeps its zero, which a float would lose."""
    return ast.get_source_segment(_wrapped(source.scalar.text[source.offset :]), tree) or ""


def _bounded(tree: ast.expr, whole: Place) -> None:
    count = 0
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        depth += 1
        count += len(level)
        if depth > MAX_DEPTH or count > MAX_NODES:
            what = "nested too deep" if depth > MAX_DEPTH else "too long"
            raise Wrong(whole, "too-large", f"this expression is {what}", "use `define`")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _unreadable(source: Source, text: str, error: SyntaxError) -> Wrong:
    place = source.scalar.place
    line, column = error.lineno or 1, error.offset or 1
    if line == 1 and not source.scalar.block:
        column = min(max(1, column - 1), len(text.rstrip()) + 1)
        at = place.column + source.offset + column - 1 + (0 if source.scalar.plain else 1)
        place = Place(place.file, place.line, at, at + 1)
    elif source.scalar.block:
        row = min(place.line + line, place.line + max(1, len(text.splitlines())))
        at = _indent(source.lines, place.line) + max(1, column - (1 if line == 1 else 0))
        place = Place(place.file, row, at, at + 1)
    message = "this is not an expression"
    if "invalid escape sequence" in error.msg:
        message = "an unknown escape: write `\\\\` for a backslash"
    return Wrong(place, "bad-expression", message, _hint(text))


def _hint(text: str) -> str:
    if re.search(r"(?<![=!<>])=(?!=)", text):
        return "`==` compares; a single `=` has no meaning here"
    if "&&" in text or "||" in text or re.search(r"(^|\s)!\w", text):
        return "write `and`, `or`, `not`"
    if "?" in text:
        return "write `a if condition else b`, or `coalesce(a, b)` for a value that may be absent"
    words = (word for word in re.findall(r"\.(\w+)", text) if keyword.iskeyword(word))
    if word := next(words, None):
        return f'`{word}` is a word of the language: write `record["{word}"]`'
    if re.search(r"\s", text.strip()) and not re.search(r"[()\[\]\"'+*/<>=]", text):
        return 'a text stands in quotes inside the expression: |\n    "..."  or {text: ...}'
    return "see docs/mapping.md, Expressions"


_FOR = re.compile(r"\s*([^\s]+)\s+in\s+")


def loop(scalar: Scalar, lines: list[str]) -> tuple[str, Source]:
    """`item in cart.items` as the name and the source of the array. Raises Wrong."""
    match = _FOR.match(scalar.text)
    if not match or not NAME.fullmatch(match[1]):
        remedy = "write `for: item in cart.items`"
        raise Wrong(scalar.place, "bad-for", "`for` needs a name and an array", remedy)
    return match[1], Source(scalar, lines, match.end())


def attribute_path(node: ast.expr) -> Iterator[str]:
    """The parts of `a.b.c`, last first; nothing for anything else."""
    while isinstance(node, ast.Attribute):
        yield node.attr
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
