"""Steps as the source of a Python function.

    def read(data, at):    the record at `at`, which must end with the data

No text of a schema reaches the code except through `repr`.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from consumer.decode.compiled.skip import SkipCode
from consumer.decode.compiled.steps import (
    Choice,
    Entries,
    Fields,
    Items,
    Leaf,
    Named,
    Step,
    Symbol,
    is_optional_text,
    width,
)

MAX_LINES: Final = 20_000
"""Compiling so many takes about a second."""


def source_of(step: Step) -> tuple[str, dict[str, object]]:
    """The source, and the objects that it names. Raises TooMuchCode."""
    code = _ReadCode(MAX_LINES)
    with code.function("def read(data, at):"):
        code.line("end = len(data); text = data.decode('latin-1')")
        value = code.value(step)
        code.line("if at != end: raise Irregular")
        code.line(f"return {value}")
    return "\n".join(code.lines) + "\n", code.constants


class _ReadCode(SkipCode):
    def value(self, step: Step) -> str:  # noqa: PLR0911 - one return per kind of step
        """Lines that read the value; an expression for it, to be used once."""
        match step:
            case Leaf():
                return self.leaf(step)
            case Symbol():
                return self.symbol(step)
            case Named(inner, name):
                return f"({name!r}, {self.value(inner)})"
            case Fields():
                return self._fields(step)
            case Choice(branches):
                return self._choice(branches)
            case Items(item):
                return self._items(item)
            case Entries(inner):
                return self._entries(inner)

    def _fields(self, step: Fields) -> str:
        entries = []
        passed: list[Step] = []
        for name, part in step.parts:
            if name is None:
                passed.append(part)
                continue
            self.skip(passed)
            passed = []
            entries.append(f"{name!r}: {self.value(part)}")
        self.skip(passed)
        entries += [f"{name!r}: {self._default(value)}" for name, value in step.defaults.items()]
        return f"{{{', '.join(entries)}}}"

    def _default(self, value: Any) -> str:
        """A display, so that each record has lists and tables of its own."""
        match value:
            case None | bool() | int() | str() | bytes():
                return repr(value)
            case float() if isfinite(value):
                return repr(value)
            case list():
                return f"[{', '.join(self._default(one) for one in value)}]"
            case dict():
                entries = (f"{key!r}: {self._default(one)}" for key, one in value.items())
                return f"{{{', '.join(entries)}}}"
            case tuple():
                return f"({', '.join(self._default(one) for one in value)},)"
            case _:
                return self.constant(f"default_{len(self.constants)}", value)

    def _choice(self, branches: Sequence[Step | None]) -> str:
        name = self.temporary()
        if is_optional_text(branches):
            with self.block("if data[at] == 2:"):
                self.text(name, behind=1)
            self.line("elif data[at]: raise Irregular")
            self.line(f"else: {name} = None; at += 1")
            return name
        self.line("n = data[at]; at += 1")
        opening = "if"
        # A value that is read is mostly there, so that null is asked for last.
        for index, branch in sorted(enumerate(branches), key=_is_null):
            if branch is None:
                continue
            with self.block(f"{opening} n == {index * 2}:"):
                self.line(f"{name} = {self.value(branch)}")
            opening = "elif"
        self.line("else: raise Irregular" if opening == "elif" else "raise Irregular")
        return name

    def _items(self, item: Step) -> str:
        name = self.temporary()
        self.line(f"{name} = []")
        with self.block("while n := data[at]:"):
            self._count()
            size = width(item)
            if size is not None:  # nothing else would notice that the data has ended
                self.line(f"if n * {size} > end - at: raise Irregular")
            with self.block("for _ in range(n):"):
                self.line(f"{name}.append({self.value(item)})")
        self.line("at += 1")
        return name

    def _entries(self, value: Step) -> str:
        name = self.temporary()
        self.line(f"{name} = {{}}")
        with self.block("while n := data[at]:"):
            self._count()
            with self.block("for _ in range(n):"):
                key = self.value(Leaf("string"))
                self.line(f"{name}[{key}] = {self.value(value)}")
        self.line("at += 1")
        return name

    def _count(self) -> None:
        self.line("if n & 129: n, at = block(data, at)")
        self.line("else: n >>= 1; at += 1")


def _is_null(branch: tuple[int, Step | None]) -> bool:
    return isinstance(branch[1], Leaf) and branch[1].wire == "null"
