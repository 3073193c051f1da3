"""Findings: one mistake in a file each, with its place, its code and what to write instead."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


LONGEST_LINE = 400
"""Characters shown of a source line: of a longer one those around the place."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text file. `line` and `column` count from 1; `end` is the column after it.

    Line 0 stands for the whole of what `file` names: a file, or an environment variable.
    """

    file: str
    line: int
    column: int
    end: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that a program can make: `text` takes the place of what stands at `place`.

    `place` lies within one line; where its `end` is its `column`, nothing is taken away. `text` may hold
    line ends. `expression` says that both are parts of an expression, which YAML may want in other
    quotes afterwards: `edits.in_yaml` settles that.
    """

    place: Place
    text: str
    expression: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake. `code` is stable and listed in `codes.py`; `remedy` says what to write.

    `edits`, made together, are the remedy as a program can apply it. Empty where only a person can know
    what was meant.
    """

    place: Place
    code: str
    message: str
    remedy: str = ""
    severity: Severity = "error"
    edits: tuple[Edit, ...] = ()

    def render(self, source: Sequence[str]) -> str:
        """The finding for a terminal: position, message, code, source line with carets, remedy.

        `source` are the lines of the file, without line ends.
        """
        word = "" if self.severity == "error" else f"{self.severity}: "
        lines = [f"{self.place}  {word}{self.message}  [{self.code}]"]
        if 0 < self.place.line <= len(source):
            text = source[self.place.line - 1].replace("\t", " ")
            width = max(1, self.place.end - self.place.column)
            before = self.place.column - 1
            if len(text) > LONGEST_LINE:
                cut = max(0, before - LONGEST_LINE // 4)
                text, before = text[cut : cut + LONGEST_LINE], before - cut
                width = min(width, LONGEST_LINE - before)
            gutter = f"{self.place.line:>5} | "
            lines.append(gutter + text)
            lines.append(" " * (len(gutter) - 2) + "| " + " " * before + "^" * width)
        lines += [f"   {line}" for line in self.remedy.splitlines()]
        return "\n".join(lines)


def replaced(place: Place, text: str, *, expression: bool = True) -> tuple[Edit, ...]:
    """The edit that puts `text` in the place of a part; none where the part goes over several lines."""
    return (Edit(place, text, expression),) if place.end > place.column else ()


def renamed(
    place: Place, name: str, known: Iterable[str], *, yaml: bool = False
) -> tuple[Edit, ...]:
    """The edit that writes the nearest known name for `name`, which closes the text at `place`."""
    near = nearest(name, known)
    if near is None:
        return ()
    end = place.end - (1 if yaml and place.end - place.column == len(name) + 2 else 0)  # in quotes
    begin = Place(place.file, place.line, end - len(name), end)
    return replaced(begin, near, expression=not yaml)


def wrapped(place: Place, before: str, after: str) -> tuple[Edit, ...]:
    """The edits that put a part between two texts."""
    if place.end <= place.column:
        return ()
    begin = Place(place.file, place.line, place.column, place.column)
    end = Place(place.file, place.line, place.end, place.end)
    return (Edit(begin, before, expression=True), Edit(end, after, expression=True))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None."""
    candidates = list(known)
    lowered = {candidate.lower(): candidate for candidate in candidates}
    if name.lower() in lowered:
        return lowered[name.lower()]
    letters = sorted(name.lower())
    swapped = [one for one in candidates if sorted(one.lower()) == letters]
    if swapped:
        return swapped[0]
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy line naming the nearest known name, or all of them where none is near."""
    candidates = sorted(known)
    near = nearest(name, candidates)
    if near is not None:
        return f"did you mean `{near}`?"
    return "known here: " + ", ".join(candidates) if candidates else ""
