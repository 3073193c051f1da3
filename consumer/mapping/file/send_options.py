"""All options of a `send`, and those whose meaning needs no module of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from consumer.documents.yaml_tree import Scalar, Table
from consumer.mapping.file.conflation import CONFLATE
from consumer.mapping.file.freshness import MAX_AGE, WHEN_OLDER
from consumer.mapping.file.grammar import Member, Options, Word
from consumer.mapping.file.option import Json, Option, Reading, word_of
from consumer.mapping.language.syntax import SourceText

_SCALAR: Json = {"type": ["string", "number", "boolean"]}
_FREE: Json = {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}}


def _account(reader: Reading, table: Table, key: str) -> SourceText | None:
    """A name, or an expression; `{text: main}` is the name."""
    node = table.get(key)
    if isinstance(node, Table) and isinstance(node.get("text"), Scalar):
        node = node.get("text")
    return reader.scalar(node, f"`{key}`") if node is not None else None


def _members(reader: Reading, table: Table, key: str) -> Mapping[str, Member] | None:
    return reader.members(table, key)


ACCOUNT: Final[Option[SourceText]] = Option(
    "account", "Name of an account, or an expression that gives it.", _SCALAR, _account
)
ON_MISSING: Final[Option[Word]] = Option(
    "on_missing",
    "What becomes of an event whose required value is absent.",
    {"enum": ["skip", "dead_letter"]},
    word_of("skip", "dead_letter"),
)
TAGS: Final[Option[Mapping[str, Member]]] = Option(
    "tags", "Legacy `Tags`, under names of your own.", _FREE, _members
)
PARAMS: Final[Option[Mapping[str, Member]]] = Option(
    "params", "v2 parameters under names of your own.", _FREE, _members
)

OPTIONS: Final[tuple[Option[Any], ...]] = (
    ACCOUNT,
    ON_MISSING,
    MAX_AGE,
    WHEN_OLDER,
    TAGS,
    PARAMS,
    CONFLATE,
)
DEFAULTS: Final = tuple(option for option in OPTIONS if option.in_defaults)
"""Those that `defaults` may say."""


def read_options(reader: Reading, table: Table | None, known: tuple[Option[Any], ...]) -> Options:
    """The options of these that a table says."""
    if table is None:
        return Options()
    said = {option.key: option.parse(reader, table, option.key) for option in known}
    return Options({key: value for key, value in said.items() if value is not None})
