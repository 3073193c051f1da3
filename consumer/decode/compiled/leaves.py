"""Code that reads a value without parts: a primitive, a fixed, an enum."""

from typing import Final

from consumer.codegen import Lines
from consumer.decode.compiled.steps import Leaf, Symbol

ONE_BYTE_SYMBOLS: Final = 64
"""So many symbols of an enum have an index of one byte."""


class LeafCode(Lines):
    """In the code `data` are the bytes, `text` the same as Latin-1, `at` the position, and `end` the
    length of the data. `n` and `a` hold nothing from one value to the next."""

    def leaf(self, step: Leaf) -> str:
        """Lines that read the value; an expression for it, to be used once."""
        raw = self._raw(step)
        if step.adapt is None:
            return raw
        if step.adapt is float:
            return f"float({raw})"
        return f"{self.constant(f'adapt_{len(self.constants)}', step.adapt)}({raw})"

    def _raw(self, step: Leaf) -> str:
        if step.wire == "null":
            return "None"
        name = self.temporary()
        match step.wire:
            case "boolean":
                self.line(f"{name} = BOOLEANS[data[at]]; at += 1")
            case "long":
                self.line("n = data[at]")
                self.line(f"if n < 128: {name} = SMALL[n]; at += 1")
                self.line(f"else: {name}, at = number(data, at)")
            case "float" | "double":
                size = 4 if step.wire == "float" else 8
                self.line(f"({name},) = {step.wire}_at(data, at); at += {size}")
            case "fixed":
                self.line(f"a = at; at += {step.size}")
                self.line("if at > end: raise Irregular")
                self.line(f"{name} = data[a:at]")
            case "bytes":
                self.sized()
                self.line(f"{name} = data[a:at]")
            case _:
                self.text(name)
        return name

    def text(self, name: str, behind: int = 0) -> None:
        """Lines that read the text `behind` bytes after the position."""
        # Most text is ASCII: cut out of `text`, it need not be decoded.
        self.sized(behind)
        self.line(f"{name} = text[a:at]")
        self.line(f"if not {name}.isascii(): {name} = data[a:at].decode()")

    def sized(self, behind: int = 0) -> None:
        """Lines that put begin and end of a text or bytes into `a` and `at`."""
        at = place(behind)
        self.line(f"n = data[{at}]")
        self.line(f"if n & 129: a, at = sized(data, {at})")
        self.line(f"else: a = at + {behind + 1}; at = a + (n >> 1)")

    def symbol(self, step: Symbol) -> str:
        """Lines that read the index; an expression for the symbol, to be used once.

        An index that is out of range, or of a symbol that the reader lacks, is a KeyError.
        """
        narrow = len(step.symbols) <= ONE_BYTE_SYMBOLS
        known = {
            index * 2 if narrow else index: symbol
            for index, symbol in enumerate(step.symbols)
            if symbol is not None
        }
        table = self.constant(f"symbols_{len(self.constants)}", known)
        name = self.temporary()
        if narrow:
            self.line(f"{name} = {table}[data[at]]; at += 1")
            return name
        return f"{table}[{self._raw(Leaf('long'))}]"


def place(behind: int) -> str:
    """An expression for the place so many bytes after the position."""
    return f"at + {behind}" if behind else "at"
