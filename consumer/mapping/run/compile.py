"""From a checked mapping to one generated Python function.

map_record(record, kafka, out)     suppress, then the rules in order
who(record, kafka, out)            identity and time, once per record that a rule takes
rule_3(record, kafka, out)         builds the events of one rule
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consumer.mapping.check.checked import CheckedMapping, CheckedRule, CheckedSend, Each, Side
from consumer.mapping.check.targets import may_miss
from consumer.mapping.language import runtime
from consumer.mapping.language.nodes import Logic, Node
from consumer.mapping.reasons import NoEvent
from consumer.mapping.run.emit import Code
from consumer.mapping.run.emit_targets import TargetCode
from consumer.mapping.run.identity_keys import FIELDS
from consumer.mapping.run.output import Missing, Output, Plan
from consumer.mapping.run.runtime_values import merged
from consumer.model import Record
from consumer.yespo.spec import Identity

MapRecord = Callable[[Any, Record, Output], None]

RUNTIME = (
    runtime.add,
    runtime.subtract,
    runtime.multiply,
    runtime.divide,
    runtime.floor_divide,
    runtime.remainder,
    runtime.times,
    runtime.less,
    runtime.less_equal,
    runtime.equal,
    runtime.not_equal,
    runtime.among,
    runtime.text,
    runtime.joined,
    runtime.mixed_text,
    runtime.mixed_texts,
    runtime.plain_json,
    runtime.texts,
    runtime.present,
    runtime.to_ms,
    runtime.at,
    runtime.utf8,
    runtime.header,
)


def compile_mapping(mapping: CheckedMapping) -> tuple[MapRecord, str]:
    """The function, and its source for `mapping explain --code`."""
    code = Code()
    function: MapRecord = build(mapping, code)["map_record"]
    return function, code.source


def build(mapping: CheckedMapping, code: Code) -> dict[str, Any]:
    """Write the mapping's functions into `code`, which may hold others already; all of them by name."""
    _Compiler(mapping, code).write()
    names: dict[str, Any] = {function.__name__: function for function in RUNTIME}
    names |= {"Missing": Missing, "Identity": Identity, "merged": merged}
    names |= {f"table_{name}": rows for name, rows in mapping.tables.items()}
    names |= code.constants
    # Generated here from the checked tree: no text of the file reaches it except through repr.
    exec(compile(code.source, f"<{mapping.file}>", "exec"), names)  # noqa: S102
    return names


