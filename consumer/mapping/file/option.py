"""The declaration of an option of a `send`: key, parser, JSON Schema and doc, its check.

An option is declared in the module that gives it its meaning and listed in `send_options`. Its effect
is what `run.output.Plan` makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from consumer.documents.findings import Finding
from consumer.documents.yaml_tree import Node, Table
from consumer.mapping.file.grammar import Member, Options, Send, Word
from consumer.mapping.language.syntax import SourceText
from consumer.yespo.spec import EventSpec, Traits

T = TypeVar("T")
Json = dict[str, Any]


class Reading(Protocol):
    """The parts of a reader that parsers use. Mistakes become findings of its own."""

    def scalar(self, node: Node, what: str) -> SourceText | None: ...

    def one_of(self, table: Table, key: str, allowed: tuple[str, ...]) -> Word | None: ...

    def duration(self, table: Table, key: str) -> int | None:
        """Milliseconds."""

    def members(self, table: Table, key: str) -> Mapping[str, Member] | None: ...


Check = Callable[[Send, Sequence[EventSpec], Options], Iterator[Finding]]
"""`check(send, events, defaults)`: mistakes that the option makes for these events."""


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One key of a `send`. `parse(reader, table, key)` gives its value, None where it is not said."""

    key: str
    doc: str
    schema: Json
    parse: Callable[[Reading, Table, str], T | None]
    in_defaults: bool = True
    """True if `defaults` may say it for every send."""
    fits: Callable[[Traits], bool] = lambda _: True
    """True for the traits of an event for which editors offer it."""
    check: Check | None = None

    def of(self, options: Options) -> T | None:
        """The value that a send, or `defaults`, gives it."""
        value: T | None = options.values.get(self.key)
        return value

    def described(self) -> Json:
        """Its JSON Schema, for editors."""
        return {**self.schema, "description": self.doc}


def word_of(*allowed: str) -> Callable[[Reading, Table, str], Word | None]:
    """A parser of one of these words."""
    return lambda reader, table, key: reader.one_of(table, key, allowed)
