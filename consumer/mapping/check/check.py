"""The static check of a mapping file: everything that can be known before the first record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from consumer.avro.nodes import RecordType
from consumer.documents.findings import Finding, Place, did_you_mean
from consumer.mapping.check.assignability import taking
from consumer.mapping.check.blocks import Blocks
from consumer.mapping.check.checked import Account, CheckedMapping, CheckedRule, WriterSchema
from consumer.mapping.check.constants import path_meant
from consumer.mapping.check.routing import topic_problem
from consumer.mapping.check.sends import SendChecker, Surroundings
from consumer.mapping.file import grammar
from consumer.mapping.language.conversions import require, to_text
from consumer.mapping.language.facts import when_false, when_true
from consumer.mapping.language.inference import infer, infer_condition
from consumer.mapping.language.library.all import LIBRARY
from consumer.mapping.language.names import check_new_name
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.operators import UNPROVEN
from consumer.mapping.language.scope import Definition, Scope, Usage
from consumer.mapping.language.syntax import RESERVED, Source, Wrong
from consumer.mapping.language.types import Record, Time
from consumer.mapping.reasons import NoEvent
from consumer.yespo import catalogue
from consumer.yespo.spec import ContractViolation, EventSpec, FieldSpec, Kind

_CUSTOM_KINDS = {
    kind.value: kind
    for kind in (
        Kind.TEXT,
        Kind.NUMBER,
        Kind.INTEGER,
        Kind.FLAG,
        Kind.CURRENCY,
        Kind.TEXTS,
        Kind.ANY,
    )
} | {"time": Kind.MILLIS}


@dataclass(frozen=True, slots=True)
class Input:
    """A mapping file with all it refers to, read."""

    file: grammar.MappingFile
    included: Sequence[grammar.Shared]
    record: Record
    reader_schema: RecordType
    schema_shown: str
    schema_place: Place
    versions: tuple[WriterSchema, ...]


def check(given: Input, accounts: Mapping[str, Account], findings: list[Finding]) -> CheckedMapping:
    """The checked mapping; usable only if no error was added to `findings`."""
    return _FileChecker(given, accounts, findings).check()


class _FileChecker:
    def __init__(
        self, given: Input, accounts: Mapping[str, Account], findings: list[Finding]
    ) -> None:
        self._given = given
        self._file = given.file
        self._accounts = accounts
        self._findings = findings
        self._usage = Usage()
        self._guarded = True
        """True if every `suppress` is understood, and with it the facts about the records left."""

    def check(self) -> CheckedMapping:
        file = self._file
        shared = [*self._given.included, file.shared]
        scope = Scope(
            self._given.record,
            LIBRARY,
            self._given.schema_shown,
            file.lines,
            self._usage,
            tables=self._tables(shared),
        )
        blocks = Blocks()
        for part in shared:
            scope = self._define(scope, part.definitions)
            scope, blocks = self._share(scope, blocks, part.blocks)
        around = Surroundings(self._accounts, self._custom_events(shared), file.defaults, blocks)
        identity = self._identity(scope)
        suppress = []
        before = scope
        for entry in file.suppress:
            condition = self._condition(entry.when, before)
            if condition is None:
                self._guarded = False
            else:
                suppress.append((condition, self._reason(entry.reason)))
                before = before.knowing(when_false(condition))
        checked = CheckedMapping(
            file=file.shown,
            topics=tuple(word.text for word in file.topics),
            record=self._given.record,
            reader_schema=self._given.reader_schema,
            schema_place=self._given.schema_place,
            versions=self._given.versions,
            identity=identity,
            time=self._time(scope),
            user_agent=self._text(file.user_agent, scope, "`user_agent`"),
            order_by=self._order_by(scope),
            suppress=tuple(suppress),
            match_all=file.match_all,
            otherwise=file.otherwise,
            rules=tuple(self._rule(rule, before, around) for rule in file.rules),
            tables=scope.tables,
            accounts=self._accounts,
        )
        self._topics()
        self._unused(scope, file.shared.definitions)
        self._unused_blocks(blocks, file.shared.blocks)
        return checked

    def _topics(self) -> None:
        for word in self._file.topics:
            if problem := topic_problem(word.text):
                self._wrong(word.place, "bad-topic", *problem)

    def _tables(self, shared: Sequence[grammar.Shared]) -> dict[str, Mapping[str, str]]:
        tables: dict[str, Mapping[str, str]] = {}
        for part in shared:
            for name, (place, rows) in part.tables.items():
                taken = f"a field of `{self._given.record.name}`"
                if name in RESERVED or name in tables or name in self._given.record.fields:
                    what = taken if name in self._given.record.fields else "a name of its own"
                    self._wrong(place, "shadowing", f"`{name}` is already {what}")
                else:
                    tables[name] = rows
        return tables

    def _define(self, scope: Scope, definitions: Sequence[tuple[grammar.Word, Source]]) -> Scope:
        for word, source in definitions:
            try:
                check_new_name(scope, word.text, word.place)
            except Wrong as wrong:
                self._findings += wrong.findings
                continue
            definition = Definition(word.text, source, word.place, scope.definitions)
            scope = scope.defining({word.text: definition})
        return scope

    def _share(
        self, scope: Scope, blocks: Blocks, more: Sequence[tuple[grammar.Word, grammar.Block]]
    ) -> tuple[Scope, Blocks]:
        for word, block in more:
            try:
                check_new_name(scope, word.text, word.place)
            except Wrong as wrong:
                self._findings += wrong.findings
                continue
            scope = replace(scope, blocks={**scope.blocks, word.text: word.place})
            blocks = replace(blocks, by_name={**blocks.by_name, word.text: block})
        return scope, blocks

    def _unused_blocks(
        self, blocks: Blocks, defined: Sequence[tuple[grammar.Word, grammar.Block]]
    ) -> None:
        for word, block in defined:
            if word.text in blocks.by_name and block.place not in blocks.used:
                message = f"nothing uses `{word.text}`, so its fields are not checked"
                self._findings.append(Finding(word.place, "unused", message, "", "warning"))

    def _custom_events(self, shared: Sequence[grammar.Shared]) -> dict[str, EventSpec]:
        found: dict[str, EventSpec] = {}
        for part in shared:
            for event in part.custom_events:
                fields = [self._custom_field(name, kind) for name, kind in event.fields]
                try:
                    found[event.name.text] = catalogue.custom_v2(event.name.text, fields)
                except ContractViolation as violation:
                    message = f"`{event.name.text}`: {violation.message}"
                    self._wrong(event.name.place, "custom-event", message)
        return found

    def _custom_field(self, name: grammar.Word, kind: grammar.Word) -> FieldSpec:
        word, _, extra = (part.strip() for part in kind.text.partition(","))
        if word not in _CUSTOM_KINDS or extra not in {"", "required"}:
            remedy = did_you_mean(word, _CUSTOM_KINDS) + "\nlike `text` or `text, required`"
            self._wrong(kind.place, "unknown-word", f"`{kind.text}` is no type", remedy)
        chosen = _CUSTOM_KINDS.get(word, Kind.TEXT)
        return catalogue.declared(name.text, chosen, required=extra == "required")

    def _identity(self, scope: Scope) -> dict[str, Node]:
        found = {}
        for name, (_, source) in self._file.identity.items():
            node = self._text(source, scope, f"`{name}`")
            if node:
                found[name] = node
        return found

    def _text(self, source: Source | None, scope: Scope, what: str) -> Node | None:
        if source is None:
            return None
        try:
            node = infer(source, scope, taking(Kind.TEXT))
            self._findings += path_meant(source, node, scope)
            return to_text(node, what)
        except Wrong as wrong:
            self._findings += wrong.findings
            return None

    def _order_by(self, scope: Scope) -> tuple[Node, ...] | None:
        if self._file.order_by is None:
            return None
        nodes = (self._text(source, scope, "`order_by`") for source in self._file.order_by)
        return tuple(node for node in nodes if node)

    def _time(self, scope: Scope) -> Node | None:
        source = self._file.time
        if source is None:
            return None
        try:
            return require(infer(source, scope), Time, "`time`", "time")
        except Wrong as wrong:
            self._findings += wrong.findings
            return None

    def _condition(self, source: Source, scope: Scope) -> Node | None:
        try:
            return infer_condition(source, scope)
        except Wrong as wrong:
            self._findings += wrong.findings
            return None

    def _reason(self, word: grammar.Word) -> str:
        slug = re.sub(r"[^a-z0-9]+", "_", word.text.lower()).strip("_")
        if not slug or len(slug) > 60 or slug in frozenset(NoEvent):
            message = "this cannot be a reason: it becomes a metric label"
            self._wrong(word.place, "bad-name", message, "a few words in Latin letters")
        return slug

    def _rule(self, rule: grammar.Rule, scope: Scope, around: Surroundings) -> CheckedRule:
        scope = self._define(scope, rule.definitions)
        scope, blocks = self._share(scope, around.blocks, rule.blocks)
        around = replace(around, blocks=blocks)
        when = self._condition(rule.when, scope) if rule.when else None
        if when:
            scope = scope.knowing(when_true(when))
        unknown = rule.when is not None and when is None
        found: list[Finding] = []
        sends = [SendChecker(send, around, found).check(scope) for send in rule.sends]
        proven = self._guarded and not unknown
        self._findings += [one for one in found if proven or one.code not in UNPROVEN]
        self._unused(scope, rule.definitions)
        self._unused_blocks(blocks, rule.blocks)
        made = tuple(send for send in sends if send)
        return CheckedRule(rule.name.text, rule.name.place, when, made, unknown)

    def _unused(self, scope: Scope, definitions: Sequence[tuple[grammar.Word, Source]]) -> None:
        """Definitions that nothing uses are checked as well, and named."""
        for word, _ in definitions:
            definition = scope.definitions.get(word.text)
            if definition is None or definition.place in self._usage.definitions:
                continue
            try:
                infer(definition.source, replace(scope, definitions=definition.sees))
            except Wrong as wrong:
                self._findings += wrong.findings
                continue
            message = f"nothing uses `{word.text}`"
            self._findings.append(Finding(word.place, "unused", message, "", "warning"))

    def _wrong(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self._findings.append(Finding(place, code, message, remedy))
