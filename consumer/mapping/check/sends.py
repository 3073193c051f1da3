"""Checks of `send`: the event, where it goes, and what fills it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from consumer.documents.findings import Edit, Finding, Place, did_you_mean, renamed, wrapped
from consumer.mapping.check.absence import absent_part
from consumer.mapping.check.assignability import known_texts, outcomes, severity_of
from consumer.mapping.check.blocks import Blocks
from consumer.mapping.check.checked import Account, CheckedSend, Each, Side
from consumer.mapping.check.fields import Contract, FieldChecker, loop_over
from consumer.mapping.check.targets import Filled, Object
from consumer.mapping.file import grammar
from consumer.mapping.file.send_options import ACCOUNT, ON_MISSING, OPTIONS, PARAMS, TAGS
from consumer.mapping.language.conversions import to_text
from consumer.mapping.language.facts import when_true
from consumer.mapping.language.inference import infer, infer_condition
from consumer.mapping.language.names import path_text
from consumer.mapping.language.nodes import Const, Node, key_of
from consumer.mapping.language.scope import Scope
from consumer.mapping.language.syntax import Source, Wrong
from consumer.mapping.language.types import Array, Nothing, Slot, Text
from consumer.yespo import catalogue
from consumer.yespo.names import near_miss
from consumer.yespo.shared import SHARED, SharedEvent
from consumer.yespo.spec import EventSpec, FieldSpec, Free


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Context of all sends of a file."""

    accounts: Mapping[str, Account]
    custom_events: Mapping[str, EventSpec]
    defaults: grammar.Options
    blocks: Blocks = field(default_factory=Blocks)


