"""Reading a YAML tree with rules of one's own: faults become findings, the rest is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import TypeAdapter, ValidationError

from consumer.config.value_types import Seconds
from consumer.documents.findings import Finding, Place, did_you_mean, nearest, renamed
from consumer.documents.yaml_tree import Document, Items, Node, Scalar, Table
from consumer.mapping.file.grammar import Word
from consumer.mapping.language.syntax import Constant, Source, SourceText

_DURATION = TypeAdapter(Seconds)


def constant_of(node: Node) -> Constant | None:
    """`{text: UAH}` as an expression; None for anything else."""
    text = node.get("text") if isinstance(node, Table) and len(node.entries) == 1 else None
    return Constant(text.place, repr(text.text)) if isinstance(text, Scalar) else None


class TreeReader:
    """Reads one document. Adds faults to `findings`, and returns the parts that can be read."""

    def __init__(self, document: Document, findings: list[Finding]) -> None:
        self.document = document
        self.findings = findings

        self._meant: set[tuple[Place, str]] = set()
        """Keys that an unknown one probably stands for: not reported as missing as well."""

    def wrong(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(place, code, message, remedy))

    def known(self, table: Table, keys: Collection[str]) -> None:
        for entry in table:
            if entry.key.text not in keys:
                remedy = did_you_mean(entry.key.text, keys)
                message = f"unknown key `{entry.key.text}`"
                edits = renamed(entry.key.place, entry.key.text, keys, yaml=True)
                place = entry.key.place
                self.findings.append(Finding(place, "unknown-key", message, remedy, edits=edits))
                if meant := nearest(entry.key.text, keys):
                    self._meant.add((table.place, meant))

    def missing(self, table: Table, key: str, message: str, remedy: str = "") -> None:
        if (table.place, key) not in self._meant:
            self.wrong(table.place, "missing-key", message, remedy)

    def table(
        self, parent: Table | None, key: str, keys: Collection[str] = (), *, required: bool = False
    ) -> Table | None:
        node = parent.get(key) if parent else None
        if node is None:
            if required and parent is not None:
                self.missing(parent, key, f"`{key}` is missing")
            return None
        if not isinstance(node, Table):
            self.wrong(node.place, "shape", f"`{key}` is a table of keys")
            return None
        if keys:
            self.known(node, keys)
        return node

    def scalar(self, node: Node, what: str) -> SourceText | None:
        if isinstance(node, Scalar):
            return node
        if (constant := constant_of(node)) is not None:
            return constant
        remedy = "an expression that begins with `[` or `{` stands in a `|` block"
        self.wrong(node.place, "shape", f"{what} is one expression", remedy)
        return None

    def source(self, table: Table | None, key: str) -> Source | None:
        node = table.get(key) if table else None
        scalar = self.scalar(node, f"`{key}`") if node is not None else None
        return Source(scalar, self.document.lines) if scalar else None

    def sources(self, node: Node) -> list[Source]:
        nodes = node.items if isinstance(node, Items) else [node]
        scalars = (self.scalar(one, "each entry") for one in nodes)
        return [Source(scalar, self.document.lines) for scalar in scalars if scalar]

    def word(self, table: Table | None, key: str) -> Word | None:
        node = table.get(key) if table else None
        if node is None:
            return None
        if not isinstance(node, Scalar) or not node.text:
            self.wrong(node.place, "shape", f"`{key}` is one name")
            return None
        return Word(node.text, node.place)

    def words(self, table: Table | None, key: str) -> list[Word]:
        node = table.get(key) if table else None
        if node is None:
            return []
        words = []
        for item in node.items if isinstance(node, Items) else [node]:
            if isinstance(item, Scalar) and item.text:
                words.append(Word(item.text, item.place))
            else:
                self.wrong(item.place, "shape", f"`{key}` is a list of names")
        return words

    def choice(self, table: Table | None, key: str, allowed: tuple[str, ...], default: str) -> str:
        word = self.word(table, key)
        if word is None or word.text in allowed:
            return word.text if word else default
        remedy = f"write one of: {', '.join(allowed)}"
        self.wrong(word.place, "unknown-word", f"`{key}` cannot be `{word.text}`", remedy)
        return default

    def duration(self, table: Table, key: str) -> int | None:
        """Milliseconds. A number without a unit is refused: its meaning would be a guess."""
        word = self.word(table, key)
        if word is None:
            return None
        try:
            if not word.text.strip().isdecimal():
                return round(_DURATION.validate_python(word.text) * 1000)
        except ValidationError:
            pass
        remedy = "write a number with a unit: `24h`, `30m`"
        self.wrong(word.place, "duration", f"`{word.text}` is not a duration", remedy)
        return None

    def one_of(self, table: Table, key: str, allowed: tuple[str, ...]) -> Word | None:
        word = self.word(table, key)
        if word is None:
            return None
        return Word(self.choice(table, key, allowed, allowed[0]), word.place)

    def entries(self, node: Node | None, what: str) -> Iterator[Table]:
        if node is None:
            return
        if not isinstance(node, Items):
            self.wrong(node.place, "shape", f"`{what}` is a list", "begin each entry with `- `")
            return
        for item in node.items:
            if isinstance(item, Table):
                yield item
            else:
                self.wrong(item.place, "shape", f"an entry of `{what}` is a table of keys")
