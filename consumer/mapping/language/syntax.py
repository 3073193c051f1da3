"""The text of one expression, as Python's own syntax tree, with the place of every part of it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from consumer.documents.findings import Edit, Finding, Place, replaced
from consumer.mapping.language.habits import Repair, repaired, without_braces

T = TypeVar("T")
MAX_LENGTH = 4_000
MAX_NODES = 600
MAX_DEPTH = 60

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset({"record", "kafka", "true", "false", "null", "key", "items"})


class Wrong(Exception):
    """A mistake in an expression, which leaves it without a type.

    `edits` are the remedy as a program can apply it. `also` are mistakes in other parts of the same
    expression.
    """

    def __init__(
        self,
        place: Place,
        code: str,
        message: str,
        remedy: str = "",
        edits: tuple[Edit, ...] = (),
        also: tuple[Finding, ...] = (),
    ) -> None:
        super().__init__(message)
        self.finding = Finding(place, code, message, remedy, edits=edits)
        self.also = also

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All mistakes of the expression."""
        return (self.finding, *self.also)


def each(parts: Iterable[ast.expr], of: Callable[[ast.expr], T]) -> list[T]:
    """`of` every part. Raises Wrong with the mistakes of all parts at once."""
    made: list[T] = []
    wrong: Wrong | None = None
    for part in parts:
        try:
            made.append(of(part))
        except Wrong as another:
            if wrong is None:
                wrong = another
            else:
                wrong.also += another.findings
    if wrong is not None:
        raise wrong
    return made


class SourceText(Protocol):
    """The text of an expression as its file has it: a scalar of YAML, for one."""

    @property
    def place(self) -> Place:
        """The place at which it begins."""

    @property
    def text(self) -> str: ...

    @property
    def plain(self) -> bool:
        """True if the text itself stands at the place, without a quote before it."""

    @property
    def block(self) -> bool:
        """True if its lines stand below the place, indented."""


@dataclass(frozen=True, slots=True)
class Constant:
    """`{text: UAH}` as the expression that it stands for: `'UAH'`."""

    place: Place
    text: str
    plain: bool = True
    block: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """An expression as written. `lines` are those of its file."""

    scalar: SourceText
    lines: list[str]
    offset: int = 0
    """Index within the scalar at which the expression begins (after `item in `)."""

    def place(self, node: ast.expr) -> Place:
        """Place of this part in the file."""
        if isinstance(self.scalar, Constant):
            return self.scalar.place
        line, column = node.lineno - 1, node.col_offset
        end = node.end_col_offset if node.end_lineno == node.lineno else None  # else: no width
        written = self.scalar.text[self.offset :].splitlines() or [""]
        text = written[line] if line < len(written) else ""
        shift = 0 if line else 1  # the parenthesis that parsing put before the text
        start = _characters(text, column - shift)
        return self.at(line, start, start if end is None else _characters(text, end - shift))

    def at(self, line: int, start: int, end: int) -> Place:
        """Place of characters of a line of the text in the file; arguments count from 0."""
        base = self.scalar.place
        if isinstance(self.scalar, Constant):
            return base
        if self.scalar.block:
            column = _indent(self.lines, base.line) + 1
            return Place(base.file, base.line + line + 1, column + start, column + end)
        if line or base.end <= base.column:
            return base  # a folded text: its lines are not those of the file
        column = base.column + self.offset + (0 if self.scalar.plain else 1)
        return Place(base.file, base.line, column + start, column + end)


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
    if braces := without_braces(text):
        raise _foreign(source, text, braces)
    try:
        tree = _parsed(text)
    except SyntaxError as error:
        if habit := repaired(text, lambda one: _tree(one) is not None):
            raise _foreign(source, text, habit) from None
        raise _unreadable(source, text, error) from None
    except (ValueError, RecursionError, MemoryError):
        raise Wrong(whole, "too-large", "nested too deep to be read", "use `define`") from None
    _bounded(tree, whole)
    return tree


def _parsed(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ast.parse(_wrapped(text), mode="eval").body


def _tree(text: str) -> ast.expr | None:
    try:
        return _parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _foreign(source: Source, text: str, habit: Repair) -> Wrong:
    """The finding for an expression that another language would take, with what it is here."""
    line, column = habit.at
    written, meant = text.splitlines(), habit.text.splitlines()
    place = source.at(line, column, column + habit.width)
    edits: list[Edit] = []
    if len(written) == len(meant) and habit.edits:
        for number, (old, new) in enumerate(zip(written, meant, strict=True)):
            if old != new:
                edits += replaced(source.at(number, 0, len(old)), new)
    shown = habit.text.strip()
    remedy = f"write `{shown}`" if len(shown) <= 100 and "\n" not in shown else habit.hint
    return Wrong(place, "bad-expression", habit.message, remedy, tuple(edits))


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
    if "?" in text:
        return "write `a if condition else b`, or `coalesce(a, b)` for a value that may be absent"
    if re.search(r"\bif\b|\bthen\b|\bcase\b", text, re.IGNORECASE):
        return "write `a if condition else b`"
    return "see docs/mapping.md, Expressions"


_FOR = re.compile(r"\s*([^\s]+)\s+in\s+")


def loop(scalar: SourceText, lines: list[str]) -> tuple[str, Source]:
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
