"""What a mapping does with one record, step by step: conditions, fields, events.

The steps are those of the generated function; a test holds the events of both equal, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from consumer.documents.findings import Place
from consumer.errors import InvalidRecord
from consumer.mapping.check.checked import CheckedMapping, CheckedRule, CheckedSend, Side
from consumer.mapping.check.targets import Filled, Loop, Object, Plain, Several, Target
from consumer.mapping.file.freshness import freshness
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.runtime import Unusable
from consumer.mapping.run.identity_keys import FIELDS
from consumer.mapping.run.output import Missing, Output, Plan
from consumer.mapping.run.runtime_values import merged
from consumer.mapping.workbench.conditions import Verdict, judged
from consumer.mapping.workbench.evaluate import Probes
from consumer.mapping.workbench.paths import RECORD, Names, element_of, sources
from consumer.model import Event, Record
from consumer.yespo.spec import Identity


@dataclass(frozen=True, slots=True)
class FilledFrom:
    """One value of an event: where it went, what it is (None: absent), which expression gave it."""

    path: str
    value: Any
    node: Node
    sources: tuple[str, ...]


@dataclass(slots=True)
class SendTrace:
    """One event that a send built, or did not. `made` are its events, `skipped` (api, reason)."""

    rule: str
    names: tuple[str, ...]
    place: Place
    fields: list[FilledFrom] = field(default_factory=list)
    made: list[Event] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    missing: str = ""


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """`state` is what the mapping did; a rule that was not reached may well hold."""

    name: str
    place: Place
    state: Literal["taken", "refused", "not_reached"]
    verdict: Verdict


@dataclass(slots=True)
class Trace:
    """Everything that happened until the record was mapped, filtered or found invalid."""

    suppress: list[tuple[str, Verdict]] = field(default_factory=list)
    """(reason, whether it held), up to the one that did."""
    rules: list[RuleTrace] = field(default_factory=list)
    person: list[FilledFrom] = field(default_factory=list)
    """Identity, time, user agent."""
    sends: list[SendTrace] = field(default_factory=list)
    invalid: InvalidRecord | None = None

    @property
    def events(self) -> list[Event]:
        return [event for send in self.sends for event in send.made]

    @property
    def filled(self) -> Iterator[FilledFrom]:
        """Every value that was read for an event."""
        yield from self.person
        for send in self.sends:
            yield from send.fields


@dataclass(frozen=True, slots=True)
class _Around:
    """What an expression can see: variables with their values, and the paths they stand for."""

    variables: dict[str, Any]
    names: Names

    def within(self, name: str, value: Any, path: str) -> _Around:
        return _Around({**self.variables, name: value}, {**self.names, name: path})


class Tracer:
    """Traces records of one mapping file."""

    def __init__(self, mapping: CheckedMapping) -> None:
        self._mapping = mapping
        self._probes = Probes(mapping)

    def trace(self, record: Record, value: Any) -> Trace:
        """`value` is what the decoder says of the record; not a tombstone."""
        trace = Trace()
        try:
            self._map(record, _Around({"record": value, "kafka": record}, RECORD), trace)
        except InvalidRecord as invalid:
            trace.invalid = invalid
        except Unusable as unusable:
            trace.invalid = InvalidRecord("mapping", unusable.reason, "a value that no shop means")
        return trace

    def _map(self, record: Record, around: _Around, trace: Trace) -> None:
        for condition, reason in self._mapping.suppress:
            verdict = judged(condition, self._probes, around.variables)
            trace.suppress.append((reason, verdict))
            if verdict.holds:
                return
        taken = self._rules(around, trace)
        if not taken:
            return
        out = Output(record)
        self._who(out, around, trace)
        for rule in taken:
            if self._mapping.match_all:
                out.rule()
            for send in rule.sends:
                _Sending(self._mapping, self._probes, out, rule, send, trace).run(around)

    def _rules(self, around: _Around, trace: Trace) -> list[CheckedRule]:
        taken: list[CheckedRule] = []
        for rule in self._mapping.rules:
            verdict = judged(rule.when, self._probes, around.variables)
            state: Literal["taken", "refused", "not_reached"] = "refused"
            if taken and not self._mapping.match_all:
                state = "not_reached"
            elif verdict.holds:
                state = "taken"
                taken.append(rule)
            trace.rules.append(RuleTrace(rule.name, rule.place, state, verdict))
        return taken

    def _who(self, out: Output, around: _Around, trace: Trace) -> None:
        mapping = self._mapping

        def read(name: str, node: Node) -> Any:
            value = self._probes.value(node, around.variables)
            trace.person.append(FilledFrom(name, value, node, sources(node, around.names)))
            return value

        person = {FIELDS[name]: read(name, node) for name, node in mapping.identity.items()}
        time = read("time", mapping.time) if mapping.time else None
        agent = read("user_agent", mapping.user_agent) if mapping.user_agent else None
        order_by = None
        if mapping.order_by is not None:
            order_by = [self._probes.value(node, around.variables) for node in mapping.order_by]
        out.who(Identity(**person), time, agent, order_by)


class _Sending:
    """One send of a rule that takes the record."""

    def __init__(
        self,
        mapping: CheckedMapping,
        probes: Probes,
        out: Output,
        rule: CheckedRule,
        send: CheckedSend,
        trace: Trace,
    ) -> None:
        self._probes = probes
        self._out = out
        self._rule = rule
        self._send = send
        self._trace = trace
        self._plans = [_plan(mapping, rule, send, side) for side in send.sides]
        self._current = SendTrace("", (), send.place)

    def run(self, around: _Around) -> None:
        send = self._send
        each = send.each
        if each is None:
            if self._holds(send.condition, around):
                self._event(around)
            return
        path = element_of(each.source, around.names)
        groups: dict[Any, list[Any]] = {}
        for element in self._probes.value(each.source, around.variables) or ():
            inside = around.within(each.variable.name, element, path)
            if not self._holds(each.condition, inside):
                continue
            if each.by is None:
                self._event(inside)
            else:
                key = self._probes.value(each.by, inside.variables)
                groups.setdefault(key, []).append(element)
        if each.by is None or each.key is None or each.items is None:
            return
        by = sources(each.by, {**around.names, each.variable.name: path})
        for key, elements in groups.items():
            inside = around.within(each.key.name, key, ", ".join(by))
            self._event(inside.within(each.items.name, elements, path.removesuffix("[]")))

    def _holds(self, condition: Node | None, around: _Around) -> bool:
        return condition is None or self._probes.holds(condition, around.variables)

    def _event(self, around: _Around) -> None:
        send, out = self._send, self._out
        names = tuple(f"{side.spec.api} {side.spec.name}" for side in send.sides)
        self._current = SendTrace(self._rule.name, names, send.place)
        self._trace.sends.append(self._current)
        account = send.account
        if not isinstance(account, str):
            account = self._probes.value(account, around.variables)
        try:
            ready, key_value = self._values(around)
        except Missing as missing:
            self._current.missing = missing.args[0]
            for plan in self._plans:
                out.missing(plan, account, missing)
                self._current.skipped.append((plan.api, "missing"))
            return
        for plan, values in zip(self._plans, ready, strict=True):
            before = len(out.events)
            out.add(plan, account, values, None if plan.legacy else key_value)
            made = out.events[before:]
            self._current.made += made
            if not made:
                self._current.skipped.append((plan.api, "no_identifier"))

    def _values(self, around: _Around) -> tuple[list[dict[str, Any]], str | None]:
        """The values of each side's event, and the `keyValue`. Raises Missing."""
        send = self._send
        key_value = None
        if send.key_value is not None:
            key_value = self._probes.value(send.key_value, around.variables)
            self._note("keyValue", key_value, send.key_value, around)
        values = self._object(send.values, around, "") or {}
        ready = []
        for side in send.sides:
            own = values
            if send.shared is not None:
                legacy = side.spec.api == "legacy"
                own = (send.shared.to_legacy if legacy else send.shared.to_v2)(values)
            self._tags(side, own, around)
            if side.overrides is not None:
                own = merged(own, self._object(side.overrides, around, "") or {})
            ready.append(own)
        return ready, key_value

    def _tags(self, side: Side, own: dict[str, Any], around: _Around) -> None:
        """Entries of the event as a whole; in a `both` they lie under the neutral `tags`."""
        legacy = side.spec.api == "legacy"
        entries = self._members(side.tags, around, "tags" if legacy else "params")
        if not entries:
            return
        key, laid = ("Tags", {"*": entries}) if legacy else ("*", entries)
        if any(filled.name == "tags" for filled in self._send.values.fields):
            laid = merged(laid, own.get(key, {}))
        own[key] = laid

    def _object(self, target: Object, around: _Around, at: str) -> dict[str, Any] | None:
        if not self._holds(target.condition, around):
            return None
        return self._inside(target, around, at)

    def _inside(self, target: Object, around: _Around, at: str) -> dict[str, Any]:
        values = self._members(target.fields, around, at)
        own = self._members(target.free, around, at)
        return {**values, "*": own} if own else values

    def _members(self, filled: Sequence[Filled], around: _Around, at: str) -> dict[str, Any]:
        """What is always there first, then what may be absent: the order of the generated code."""
        always: dict[str, Any] = {}
        optional: dict[str, Any] = {}
        for one in filled:
            value = self._value(one.target, around, f"{at}.{one.name}" if at else one.name)
            if not one.target.nullable:
                always[one.name] = value
            elif one.required:
                if value is None:
                    raise Missing(one.path)
                always[one.name] = value
            elif value is not None:
                optional[one.name] = value
        return always | optional

    def _value(self, target: Target, around: _Around, at: str) -> Any:
        match target:
            case Plain(node=node):
                value = self._probes.value(node, around.variables)
                self._note(at, value, node, around)
                return value
            case Object():
                return self._object(target, around, at)
            case Loop():
                return self._loop(target, around, at, 0)
            case Several(parts=parts):
                return self._several(parts, around, at)

    def _loop(self, target: Loop, around: _Around, at: str, first: int) -> list[Any] | None:
        elements = self._probes.value(target.source, around.variables)
        if elements is None:
            self._note(at, None, target.source, around)
            return None
        path = element_of(target.source, around.names)
        made: list[Any] = []
        for element in elements:
            inside = around.within(target.variable.name, element, path)
            if self._holds(target.element.condition, inside):
                made.append(self._inside(target.element, inside, f"{at}[{first + len(made)}]"))
        return made

    def _several(self, parts: Sequence[Target], around: _Around, at: str) -> list[Any]:
        made: list[Any] = []
        for part in parts:
            if isinstance(part, Loop):
                made += self._loop(part, around, at, len(made)) or []
                continue
            value = self._value(part, around, f"{at}[{len(made)}]")
            if value is not None:
                made.append(value)
        return made

    def _note(self, at: str, value: Any, node: Node, around: _Around) -> None:
        found = FilledFrom(at, value, node, sources(node, around.names))
        self._current.fields.append(found)


class _TracedPlan(Plan):
    """A plan that knows its API."""

    __slots__ = ("api",)
    api: str


def _plan(mapping: CheckedMapping, rule: CheckedRule, send: CheckedSend, side: Side) -> _TracedPlan:
    accounts = mapping.accounts_of(send, side)
    aged = freshness(send.max_age_ms, send.when_older, side.spec)
    plan = _TracedPlan(
        side.spec, rule.name, accounts, send.on_missing, aged, conflate=send.conflate
    )
    plan.api = side.spec.api
    return plan