class SendChecker:
    """Checks one send."""

    def __init__(self, send: grammar.Send, around: Surroundings, findings: list[Finding]) -> None:
        self._send = send
        self._around = around
        self._findings = findings
        self._options = send.options.over(around.defaults)
        self._lines: list[str] = []
        self._on_missing = ON_MISSING.of(self._options)

    def check(self, scope: Scope) -> CheckedSend | None:
        """The checked send, or None after a finding that leaves nothing to go on with."""
        send = self._send
        self._lines = scope.lines
        try:
            each, inner = self._each(scope)
            condition = None
            if send.condition and each is None:
                condition = infer_condition(send.condition, inner)
                inner = inner.knowing(when_true(condition))
            specs, shared = self._event()
            key_value = self._key_value(inner)
        except Wrong as wrong:
            self._findings += wrong.findings
            return None
        account = self._account(inner, [spec.api for spec in specs])
        before = len(self._findings)
        values, sides = self._values(specs, shared, inner)
        self._findings[before:] = map(self._skippable, self._findings[before:])
        if account is None:
            return None
        for option in OPTIONS:
            if option.check is not None:
                self._findings += option.check(send, specs, self._around.defaults)
        return CheckedSend(
            place=send.place,
            values=values,
            sides=tuple(sides),
            shared=shared,
            account=account,
            each=each,
            condition=condition,
            key_value=key_value,
            options=self._options,
        )

    def _skippable(self, finding: Finding) -> Finding:
        """The finding with an edit that skips the event: `on_missing: skip`, behind its name."""
        event, begin = self._send.event.place, self._send.place
        if finding.code != "nullable" or event.end <= event.column:
            return finding
        flow = self._lines[begin.line - 1][begin.column - 1 :].startswith("{")
        indent = " " * (begin.column - 1)
        text = ", on_missing: skip" if flow else f"\n{indent}on_missing: skip"
        place = Place(event.file, event.line, event.end, event.end)
        return replace(finding, edits=(Edit(place, text),))

    def _each(self, scope: Scope) -> tuple[Each | None, Scope]:
        send = self._send
        if send.loop is None:
            return None, scope
        source, inner, variable = loop_over(send.loop, scope)
        condition = None
        if send.condition:
            condition = infer_condition(send.condition, inner)
            inner = inner.knowing(when_true(condition))
        if send.by is None:
            return Each(variable, source, condition, None, None, None), inner
        by = infer(send.by, inner)
        if by.slot.nullable:
            raise self._by_absent(by)
        text = to_text(by, "`by`")
        place = send.by.scalar.place
        key = scope.new_variable("key", Slot(Text()), place)
        items = scope.new_variable("items", Slot(Array(Slot(variable.slot.type))), place)
        grouped = scope.with_variables(("key", key), ("items", items))
        name = send.loop.text.split(maxsplit=1)[0]
        hint = (
            f"`by` makes groups of several `{name}`: `key` is what they share, `items` are they;\n"
        )
        hint += f"write `items[0]` for the first, or `for: {name} in items`"
        grouped = replace(grouped, hidden={**scope.hidden, name: hint})
        return Each(variable, source, condition, text, key, items), grouped

    def _by_absent(self, by: Node) -> Wrong:
        """The finding for elements without a group. A condition can prove just paths."""
        culprit = absent_part(by)
        path = path_text(culprit)
        if key_of(culprit) is not None:
            remedy = f"leave those elements out: `if: {path} != null`"
        else:
            remedy = 'give those elements a group of their own: `coalesce(..., "none")`'
        edits = wrapped(by.place, "coalesce(", ', "none")') if key_of(culprit) is None else ()
        return Wrong(by.place, "nullable", "`by` may be absent", remedy, edits)

    def _event(self) -> tuple[list[EventSpec], SharedEvent | None]:
        send = self._send
        name, place = send.event.text, send.event.place
        if send.api == "both":
            shared = SHARED.get(name)
            if shared is None:
                message = f"there is no shared event `{name}`"
                edits = renamed(place, name, SHARED, yaml=True)
                raise Wrong(place, "unknown-event", message, did_you_mean(name, SHARED), edits)
            legacy, v2 = catalogue.event("legacy", shared.legacy), catalogue.event("v2", shared.v2)
            assert legacy is not None
            assert v2 is not None
            return [legacy, v2], shared
        api: Literal["legacy", "v2"] = "legacy" if send.api == "legacy" else "v2"
        spec = catalogue.event(api, name)
        if spec is None and api == "v2":
            spec = self._around.custom_events.get(name)
        if spec is None:
            known = [*catalogue.names(api), *self._around.custom_events]
            remedy = did_you_mean(name, known)
            if api == "v2":
                remedy += "\nan event type of your own is declared under `custom_events`"
            edits = renamed(place, name, known, yaml=True)
            message = f"the {api} API has no event `{name}`"
            raise Wrong(place, "unknown-event", message, remedy, edits)
        return [spec], None

    def _key_value(self, scope: Scope) -> Node | None:
        send = self._send
        if send.key_value is None:
            return None
        if send.api == "legacy":
            place = send.key_value.scalar.place
            raise Wrong(place, "unknown-target", "`keyValue` belongs to v2", "remove it")
        return to_text(infer(send.key_value, scope), "`keyValue`")

    def _account(self, scope: Scope, apis: Sequence[str]) -> str | Node | None:
        accounts = self._around.accounts
        written = ACCOUNT.of(self._options)
        if written is None:
            if len(accounts) != 1:
                remedy = f"account: one of {', '.join(accounts)}; in `defaults` for every send"
                message = "there are several accounts: say which"
                self._wrong(self._send.place, "account", message, remedy)
                return None
            return self._with_apis(next(iter(accounts)), apis, self._send.place)
        if written.text in accounts:
            if scope.taken(written.text):
                message = f"`{written.text}` is both an account and {scope.taken(written.text)}"
                remedy = "rename the account, or write the field as `record.…`"
                self._wrong(written.place, "account", message, remedy)
            return self._with_apis(written.text, apis, written.place)
        try:
            node = to_text(infer(Source(written, scope.lines), scope), "`account`")
        except Wrong as wrong:
            if wrong.finding.code == "unknown-name":
                remedy = did_you_mean(written.text, accounts)
                message = f"there is no account `{written.text}`"
                self._wrong(written.place, "account", message, remedy)
            else:
                self._findings += wrong.findings
            return None
        for one in outcomes(node):
            names = known_texts(one)
            faults = [found for name in names if (found := self._fault(name, apis, written.place))]
            severity = severity_of(one, len(faults), len(names))
            self._findings += [replace(found, severity=severity) for found in faults]
        return node

    def _fault(self, name: str, apis: Sequence[str], place: Place) -> Finding | None:
        """The finding if no event can go to an account of that name; None if it can."""
        accounts = self._around.accounts
        if name not in accounts:
            message = f"`account` may be `{name}`, which is not configured"
            return Finding(place, "account", message, did_you_mean(name, accounts))
        for api in apis:
            if api not in accounts[name].apis:
                message = f"the account `{name}` has no `{api}` API"
                return Finding(place, "account", message, f"configure yespo.accounts.{name}.{api}")
        return None

    def _with_apis(self, name: str, apis: Sequence[str], place: Place) -> str | None:
        fault = self._fault(name, apis, place)
        if fault is None:
            return name
        self._findings.append(fault)
        return None

    def _values(
        self, specs: Sequence[EventSpec], shared: SharedEvent | None, scope: Scope
    ) -> tuple[Object, list[Side]]:
        send = self._send
        if shared is None:
            spec = specs[0]
            checker = self._checker(spec.name)
            members = self._without_tags(spec, send.members)
            values = checker.object(spec.fields, spec.free, members, scope, "", send.place)
            self._alternatives(spec, members)
            return values, [Side(spec, tuple(self._tags(spec, scope, own=True)))]
        checker = FieldChecker(
            Contract(
                shared.name,
                bool(self._on_missing),
                _NearMiss(shared),
                blocks=self._around.blocks,
            ),
            self._findings,
        )
        members = dict(send.members)
        if tags := TAGS.of(send.options):
            block = grammar.Block(send.place, tags)
            members["tags"] = grammar.Member("tags", send.place, block)
        values = checker.object(shared.fields, Free.NONE, members, scope, "", send.place)
        sides = [
            Side(
                spec,
                tuple(self._tags(spec, scope, own=spec.api == "v2")),
                self._override(spec, scope),
            )
            for spec in specs
        ]
        return values, sides

    def _checker(self, name: str, *, partial: bool = False) -> FieldChecker:
        blocks = self._around.blocks
        contract = Contract(name, bool(self._on_missing), _documented, partial, blocks)
        return FieldChecker(contract, self._findings)

    def _without_tags(
        self, spec: EventSpec, members: Mapping[str, grammar.Member]
    ) -> Mapping[str, grammar.Member]:
        """`Tags` in the vendor's own spelling: there is one way to write them."""
        if spec.api == "legacy" and "Tags" in members:
            self._wrong(members["Tags"].place, "unknown-target", "`Tags` is written `tags:`")
            return {name: member for name, member in members.items() if name != "Tags"}
        return members

    def _override(self, spec: EventSpec, scope: Scope) -> Object | None:
        block = self._send.overrides.get(spec.api)
        if block is None:
            return None
        members = self._without_tags(spec, block.members)
        checker = self._checker(spec.name, partial=True)
        return checker.object(spec.fields, spec.free, members, scope, "", block.place)

    def _tags(self, spec: EventSpec, scope: Scope, *, own: bool) -> list[Filled]:
        """Entries of the event as a whole: those of `defaults`, and of the send over them."""
        legacy = spec.api == "legacy"
        specs, free = spec.fields, spec.free
        if legacy:
            tags = next((field for field in spec.fields if field.free is Free.TAGS), None)
            specs, free = (tags.fields, Free.TAGS) if tags else ((), Free.NONE)
        self._check_options(spec, free)
        if free is Free.NONE:
            return []
        option = TAGS if legacy else PARAMS
        base = option.of(self._around.defaults) or {}
        over = (option.of(self._send.options) or {}) if own else {}
        entries = {**base, **over}
        kept = {name: member for name, member in entries.items() if not _is_null(member, scope)}
        path = "Tags" if legacy else ""
        return self._checker(spec.name).free(specs, free, kept, scope, path)

    def _check_options(self, spec: EventSpec, free: Free) -> None:
        """`tags` on v2, `params` on legacy, or either where the event takes none."""
        if self._send.api == "both":
            return
        for word, members, api in (
            ("tags", TAGS.of(self._send.options), "legacy"),
            ("params", PARAMS.of(self._send.options), "v2"),
        ):
            if members and (spec.api != api or free is Free.NONE):
                place = next(iter(members.values())).place
                message = f"`{spec.name}` takes no `{word}`"
                self._wrong(place, "unknown-target", message)

    def _alternatives(self, spec: EventSpec, members: Mapping[str, grammar.Member]) -> None:
        groups = tuple(one.fields for one in spec.traits.alternatives)
        if groups and not any(all(name in members for name in group) for group in groups):
            either = " or ".join("`" + "`, `".join(group) + "`" for group in groups)
            message = f"`{spec.name}` needs {either}"
            self._wrong(self._send.place, "missing-field", message)
            return
        # Fields that only another dialect takes would be refused for every record.
        dialects = {one.context.dialect for one in self._around.accounts.values()}
        met = [
            one
            for one in spec.traits.alternatives
            if all(name in members for name in one.fields)
            and (not one.dialect or one.dialect in dialects)
        ]
        if groups and not met:
            needed = next(one for one in spec.traits.alternatives if one.fields[0] in members)
            message = (
                f"`{spec.name}` with only `{needed.fields[0]}` is for `{needed.dialect}` accounts"
            )
            remedy = (
                f"fill `{groups[0][0]}`, or set `legacy.dialect: {needed.dialect}` for the account"
            )
            self._wrong(self._send.place, "dialect", message, remedy)

    def _wrong(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self._findings.append(Finding(place, code, message, remedy))


def _documented(specs: Sequence[FieldSpec], name: str, free: Free, path: str) -> str | None:
    del path
    return near_miss(specs, name, free)


@dataclass(frozen=True, slots=True)
class _NearMiss:
    """Free names of a shared event must not look like a documented field of either API."""

    shared: SharedEvent

    def __call__(self, specs: Sequence[FieldSpec], name: str, free: Free, path: str) -> str | None:
        del specs, free
        outer = path.partition(".")[0].removesuffix("[]")
        return self.shared.near_miss(("tags",) if outer == "tags" else (outer, "properties"), name)


def _is_null(member: grammar.Member, scope: Scope) -> bool:
    """`platform: null` takes a default away."""
    if not isinstance(member.value, grammar.Expression):
        return False
    try:
        node = infer(member.value.source, scope)
    except Wrong:
        return False
    return isinstance(node, Const) and isinstance(node.slot.type, Nothing)