class _Compiler:
    def __init__(self, mapping: CheckedMapping, code: Code) -> None:
        self._mapping = mapping
        self._code = code
        self._targets = TargetCode(code)

    def write(self) -> None:
        for number, rule in enumerate(self._mapping.rules, 1):
            self._rule(number, rule)
        self._who()
        self._map_record()

    def _map_record(self) -> None:
        code = self._code
        with code.function("def map_record(record, kafka, out):"):
            for condition, reason in self._mapping.suppress:
                with code.block(f"if {code.condition(condition)}:"):
                    code.line(f"out.filtered = {reason!r}")
                    code.line("return")
            if self._mapping.match_all:
                code.line("taken = False")
            for number, rule in enumerate(self._mapping.rules, 1):
                code.line(f"# {number}: {_comment(rule)}")
                self._when(rule.when, number)
            if self._mapping.match_all:
                code.line("if taken: return")
            code.line(f"out.filtered = {NoEvent.NO_RULE.value!r}")

    def _when(self, when: Node | None, number: int) -> None:
        code = self._code
        if when is None:
            self._take(number)
            return
        if isinstance(when, Logic) and when.all:
            with code.block(f"if {code.condition(when.parts[0])}:"):
                rest = when.parts[1:]
                after = Logic(True, rest, when.slot, when.place) if len(rest) > 1 else rest[0]
                self._when(after, number)
            return
        with code.block(f"if {code.condition(when)}:"):
            self._take(number)

    def _take(self, number: int) -> None:
        code = self._code
        if not self._mapping.match_all:
            code.line("who(record, kafka, out)")
            code.line(f"rule_{number}(record, kafka, out)")
            code.line("return")
            return
        code.line("if not taken: who(record, kafka, out)")
        code.line("taken = True")
        code.line(f"rule_{number}(record, kafka, out)")

    def _who(self) -> None:
        code, mapping = self._code, self._mapping
        with code.function("def who(record, kafka, out):"):
            values = {name: self._noted(name, node) for name, node in mapping.identity.items()}
            parts = [values.get(name, "None") for name in FIELDS]
            time = self._noted("time", mapping.time) if mapping.time else "None"
            agent = "None"
            if mapping.user_agent:
                agent = self._noted("user_agent", mapping.user_agent)
            order_by = "None"
            if mapping.order_by is not None:
                order_by = f"[{', '.join(code.value(node) for node in mapping.order_by)}]"
            code.line(f"out.who(Identity({', '.join(parts)}), {time}, {agent}, {order_by})")

    def _noted(self, name: str, node: Node) -> str:
        return self._code.noted(node, (repr(name),))

    def _rule(self, number: int, rule: CheckedRule) -> None:
        code = self._code
        with code.function(f"def rule_{number}(record, kafka, out):  # {_comment(rule)}"):
            if self._mapping.match_all:
                code.line("out.rule()")
            for send in rule.sends:
                self._send(rule, send)

    def _send(self, rule: CheckedRule, send: CheckedSend) -> None:
        code = self._code
        if send.each:
            self._each(send.each, rule, send)
        elif send.condition:
            with code.block(f"if {code.condition(send.condition)}:"):
                self._event(rule, send)
        else:
            self._event(rule, send)

    def _each(self, each: Each, rule: CheckedRule, send: CheckedSend) -> None:
        code = self._code
        source = code.atom(each.source)
        if each.source.slot.nullable:
            source = f"({source} or ())"
        if each.by is None:
            with code.block(f"for {each.variable.name} in {source}:"):
                if each.condition is None:
                    self._event(rule, send)
                else:
                    with code.block(f"if {code.condition(each.condition)}:"):
                        self._event(rule, send)
            return
        assert each.key is not None
        assert each.items is not None
        groups = code.temporary()
        code.line(f"{groups} = {{}}")
        with code.block(f"for {each.variable.name} in {source}:"):
            if each.condition is None:
                self._group(groups, each)
            else:
                with code.block(f"if {code.condition(each.condition)}:"):
                    self._group(groups, each)
        with code.block(f"for {each.key.name}, {each.items.name} in {groups}.items():"):
            self._event(rule, send)

    def _group(self, groups: str, each: Each) -> None:
        assert each.by is not None
        key = self._code.value(each.by)
        self._code.line(f"{groups}.setdefault({key}, []).append({each.variable.name})")

    def _event(self, rule: CheckedRule, send: CheckedSend) -> None:
        code = self._code
        code.sending(rule, send)
        plans = [self._plan(rule, send, side) for side in send.sides]
        account = repr(send.account) if isinstance(send.account, str) else code.atom(send.account)
        guarded = may_miss(send.values) or any(
            side.overrides and may_miss(side.overrides) for side in send.sides
        )
        if not guarded:
            self._build(send, plans, account)
            return
        with code.block("try:"):
            self._build(send, plans, account)
        with code.block("except Missing as what:"):
            for plan in plans:
                code.line(f"out.missing({plan}, {account}, what)")

    def _build(self, send: CheckedSend, plans: list[str], account: str) -> None:
        """All values first, then the events: a value that is missing leaves none of them."""
        code = self._code
        key_value = "None"
        if send.key_value:
            key_value = code.named(self._noted("keyValue", send.key_value), send.key_value)
        values = code.named(self._targets.object(send.values))
        ready = []
        for side in send.sides:
            own = values
            if send.shared:
                legacy = side.spec.api == "legacy"
                convert = send.shared.to_legacy if legacy else send.shared.to_v2
                name = code.constant(f"{send.shared.name}_to_{side.spec.api}", convert)
                own = code.named(f"{name}({values})")
            own = self._tags(send, side, own)
            if side.overrides:
                own = code.named(f"merged({own}, {self._targets.object(side.overrides)})")
            ready.append(own)
        for plan, own, side in zip(plans, ready, send.sides, strict=True):
            key = "None" if side.spec.api == "legacy" else key_value
            code.line(f"out.add({plan}, {account}, {own}, {key})")

    def _tags(self, send: CheckedSend, side: Side, values: str) -> str:
        """Entries of the event as a whole; in a `both` they lie under the neutral `tags`."""
        legacy = side.spec.api == "legacy"
        entries = self._targets.free(side.tags, (repr("tags" if legacy else "params"),))
        if entries is None:
            return values
        code = self._code
        own = code.named(values)
        text = f"{{'*': {entries[0]}}}"
        key = "Tags" if legacy else "*"
        if key == "*":
            text = entries[0]
        if any(filled.name == "tags" for filled in send.values.fields):
            text = f"merged({text}, {own}.get({key!r}, {{}}))"
        only_if = "" if entries[1] else f"if {entries[0]}: "
        code.line(f"{only_if}{own}[{key!r}] = {text}")
        return own

    def _plan(self, rule: CheckedRule, send: CheckedSend, side: Side) -> str:
        accounts = self._mapping.accounts_of(send, side)
        plan = Plan(side.spec, rule.name, accounts, send.options)
        return self._code.constant(f"plan_{len(self._code.constants)}", plan)


def _comment(rule: CheckedRule) -> str:
    """The rule's name and place; names are printable (the reader refuses others)."""
    return f"{rule.name} ({rule.place})".replace("\n", " ").replace("\r", " ")
