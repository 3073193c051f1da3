"""Code that passes over what nobody reads, and still refuses what fastavro would refuse.

Texts must be UTF-8 also where nobody reads them. Testing each would cost half of reading it; so a
whole *stretch* of texts and single bytes below 128 is tested at once. Whatever else comes (numbers of
several bytes, floating point, bytes) ends the stretch, and the next begins behind it.
"""

from collections.abc import Callable, Sequence

from consumer.decode.compiled.leaves import ONE_BYTE_SYMBOLS, LeafCode
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
    width,
)


class SkipCode(LeafCode):
    """Adds `skip`. In the code, `b` is where the present stretch begins."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stretch = False
        """Whether a stretch is open here."""
        self._empty = False
        """Whether it is known to be empty."""

    def skip(self, steps: Sequence[Step]) -> None:
        """Lines that pass over these values, one after the other."""
        self._skip_all(steps)
        self._check()
        self._stretch = False

    def _skip_all(self, steps: Sequence[Step]) -> None:
        total = 0
        for step in steps:
            size = width(step)
            if size is not None:
                total += size
                continue
            self._pass(total)
            total = 0
            self._skip(step)
        self._pass(total)

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
            self.line("if not text[b:at].isascii(): check(data, b, at)")

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
                self.line("n = data[at]")
                self.line("if n & 129: at = b = past_text(data, b, at)")
                self.line("else: at += 1 + (n >> 1)")
        self._empty = False

    def _branches(self, branches: Sequence[Step | None]) -> None:
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
