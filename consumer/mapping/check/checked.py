"""A mapping that has passed its check: every name resolved, every value typed, every event known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consumer.avro.nodes import RecordType
from consumer.documents.findings import Place
from consumer.mapping.check.targets import Filled, Object
from consumer.mapping.file.grammar import Options
from consumer.mapping.language.nodes import Node, Var
from consumer.mapping.language.types import Record
from consumer.yespo.shared import SharedEvent
from consumer.yespo.spec import AccountContext, EventSpec


@dataclass(frozen=True, slots=True)
class Account:
    """An account as mappings see it: its part in bodies, and the APIs it is configured for."""

    context: AccountContext
    apis: frozenset[str]


@dataclass(frozen=True, slots=True)
class Each:
    """`for` of a send: one event per element, or with `by` per distinct value of `key`."""

    variable: Var
    source: Node
    condition: Node | None
    by: Node | None
    key: Var | None
    items: Var | None


@dataclass(frozen=True, slots=True)
class Side:
    """One event to build. In a `both`, `overrides` are laid over what the neutral values give."""

    spec: EventSpec
    tags: tuple[Filled, ...]
    """Free entries of the event as a whole: legacy Tags, v2 params."""
    overrides: Object | None = None


@dataclass(frozen=True, slots=True)
class CheckedSend:
    place: Place
    values: Object
    sides: tuple[Side, ...]
    shared: SharedEvent | None
    """The neutral event that `values` describe, in a `both`."""
    account: str | Node
    """A configured account, or the expression that names one."""
    each: Each | None
    condition: Node | None
    key_value: Node | None
    options: Options
    """Those of `defaults` included. Without `on_missing`, nothing can be missing."""


@dataclass(frozen=True, slots=True)
class CheckedRule:
    name: str
    place: Place
    when: Node | None
    sends: tuple[CheckedSend, ...]
    unknown: bool = False
    """True if `when` is written, but wrong: there is a finding, and nothing follows from the rule."""


@dataclass(frozen=True, slots=True)
class WriterSchema:
    """A schema that records may be written with: a file that `from.versions` names at `place`.

    `beside` are the schema files whose types it may use without defining them.
    """

    place: Place
    file: str
    data: bytes
    beside: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CheckedMapping:
    """One mapping file, proven."""

    file: str
    topics: tuple[str, ...]
    record: Record
    reader_schema: RecordType
    schema_place: Place
    """Place of the schema's name in the mapping file."""
    versions: tuple[WriterSchema, ...]
    identity: Mapping[str, Node]
    time: Node | None
    user_agent: Node | None
    order_by: tuple[Node, ...] | None
    suppress: tuple[tuple[Node, str], ...]
    """(condition, reason as a slug)"""
    match_all: bool
    otherwise: str
    rules: tuple[CheckedRule, ...]
    tables: Mapping[str, Mapping[str, str]]
    accounts: Mapping[str, Account]

    def accounts_of(self, send: CheckedSend, side: Side) -> dict[str, AccountContext]:
        """The accounts that this event can go to: one, or all that have its API where an expression
        names the account."""
        return {
            name: account.context
            for name, account in self.accounts.items()
            if side.spec.api in account.apis
            and (not isinstance(send.account, str) or send.account == name)
        }
