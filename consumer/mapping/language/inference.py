"""From the syntax of an expression to a typed expression, or to a finding that says what is wrong."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Self

from consumer.documents.findings import Place, did_you_mean, renamed, replaced
from consumer.mapping.language import calls, operators
from consumer.mapping.language.branches import narrowed_branch, read_alike, read_as
from consumer.mapping.language.conversions import mismatch, to_text
from consumer.mapping.language.facts import narrowed, when_false, when_true
from consumer.mapping.language.foreign import refused
from consumer.mapping.language.names import loop_variable, path_text
from consumer.mapping.language.nodes import (
    Choice,
    Comprehension,
    Const,
    Defined,
    Field,
    Index,
    KafkaPart,
    Key,
    Listed,
    Node,
    TableRef,
    Template,
    Var,
    key_of,
)
from consumer.mapping.language.scope import Definition, Scope
from consumer.mapping.language.syntax import Source, Wrong, digits, each, parse
from consumer.mapping.language.types import (
    Array,
    Boolean,
    Integer,
    MapOf,
    Nothing,
    Number,
    Record,
    Slot,
    Text,
    Time,
    Type,
    Union,
    common_field,
    describe,
    in_ms,
    joined,
    per_ms,
    short,
)
from consumer.mapping.language.unknown import having_field, no_record, unknown_field, unknown_name

_KAFKA: dict[str, Slot] = {
    "key": Slot(Text(), nullable=True),
    "timestamp": Slot(Time(), nullable=True),
    "topic": Slot(Text()),
    "partition": Slot(Integer()),
    "offset": Slot(Integer()),
}
MAX_EXPANDED = 3_000
"""Nodes of a definition, with those of the definitions it uses, wherever it uses them."""
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}


def infer(source: Source, scope: Scope, fits: Callable[[Type], bool] | None = None) -> Node:
    """The typed expression. Raises Wrong. `fits` are the types that its place takes."""
    tree = parse(source)
    if isinstance(tree, ast.Name | ast.Attribute):
        scope = replace(scope, fits=fits)
    return Inference(source, scope).of(tree)


def infer_condition(source: Source, scope: Scope) -> Node:
    """A typed condition. Raises Wrong."""
    return operators.condition(infer(source, scope), "a condition")


class Inference:
    """One expression in one scope."""

    def __init__(self, source: Source, scope: Scope) -> None:
        self.source = source
        self._scope = scope

    @property
    def scope(self) -> Scope:
        return self._scope

    def within(self, scope: Scope) -> Self:
        """The same expression where more is known."""
        return type(self)(self.source, scope)

    def place(self, tree: ast.expr) -> Place:
        return self.source.place(tree)

    def of(self, tree: ast.expr) -> Node:  # noqa: C901  # one line per kind of syntax
        match tree:
            case ast.Constant():
                return self._constant(tree)
            case ast.Name():
                return self._name(tree)
            case ast.Attribute():
                return self._attribute(tree)
            case ast.Subscript():
                return self._subscript(tree)
            case ast.Call():
                return calls.infer_call(self, tree)
            case ast.Compare():
                return operators.infer_compare(self, tree)
            case ast.BoolOp():
                return operators.infer_logic(self, tree)
            case ast.UnaryOp():
                return operators.infer_unary(self, tree)
            case ast.BinOp():
                return operators.infer_arithmetic(self, tree)
            case ast.IfExp():
                return self._choice(tree)
            case ast.JoinedStr():
                return self._template(tree)
            case ast.List():
                return self._list(tree)
            case ast.ListComp():
                return self._comprehension(tree)
        raise refused(self, tree)

    def _constant(self, tree: ast.Constant) -> Node:
        place = self.place(tree)
        match tree.value:
            case bool() | None:
                right = _PYTHON_WORDS[str(tree.value)]
                message = f"`{tree.value}` is written `{right}` here"
                raise Wrong(place, "python-word", message, edits=replaced(place, right))
            case str(value):
                return Const(value, Slot(Text((value,))), place)
            case int(number):
                if abs(number) >= 10**18:
                    raise Wrong(place, "too-large", "a number of more than 18 digits")
                return Const(number, Slot(Integer()), place)
            case float():
                decimal = Decimal(digits(self.source, tree))
                if not decimal.is_finite() or abs(decimal.adjusted()) > 30:
                    raise Wrong(place, "too-large", "a number of more than 30 digits")
                return Const(decimal, Slot(Number()), place)
        raise Wrong(place, "not-allowed", "bytes, complex numbers and `...` have no meaning here")

    def _name(self, tree: ast.Name) -> Node:
        name, place, scope = tree.id, self.place(tree), self.scope
        match name:
            case "true" | "false":
                return Const(name == "true", Slot(Boolean()), place)
            case "null":
                return Const(None, Slot(Nothing(), nullable=True), place)
            case "record":
                return self._root(place)
            case "kafka":
                raise Wrong(
                    place, "kafka", "`kafka` is not a value", "write `kafka.key` or the like"
                )
        if variable := scope.variables.get(name):
            slot = narrowed(variable.slot, variable.key, scope.facts)
            return narrowed_branch(Var(variable.name, slot, place, variable.key), scope.facts)
        if definition := scope.definitions.get(name):
            return self._defined(definition, place)
        if name in scope.tables:
            raise Wrong(place, "table", f"`{name}` is a table", f"look a key up: `{name}[key]`")
        if name in scope.record.fields:
            return self.member(self._root(place), name, place, place)
        raise unknown_name(scope, name, place)

    def _root(self, place: Place) -> Var:
        return Var("record", Slot(self.scope.record), place, ("record",))

    def _defined(self, definition: Definition, place: Place) -> Node:
        scope, usage = self.scope, self.scope.usage
        usage.definitions.add(definition.place)
        known = (definition.place, scope.facts)
        node = usage.inferred.get(known)
        if node is None:
            inner = Scope(
                scope.record,
                scope.library,
                scope.schema_file,
                scope.lines,
                usage,
                definition.sees,
                scope.tables,
                blocks=scope.blocks,
                facts=scope.facts,
            )
            node = usage.inferred[known] = infer(definition.source, inner)
            usage.sizes[id(node)] = size = usage.size(node)
            if size > MAX_EXPANDED:
                message = f"`{definition.name}` and the definitions it uses multiply without bounds"
                raise Wrong(definition.place, "too-large", message)
        own: Key = ("define", definition.name, str(definition.place))
        slot = narrowed(node.slot, own, scope.facts)
        return narrowed_branch(Defined(definition.name, node, slot, place, own), scope.facts)

    def _attribute(self, tree: ast.Attribute) -> Node:
        place = self.place(tree)
        if isinstance(tree.value, ast.Name) and tree.value.id == "kafka":
            return self._kafka(tree.attr, place)
        having = having_field(tree.attr)  # a name before a `.` is meant to have that field
        of = self.within(replace(self.scope, fits=having)).of(tree.value)
        return self.member(of, tree.attr, place, place)

    def _kafka(self, part: str, place: Place) -> Node:
        if part == "headers":
            remedy = 'choose one: `kafka.headers["name"]`'
            raise Wrong(place, "kafka", "`kafka.headers` is not a value", remedy)
        if part not in _KAFKA:
            known = [*_KAFKA, "headers"]
            edits = renamed(place, part, known)
            remedy = did_you_mean(part, known)
            raise Wrong(place, "unknown-name", f"unknown `kafka.{part}`", remedy, edits)
        return KafkaPart(part, None, _KAFKA[part], place)  # type: ignore[arg-type]  # checked above

    def member(self, of: Node, name: str, place: Place, written: Place | None = None) -> Node:
        """The member `name` of a record, or of the one record a union is known to be.

        `written` is a place that closes with the bare name, where there is one: it can be edited.
        """
        of = read_as(of, (Record, Union))
        kind = of.slot.type
        if isinstance(kind, Union):
            records = self._records(of, kind, name, place)
        elif isinstance(kind, Record) and name in kind.fields:
            records = (kind,)
        elif isinstance(kind, Record):
            raise unknown_field(self.scope, of, kind, name, place, written)
        else:
            raise no_record(of, name, place, written)
        raw = common_field(records, name)
        if raw is None:
            raise self._several(of, records, name, place)
        above = key_of(of)
        key = (*above, name) if above else None
        slot = in_ms(Slot(raw.type, raw.nullable or of.slot.nullable))
        slot = narrowed(slot, key, self.scope.facts)
        names = tuple(record.name for record in records) if isinstance(kind, Union) else ()
        member = Field(of, name, slot, place, key, names, per_ms(raw.type))
        return narrowed_branch(member, self.scope.facts)

    def _records(self, of: Node, union: Union, name: str, place: Place) -> tuple[Record, ...]:
        """The records that the union may be here. Raises Wrong where none of them has the field."""
        key = key_of(of)
        known = self.scope.facts.of(key) if key else None
        records = union.records if known is None else union.only(known)
        if any(name in record.fields for record in records):
            return records
        if len(records) == 1:
            raise unknown_field(self.scope, of, records[0], name, place, None)
        every = sorted({field for record in records for field in record.fields})
        message = f"no record of the union `{path_text(of)}` has a field `{name}`"
        raise Wrong(place, "unknown-field", message, did_you_mean(name, every))

    def _several(self, of: Node, records: tuple[Record, ...], name: str, place: Place) -> Wrong:
        path = path_text(of)
        having = [short(record.name) for record in records if name in record.fields]
        message = f"`{path}` is one of several records here"
        remedy = "\n".join(f"add `{path} is {record}` to the condition" for record in having)
        return Wrong(place, "union", message, remedy)

    def _subscript(self, tree: ast.Subscript) -> Node:
        place = self.place(tree)
        if isinstance(tree.slice, ast.Slice | ast.Tuple):
            raise Wrong(place, "not-allowed", "slices are not part of the language")
        by = self.of(tree.slice)
        if _is_headers(tree.value):
            by = to_text(by, "a header's name")
            return KafkaPart("header", by, Slot(Text(), nullable=True), place)
        if isinstance(tree.value, ast.Name) and tree.value.id in self.scope.tables:
            values = Text(tuple(dict.fromkeys(self.scope.tables[tree.value.id].values())))
            table = TableRef(tree.value.id, Slot(MapOf(Slot(values))), place)
            by = to_text(by, f"the table `{tree.value.id}`")
            return Index(table, by, Slot(values, nullable=True), place, None)
        of = self.of(tree.value)
        wanted = (Array,) if isinstance(by.slot.type, Integer) else (MapOf,)
        of = read_as(read_as(of, wanted), (Record, Union))
        match of.slot.type:
            case Record() | Union():
                if isinstance(by, Const) and isinstance(by.value, str):
                    return self.member(of, by.value, place)
                raise Wrong(place, "type", 'a field is named by a constant: `record["class"]`')
            case MapOf(value=value):
                return self._indexed(of, to_text(by, "a map"), value, place)
            case Array(item=item):
                if not isinstance(by.slot.type, Integer):
                    raise mismatch(by, "an array", "integer")
                return self._indexed(of, by, item, place)
        message = f"`[...]` of something that is no map, array or record ({describe(of.slot.type)})"
        raise Wrong(place, "type", message)

    def _indexed(self, of: Node, by: Node, element: Slot, place: Place) -> Node:
        above = key_of(of)
        key: Key | None = None
        if above and isinstance(by, Const):
            key = (*above, f"[{by.value!r}]")
        slot = narrowed(Slot(element.type, nullable=True), key, self.scope.facts)
        return narrowed_branch(Index(of, by, slot, place, key), self.scope.facts)

    def _choice(self, tree: ast.IfExp) -> Node:
        condition = operators.condition(self.of(tree.test), "the condition")
        then = self.within(self.scope.knowing(when_true(condition))).of(tree.body)
        otherwise = self.within(self.scope.knowing(when_false(condition))).of(tree.orelse)
        then, otherwise = read_alike((then, otherwise))
        slot = joined(then.slot, otherwise.slot)
        place = self.place(tree)
        if slot is None:
            message = f"one of {describe(then.slot.type)} and {describe(otherwise.slot.type)}"
            raise Wrong(place, "type", f"both values must be of one type, not {message}")
        return Choice(condition, then, otherwise, slot, place)

    def _template(self, tree: ast.JoinedStr) -> Node:
        parts: list[str | Node] = []
        for value in tree.values:
            if isinstance(value, ast.Constant):
                parts.append(str(value.value))
                continue
            assert isinstance(value, ast.FormattedValue)
            if value.conversion != -1 or value.format_spec is not None:
                remedy = "write `{x}` only; numbers are shaped with `round(x, 2)`"
                raise Wrong(self.place(tree), "f-string", "formats have no meaning here", remedy)
            parts.append(to_text(self.of(value.value), "an f-string"))
        nullable = any(not isinstance(part, str) and part.slot.nullable for part in parts)
        return Template(tuple(parts), Slot(Text(), nullable), self.place(tree))

    def _list(self, tree: ast.List) -> Node:
        elements = tuple(read_alike(each(tree.elts, self.of)))
        item = Slot(Nothing())
        for element in elements:
            both = (
                joined(item, element.slot) if not isinstance(item.type, Nothing) else element.slot
            )
            if both is None:
                message = f"{describe(item.type)} and {describe(element.slot.type)} in one list"
                raise Wrong(element.place, "type", message)
            item = both
        # Absent elements are left out when the list is made.
        return Listed(elements, Slot(Array(Slot(item.type))), self.place(tree))

    def _comprehension(self, tree: ast.ListComp) -> Node:
        generator = tree.generators[0]
        place = self.place(tree)
        if len(tree.generators) > 1 or generator.is_async:
            raise Wrong(place, "not-allowed", "one `for` in a list, not several", "use `concat`")
        if not isinstance(generator.target, ast.Name):
            raise Wrong(self.place(generator.target), "not-allowed", "`for` takes one name")
        source = read_as(self.of(generator.iter), (Array,))
        inner, variable = loop_variable(
            self.scope, generator.target.id, source, self.place(generator.target)
        )
        condition: Node | None = None
        for test in generator.ifs:
            one = operators.condition(self.within(inner).of(test), "`if`")
            condition = one if condition is None else operators.both(condition, one)
            inner = inner.knowing(when_true(one))
        element = self.within(inner).of(tree.elt)
        slot = Slot(Array(Slot(element.slot.type)), source.slot.nullable)
        return Comprehension(variable, source, condition, element, slot, place)


def _is_headers(tree: ast.expr) -> bool:
    return (
        isinstance(tree, ast.Attribute)
        and tree.attr == "headers"
        and isinstance(tree.value, ast.Name)
        and tree.value.id == "kafka"
    )
