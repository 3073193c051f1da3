"""The drafted mapping as a tree of pieces: each a line of YAML with what stands under it.

A piece that is off is written as a comment. What is required of a piece takes it off with itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from consumer.mapping.workbench.draft.guesses import Guess, Level

_PLAIN = re.compile(r"[A-Za-z_][^\n]*")
_UNSAFE = re.compile(r": |:$| #|\s$|[{}]")
_WIDTH = 100


@dataclass(slots=True, eq=False)
class Piece:
    """`key` is what it begins with (`id:`, `- name:`), `value` an expression or a word, if any."""

    key: str
    value: str = ""
    note: str = ""
    level: Level = Level.SURE
    required: bool = False
    is_word: bool = False
    children: list[Piece] = field(default_factory=list)
    empty: str = ""
    """Written in its place where all its children are off; without it, it is off as well."""
    off: bool = False

    def __post_init__(self) -> None:
        self.off = self.off or self.level is Level.UNSURE

    @property
    def is_off(self) -> bool:
        if self.off or any(child.required and child.is_off for child in self.children):
            return True
        nothing = bool(self.children) and all(child.is_off for child in self.children)
        return nothing and not self.empty

    def every(self) -> Iterator[Piece]:
        yield self
        for child in self.children:
            yield from child.every()


def of_guess(key: str, guess: Guess, *, required: bool = False) -> Piece:
    """A piece with a guessed expression, which says why."""
    return Piece(key, guess.expression, guess.why, guess.level, required)


@dataclass(frozen=True, slots=True)
class Written:
    """The text, and the piece that each of its lines is of."""

    text: str
    pieces: Sequence[Piece | None]

    def at(self, line: int) -> Piece | None:
        return self.pieces[line - 1] if 0 < line <= len(self.pieces) else None


def write(roots: Sequence[Piece], heading: Sequence[str]) -> Written:
    """The file. `heading` are its first lines, as they are."""
    lines: list[str] = list(heading)
    owners: list[Piece | None] = [None] * len(lines)
    for root in roots:
        for text, piece in _lines(root, 0, off=False):
            if (piece.key == "- name:" and piece is not root.children[0]) or (
                piece is root and root.children
            ):
                lines.append("")
                owners.append(None)
            lines.append(text)
            owners.append(piece)
    return Written("\n".join(lines) + "\n", owners)


def _lines(piece: Piece, depth: int, *, off: bool) -> Iterator[tuple[str, Piece]]:
    off = off or piece.is_off
    mark = "# " if off else ""
    indent = "  " * depth
    yield f"{indent}{mark}{_line(piece, len(indent) + len(mark))}".rstrip(), piece
    # What stands under `- name:` is indented by the dash and a blank.
    inner = depth + 1
    for child in piece.children:
        yield from _lines(child, inner, off=off)


def _line(piece: Piece, margin: int) -> str:
    if piece.empty and all(child.is_off for child in piece.children):
        written = f"{piece.key} {piece.empty}"
    elif piece.value:
        value = piece.value if piece.is_word else scalar(piece.value)
        written = f"{piece.key} {value}"
    else:
        written = piece.key
    if not piece.note:
        return written
    label = "" if piece.is_word and piece.level is Level.SURE else f"{piece.level.word}: "
    gap = max(2, 44 - margin - len(written))
    return f"{written}{' ' * gap}# {label}{piece.note}"


def scalar(expression: str) -> str:
    """An expression as one YAML scalar: quoted where YAML would take it for something else."""
    if _PLAIN.fullmatch(expression) and not _UNSAFE.search(expression):
        return expression
    return "'" + expression.replace("'", "''") + "'"
