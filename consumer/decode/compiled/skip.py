"""Code that skips unread values, and still refuses what fastavro would refuse.

Texts must be UTF-8 also where they are not read. Testing each would cost half of reading it; so a
whole *stretch* of texts and single bytes below 128 is tested at once. Whatever else comes (numbers of
several bytes, floating point, bytes) ends the stretch, and the next begins behind it.

An absent value is a zero byte (null comes first in most unions, an empty list is one). Most records
leave most of a wide schema absent, so a *run* of what may be absent is first looked at as a whole.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from consumer.decode.compiled.leaves import ONE_BYTE_SYMBOLS, LeafCode, place
from consumer.decode.compiled.steps import (
    Choice,
    Entries,
    Fields,
    Items,
    Leaf,
    Named,
    Step,
    Symbol,
    has_text,
    is_optional_text,
    width,
)

SHORT_RUN = 2
"""So few values that may be absent are not worth a look at the whole."""


class SkipCode(LeafCode):
    """Adds `skip`. In the code, `b` is where the present stretch begins."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stretch = False
        """True if a stretch is open here."""
        self._empty = False
        """True if it is known to be empty."""

    def skip(self, steps: Sequence[Step]) -> None:
        """Lines that pass over these values, one after the other."""
        self._skip_all(steps)
        self._check()
        self._stretch = False

    def _skip_all(self, steps: Sequence[Step]) -> None:
        for kind, group in groupby(steps, _kind):
            run = list(group)
            if kind == "fixed":
                self._pass(sum(width(step) or 0 for step in run))
            elif kind == "optional":
                self._run(run)
            else:
                for step in run:
                    self._skip(step)

    def _run(self, steps: Sequence[Step]) -> None:
        """Values that may be absent: all of them at once, else half of them at once, and so on."""
        if len(steps) <= SHORT_RUN:
            for step in steps:
                self._skip(step)
            return
        if any(has_text(step) for step in steps):
            self._begin()
        size, middle = len(steps), len(steps) // 2
        self.line(f"if data.startswith({bytes(size)!r}, at): at += {size}")
        with self.block("else:"):
            self._run(steps[:middle])
            self._run(steps[middle:])
        self._empty = False

    def _pass(self, size: int) -> None:
        if size:
            self._apart(lambda: self.line(f"at += {size}"))

    def _apart(self, write: Callable[[], None]) -> None:
        """Lines that pass over bytes which may be anything: no part of a stretch."""
        self._check()
        write()
        if self._stretch:
            self.line("b = at")
            self._empty = True

    def _check(self) -> None:
        if self._stretch and not self._empty:
            self.line("if not text[b:at].isascii(): data[b:at].decode()")

    def _begin(self) -> None:
        if not self._stretch:
            self.line("b = at")
            self._stretch, self._empty = True, True

    def _skip(self, step: Step) -> None:
        if has_text(step):
            self._begin()
        match step:
            case Leaf():
                self._leaf(step)
            case Symbol(symbols) if len(symbols) > ONE_BYTE_SYMBOLS:
                self._apart(lambda: self.line(self.symbol(step)))
            case Symbol():
                self.line(self.symbol(step))
                self._empty = False
            case Named(inner):
                self._skip_all([inner])
            case Fields(parts):
                self._skip_all([part for _, part in parts])
            case Choice(branches):
                self._branches(branches)
            case Items(item):
                self._blocks([item], width(item))
            case Entries(value):
                self._blocks([Leaf("string"), value], None)

    def _leaf(self, step: Leaf) -> None:
        if step.refuses:
            self._apart(lambda: self.line(self.leaf(step)))
            return
        if step.wire == "bytes":
            self._apart(self.sized)
            return
        match step.wire:
            case "boolean":
                self.line("BOOLEANS[data[at]]; at += 1")
            case "long":
                self.line("if data[at] < 128: at += 1")
                if self._stretch:
                    self.line("else: at = b = past_number(data, b, at)")
                else:
                    self.line("else: at = past(data, at)")
            case _:
                self._past_text()
        self._empty = False

    def _past_text(self, behind: int = 0) -> None:
        """Lines that pass over the text `behind` bytes after the position."""
        at = place(behind)
        self.line(f"n = data[{at}]")
        self.line(f"if n & 129: at = b = past_text(data, b, {at})")
        self.line(f"else: at += {behind + 1} + (n >> 1)")

    def _branches(self, branches: Sequence[Step | None]) -> None:
        if is_optional_text(branches):
            with self.block("if data[at] == 2:"):
                self._past_text(behind=1)
            self.line("elif data[at]: raise Irregular")
            self.line("else: at += 1")
            self._empty = False
            return
        self.line("n = data[at]; at += 1")
        self._empty = False
        opening = "if"
        for index, branch in enumerate(branches):
            if branch is None:
                continue
            with self.block(f"{opening} n == {index * 2}:"):
                mark = len(self.lines)
                self._skip_all([branch])
                if len(self.lines) == mark:
                    self.line("pass")
            self._empty = False
            opening = "elif"
        self.line("else: raise Irregular" if opening == "elif" else "raise Irregular")

    def _blocks(self, steps: Sequence[Step], size: int | None) -> None:
        with self.block("while n := data[at]:"):
            with self.block("if n & 129:"):
                self._empty = False
                self._apart(lambda: self.line("n, at = block(data, at)"))
            self.line("else: n >>= 1; at += 1")
            self._empty = False
            if size is not None:
                self._apart(lambda: self.line(f"at += n * {size}"))
            else:
                with self.block("for _ in range(n):"):
                    self._skip_all(steps)
        self.line("at += 1")
        self._empty = False


def _kind(step: Step) -> str:
    match step:
        case Choice([Leaf("null", refuses=False), *_]) | Items() | Entries():
            return "optional"
        case _:
            return "other" if width(step) is None else "fixed"
