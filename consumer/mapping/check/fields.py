"""Target fields: the values of a mapping, checked against the fields that the vendor takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from consumer.documents.findings import Finding, Place, did_you_mean, nearest, renamed
from consumer.mapping.check.absence import absent_part, asked_branches
from consumer.mapping.check.assignability import fitted, refuse_known, taking
from consumer.mapping.check.blocks import Blocks, used_at
from consumer.mapping.check.constants import path_meant
from consumer.mapping.check.targets import Filled, Loop, Object, Plain, Several, Target
from consumer.mapping.file import grammar
from consumer.mapping.language.branches import as_json, read_as
from consumer.mapping.language.conversions import mismatch, without_absent
from consumer.mapping.language.facts import when_true
from consumer.mapping.language.inference import infer, infer_condition
from consumer.mapping.language.names import UNNAMED, loop_variable, path_text
from consumer.mapping.language.nodes import (
    Converted,
    Listed,
    Node,
    Var,
    key_of,
)
from consumer.mapping.language.scope import Scope
from consumer.mapping.language.syntax import SourceText, Wrong, loop
from consumer.mapping.language.types import (
    Array,
    Boolean,
    Integer,
    Nothing,
    Number,
    Record,
    Slot,
    Text,
    Union,
)
from consumer.yespo.catalogue import declared
from consumer.yespo.kinds import ANY
from consumer.yespo.names import name_fault
from consumer.yespo.spec import FieldSpec, Free, Kind

NearMiss = Callable[[Sequence[FieldSpec], str, Free, str], str | None]
"""(documented fields beside it, free name, kind, path of the object): the field probably meant."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Conditions of one event. `name` is for messages. `absent_allowed`: true if absent values may
    be met at run time (`on_missing`). `partial`: true if it writes only some fields (an override)."""

    name: str
    absent_allowed: bool
    near_miss: NearMiss
    partial: bool = False
    blocks: Blocks = field(default_factory=Blocks)


_PERSON = "people are named once, in `identity` at the top of the file"
_TIME = "the time of an event is that of the file: `time: ...` at the top of the file"
_ELSEWHERE = {
    **dict.fromkeys(("datetime", "timestamp", "event_time", "eventTime", "time", "date"), _TIME),
    **dict.fromkeys(("email", "phone", "cookies", "cookie", "externalCustomerId"), _PERSON),
    **dict.fromkeys(("user_email", "user_phone", "user_name", "contactId", "pushToken"), _PERSON),
    **dict.fromkeys(("eventName", "eventTypeKey"), "the event is named by the send itself"),
    "siteId": "the site id is that of the account, in the configuration",
    "user_agent": "the User-Agent is that of the file: `user_agent: ...` at the top of the file",
    "when": "within a send a condition is written `if`",
    "define": "definitions stand in the rule or at the top of the file",
}
"""Names that a send does not take because they are said elsewhere, or in another word."""


class FieldChecker:
    """Checks the values of one event. Findings are collected, and what is wrong is left out."""

    def __init__(self, contract: Contract, findings: list[Finding]) -> None:
        self._contract = contract
        self._findings = findings

    def object(
        self,
        specs: Sequence[FieldSpec],
        free: Free,
        members: Mapping[str, grammar.Member],
        scope: Scope,
        path: str,
        place: Place,
    ) -> Object:
        """The members of an object against its fields; `properties` are its free ones."""
        by_name = {spec.name: spec for spec in specs}
        fields, own = [], []
        for member in members.values():
            spec = by_name.get(member.name)
            if spec is not None:
                filled = self._field(
                    spec, member, scope, f"{path}.{spec.name}" if path else spec.name
                )
                fields += [filled] if filled else []
            elif member.name == "properties" and free is not Free.NONE:
                own += self.properties(specs, free, member, scope, path)
            else:
                self._unknown(specs, free, member, path)
        if not self._contract.partial:
            unknown = [name for name in members if name not in by_name]
            meant = {nearest(name, by_name) for name in unknown}  # said already
            required = [spec for spec in specs if spec.required and spec.name not in meant]
            self._missing(required, members, path, place)
        return Object(tuple(fields), tuple(own))

    def properties(
        self,
        specs: Sequence[FieldSpec],
        free: Free,
        member: grammar.Member,
        scope: Scope,
        path: str,
    ) -> list[Filled]:
        if block := self._contract.blocks.named_by(member.value):
            with used_at(member.value.place, self._findings):
                named = replace(member, value=block)
                return self._inside(block).properties(specs, free, named, scope, path)
        if not isinstance(member.value, grammar.Block) or member.value.loop:
            message = f"`{member.name}` is a block of names and values"
            self._wrong(member.place, "shape", message, f"{member.name}:\n  brand: product.brand")
            return []
        return self.free(specs, free, member.value.members, scope, path)

    def free(
        self,
        specs: Sequence[FieldSpec],
        free: Free,
        members: Mapping[str, grammar.Member],
        scope: Scope,
        path: str,
    ) -> list[Filled]:
        """Entries of the user's own naming."""
        found = []
        for member in members.values():
            fault = name_fault(member.name)
            if fault is not None:
                self._wrong(member.place, "bad-name", f"a free name {fault[1]}")
                continue
            near = self._contract.near_miss(specs, member.name, free, path)
            if near is not None:
                message = f"the free name `{member.name}` would be mistaken for `{near}`"
                if near == "tag_":
                    remedy = f"write `{member.name.removeprefix('tag_')}`: the prefix is added"
                else:
                    remedy = f"fill `{near}` itself (identifiers in `identity`), or choose another"
                self._wrong(member.place, "near-miss", message, remedy)
                continue
            kind = Kind.ANY if free is Free.PARAM else Kind.TEXTS
            where = f"{path}.{member.name}" if path else member.name
            spec = declared(member.name, kind)
            filled = self._field(spec, member, scope, where)
            found += [filled] if filled else []
        return found

    def _field(
        self, spec: FieldSpec, member: grammar.Member, scope: Scope, path: str
    ) -> Filled | None:
        try:
            target = self.target(spec, member.value, scope, path)
            if spec.required and target.nullable and not self._contract.absent_allowed:
                raise self._may_be_absent(target, member.value, path)
        except Wrong as wrong:
            self._findings += wrong.findings
            return None
        return Filled(spec.name, path, spec.required, target)

    def target(self, spec: FieldSpec, value: grammar.Value, scope: Scope, path: str) -> Target:
        if block := self._contract.blocks.named_by(value):
            with used_at(value.place, self._findings):
                return self._inside(block).target(spec, block, scope, path)
        match spec.kind:
            case Kind.OBJECT:
                return self._nested(spec, value, scope, path)
            case Kind.OBJECTS:
                return self._list(spec, value, scope, path)
            case Kind.ANY:
                return self.any_value(value, scope, path)
            case Kind.TEXTS if isinstance(value, grammar.Sequence):
                return self._texts(value, scope, path)
        if not isinstance(value, grammar.Expression):
            message = f"{self._named(path)} is one value, not a block or list"
            remedy = "an expression that begins with `[` or `{` stands in a `|` block"
            raise Wrong(value.place, "shape", message, remedy)
        node = infer(value.source, scope, taking(spec.kind))
        self._findings += path_meant(value.source, node, scope)
        what = self._named(path)
        return Plain(fitted(spec, node, what, self._findings.append))

    def _inside(self, block: grammar.Block) -> FieldChecker:
        """The checker for what stands in a block: it may name the blocks above it."""
        blocks = self._contract.blocks.above(block)
        return FieldChecker(replace(self._contract, blocks=blocks), self._findings)

    def _named(self, path: str) -> str:
        return f"`{self._contract.name}.{path}`" if path else f"`{self._contract.name}`"

    def _nested(self, spec: FieldSpec, value: grammar.Value, scope: Scope, path: str) -> Target:
        if not isinstance(value, grammar.Block) or value.loop is not None:
            message = f"{self._named(path)} is an object: a block of its fields"
            fields = "\n  ".join(f"{field.name}: ..." for field in spec.fields[:3])
            raise Wrong(value.place, "shape", message, f"{spec.name}:\n  {fields}")
        if not spec.fields and spec.free is not Free.NONE:
            member = grammar.Member(spec.name, value.place, value)
            return Object(
                (),
                tuple(
                    self.properties((), spec.free, member, scope, path.removesuffix(".properties"))
                ),
            )
        return self._element(spec, value, scope, path)

    def _element(self, spec: FieldSpec, block: grammar.Block, scope: Scope, path: str) -> Object:
        condition = infer_condition(block.condition, scope) if block.condition else None
        inner = scope.knowing(when_true(condition)) if condition else scope
        made = self.object(spec.fields, spec.free, block.members, inner, path, block.place)
        return Object(made.fields, made.free, condition)

    def _list(self, spec: FieldSpec, value: grammar.Value, scope: Scope, path: str) -> Target:
        if isinstance(value, grammar.Sequence):
            parts: list[Target] = []
            for item in value.items:
                if not isinstance(item, grammar.Block):
                    message = f"an entry of {self._named(path)} is a block"
                    raise Wrong(item.place, "shape", message)
                parts.append(
                    self._loop(spec, item, scope, path)
                    if item.loop
                    else self._element(spec, item, scope, f"{path}[]")
                )
            return Several(tuple(parts))
        if isinstance(value, grammar.Block) and value.loop:
            return self._loop(spec, value, scope, path)
        message = f"{self._named(path)} is a list of objects"
        remedy = (
            f"{spec.name}:\n  for: item in ...\n  {spec.fields[0].name}: item. ..."
            if (spec.fields)
            else ""
        )
        raise Wrong(value.place, "shape", message, remedy)

    def _loop(self, spec: FieldSpec, block: grammar.Block, scope: Scope, path: str) -> Target:
        assert block.loop is not None
        source, inner, variable = loop_over(block.loop, scope)
        return Loop(variable, source, self._element(spec, block, inner, f"{path}[]"))

    def _texts(self, value: grammar.Sequence, scope: Scope, path: str) -> Target:
        elements = []
        spec = declared(path, Kind.TEXT)
        for item in value.items:
            target = self.target(spec, item, scope, path)
            assert isinstance(target, Plain)
            elements.append(target.node)
        slot = Slot(Array(Slot(Text())))
        return Plain(Listed(tuple(elements), slot, value.place))

    def any_value(self, value: grammar.Value, scope: Scope, path: str) -> Target:
        if block := self._contract.blocks.named_by(value):
            with used_at(value.place, self._findings):
                return self._inside(block).any_value(block, scope, path)
        match value:
            case grammar.Expression(source=source):
                node = _json(infer(source, scope), self._named(path))
                self._findings += path_meant(source, node, scope)
                refuse_known(node, ANY.refusal, self._named(path), self._findings.append)
                return Plain(node)
            case grammar.Sequence(items=items):
                return Several(tuple(self.any_value(item, scope, f"{path}[]") for item in items))
        if value.loop is None:
            return self._any_object(value, scope, path)
        node, inner, variable = loop_over(value.loop, scope)
        return Loop(variable, node, self._any_object(value, inner, f"{path}[]"))

    def _any_object(self, block: grammar.Block, scope: Scope, path: str) -> Object:
        condition = infer_condition(block.condition, scope) if block.condition else None
        inner = scope.knowing(when_true(condition)) if condition else scope
        fields = tuple(
            Filled(
                name, f"{path}.{name}", False, self.any_value(member.value, inner, f"{path}.{name}")
            )
            for name, member in block.members.items()
        )
        return Object(fields, (), condition)

    def _missing(
        self,
        specs: Sequence[FieldSpec],
        members: Mapping[str, grammar.Member],
        path: str,
        place: Place,
    ) -> None:
        for spec in specs:
            if spec.name not in members:
                message = f"`{spec.name}` is missing: {self._named(path)} needs it"
                self._wrong(place, "missing-field", message, spec.doc)

    def _unknown(
        self, specs: Sequence[FieldSpec], free: Free, member: grammar.Member, path: str
    ) -> None:
        names = [spec.name for spec in specs if not spec.side_effect]
        if free in {Free.TAG, Free.PLAIN}:
            names.append("properties")
        remedy = did_you_mean(member.name, names)
        if free in {Free.TAG, Free.PLAIN}:
            remedy += "\na property of your own naming stands under `properties:`"
        elif free is Free.PARAM:
            remedy += "\na parameter of your own naming stands under `params:`"
        message = f"{self._named(path)} has no field `{member.name}`"
        edits = renamed(member.place, member.name, names, yaml=True)
        if member.name in _ELSEWHERE:
            remedy, edits = _ELSEWHERE[member.name], ()
        self._findings.append(Finding(member.place, "unknown-target", message, remedy, edits=edits))

    def _may_be_absent(self, target: Target, value: grammar.Value, path: str) -> Wrong:
        node = target.node if isinstance(target, Plain) else None
        node = target.source if isinstance(target, Loop) else node
        what = self._named(path).strip("`")
        if node is None:
            return Wrong(value.place, "nullable", f"`if` may leave out {what}, which is required")
        culprit = absent_part(node)
        name, whole = path_text(culprit), path_text(node)
        shown = UNNAMED if UNNAMED in name else f"`{name}`"
        # Of records there is no other that could be the default.
        given = whole if isinstance(culprit.slot.type, Record | Union) else name
        given = "x" if UNNAMED in given else given
        proof = f"add `{name} != null` to `when`"
        if branches := asked_branches(culprit):
            proof = f"add `{' or '.join(f'{name} is {one}' for one in branches)}` to `when`"
        if key_of(culprit) is None:
            proof = "name it under `define`, as `x`, and add `x != null` to `when`"
        remedy = f"{proof}, or give a default: `coalesce({given}, ...)`"
        if isinstance(target, Loop):
            listed = name if UNNAMED in whole else whole
            remedy = f"write `in coalesce({listed}, [])` to send an empty list,\nor {proof}"
        remedy += "\nor say `on_missing: skip` (or `dead_letter`) in the send"
        message = f"{shown} may be absent, but {what} is required"
        return Wrong(node.place, "nullable", message, remedy)

    def _wrong(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self._findings.append(Finding(place, code, message, remedy))


def loop_over(scalar: SourceText, scope: Scope) -> tuple[Node, Scope, Var]:
    """`for: item in cart.items`: the array, the scope inside, the variable. Raises Wrong."""
    name, source = loop(scalar, scope.lines)
    array = read_as(infer(source, scope), (Array,))
    inner, variable = loop_variable(scope, name, array, scalar.place)
    return array, inner, variable


def _json(node: Node, what: str) -> Node:
    node = as_json(node)
    match node.slot.type:
        case _ if isinstance(node, Converted):
            return node
        case Text() | Integer() | Number() | Boolean() | Nothing():
            return node
        case Array(item=Slot(type=Text() | Integer() | Number() | Boolean() | Nothing())):
            return without_absent(node)
        case Record() | Union():
            raise mismatch(node, what, "a block of fields")
    raise mismatch(node, what, "text")
