"""A mapping file as it was written: its parts with their places, nothing looked up or typed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consumer.documents.findings import Place
from consumer.mapping.language.syntax import Source, SourceText


@dataclass(frozen=True, slots=True)
class Expression:
    source: Source

    @property
    def place(self) -> Place:
        return self.source.scalar.place


@dataclass(frozen=True, slots=True)
class Member:
    """`name: value` inside an object. `place` is that of the name."""

    name: str
    place: Place
    value: Value


@dataclass(frozen=True, slots=True)
class Block:
    """An object, or with `loop` a list of them; `condition` is its `if`."""

    place: Place
    members: Mapping[str, Member]
    loop: SourceText | None = None
    condition: Source | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    place: Place
    items: tuple[Value, ...]


Value = Expression | Block | Sequence


@dataclass(frozen=True, slots=True)
class Word:
    """A name or word of the language, not an expression."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Options:
    """The options that `defaults` or a send says, by key: see `option.Option.of`."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def over(self, base: Options) -> Options:
        """These options, and of `base` those that are not said here."""
        return Options({**base.values, **self.values})


@dataclass(slots=True)
class Send:
    """One entry of `send`. `api` is `legacy`, `v2` or `both`."""

    place: Place
    api: str
    event: Word
    options: Options
    members: Mapping[str, Member]
    loop: SourceText | None = None
    by: Source | None = None
    condition: Source | None = None
    key_value: Source | None = None
    overrides: Mapping[str, Block] = field(default_factory=dict)
    """In a `both`: the `legacy:` and `v2:` blocks."""


@dataclass(slots=True)
class Rule:
    name: Word
    when: Source | None
    definitions: list[tuple[Word, Source]]
    blocks: list[tuple[Word, Block]]
    sends: list[Send]


@dataclass(slots=True)
class Suppress:
    when: Source
    reason: Word


@dataclass(slots=True)
class CustomEvent:
    name: Word
    fields: list[tuple[Word, Word]]
    """(name, `text, required`)"""


@dataclass(slots=True)
class Shared:
    """The parts that an included file may hold, and a mapping file as well."""

    definitions: list[tuple[Word, Source]] = field(default_factory=list)
    blocks: list[tuple[Word, Block]] = field(default_factory=list)
    """Definitions that are blocks of fields: each stands where it is used."""
    tables: dict[str, tuple[Place, dict[str, str]]] = field(default_factory=dict)
    custom_events: list[CustomEvent] = field(default_factory=list)
    includes: list[Word] = field(default_factory=list)


@dataclass(slots=True)
class MappingFile:
    """A whole mapping file."""

    path: Path
    shown: str
    lines: list[str]
    place: Place
    topics: list[Word]
    schemas: list[Word]
    """The last is that of the records; the others define types that it uses."""
    record: Word | None
    versions: list[Word]
    shared: Shared
    identity: dict[str, tuple[Place, Source]]
    time: Source | None
    user_agent: Source | None
    order_by: list[Source] | None
    defaults: Options
    suppress: list[Suppress]
    match_all: bool
    otherwise: str
    rules: list[Rule]
