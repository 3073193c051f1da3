"""Lines of generated code, block by block, and the objects that they name."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager

MAX_LINES = 50_000


class TooMuchCode(Exception):
    """Definitions that multiply: they would become a program without bounds."""


class Lines:
    """Lines of generated code, with the indentation of the block being written."""

    def __init__(self, limit: int = MAX_LINES) -> None:
        self._limit = limit
        self.lines: list[str] = []
        self.constants: dict[str, object] = {}
        self._indent = 0
        self._temporaries = 0
        self.loaded: ChainMap[object, str] = ChainMap()
        """Local variables of this block and those around it, by what they hold."""

    @property
    def source(self) -> str:
        """All lines as the text of a module."""
        return "\n".join(self.lines) + "\n"

    def line(self, text: str) -> None:
        if len(self.lines) >= self._limit:
            raise TooMuchCode
        self.lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, opening: str) -> Iterator[None]:
        """An indented block; what is loaded inside is not known after it."""
        self.line(opening)
        self._indent += 1
        self.loaded = self.loaded.new_child()
        yield
        self.loaded = self.loaded.parents
        self._indent -= 1

    @contextmanager
    def function(self, opening: str) -> Iterator[None]:
        """A block that knows nothing of what was loaded before."""
        outer, self.loaded = self.loaded, ChainMap()
        self._temporaries = 0
        with self.block(opening):
            yield
        self.loaded = outer
        self.lines.append("")

    def temporary(self) -> str:
        self._temporaries += 1
        return f"v{self._temporaries}"

    def constant(self, stem: str, value: object) -> str:
        """A name for an object that the code uses."""
        for name, known in self.constants.items():
            if known is value:
                return name
        name = stem if stem not in self.constants else f"{stem}_{len(self.constants)}"
        self.constants[name] = value
        return name
