"""Typed expressions as Python statements and expressions.

Every path and definition is loaded once per block into a local variable. That is always right,
because expressions are total and have no effects. A narrowed expression stands inside the `if`
that proves it. No text of the mapping reaches the code except through `repr`.
"""

from __future__ import annotations

from consumer.codegen import Lines
from consumer.mapping.check.checked import CheckedRule, CheckedSend
from consumer.mapping.language.branches import has_times
from consumer.mapping.language.nodes import (
    Arithmetic,
    BranchTest,
    BranchValue,
    Call,
    Choice,
    Compare,
    Comprehension,
    Const,
    Converted,
    Defined,
    Field,
    Index,
    KafkaPart,
    Listed,
    Logic,
    Node,
    Not,
    NullTest,
    TableRef,
    Template,
    Var,
    key_of,
)
from consumer.mapping.language.types import Integer, MapOf, Text
from consumer.mapping.run.emit_branches import branch_test, branch_value

_EXACT = {
    "==": "equal(%s, %s)",
    "!=": "not_equal(%s, %s)",
    "<": "less(%s, %s)",
    "<=": "less_equal(%s, %s)",
    ">": "less(%s, %s)",
    ">=": "less_equal(%s, %s)",
    "in": "among(%s, %s)",
    "not in": "not among(%s, %s)",
}
_ARITHMETIC = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "//": "floor_divide",
    "%": "remainder",
}
_KAFKA = {
    "key": "utf8(kafka.key)",
    "timestamp": "(kafka.timestamp_ms if kafka.timestamp_ms >= 0 else None)",
    "topic": "kafka.partition.topic",
    "partition": "kafka.partition.number",
    "offset": "kafka.offset",
}


class Code(Lines):
    """Expressions, written into the lines of the block being made."""

    def noted(self, node: Node, at: tuple[str, ...]) -> str:  # noqa: ARG002  # for those who override
        """An expression for a value of an event (or, before the first send, of whose events they are).
        A build that explains itself also notes where it goes: `at`, as pieces of code."""
        return self.value(node)

    def sending(self, rule: CheckedRule, send: CheckedSend) -> None:
        """Called before the code of one event of a send: such a build notes that, too."""

    def atom(self, node: Node) -> str:
        """An expression that may be repeated: a name or a constant."""
        return self.named(self.value(node), node)

    def named(self, text: str, node: Node | None = None) -> str:
        """The same for the code of a value; `node` is what it was made of."""
        if text.isidentifier() or isinstance(node, Const):
            return text
        name = self.temporary()
        self.line(f"{name} = {text}")
        return name

    def value(self, node: Node) -> str:  # noqa: C901  # one case per kind of node, each of one line
        """An expression for the node's value; None when it is absent."""
        match node:
            case Const(value=value):
                return repr(value) if not _is_decimal(value) else self._decimal(value)
            case Var(name=name):
                return name
            case TableRef(name=name):
                return f"table_{name}"
            case BranchValue(proven=True, per_ms=1, of=of):
                return self.value(of)
            case BranchValue(names=names, per_ms=per_ms):
                of_key = key_of(node)
                return self._once(of_key and ("branch", of_key, names, per_ms), node)
            case Field() | Index() | KafkaPart():
                return self._once(node.key if not isinstance(node, KafkaPart) else None, node)
            case Defined(node=inner, key=key):
                return self._once(key, inner)
            case Call():
                return self._call(node)
            case Template():
                return self._template(node)
            case Logic():
                # Of a part that may be absent, `and` would yield None; a condition is never absent.
                return f"bool({self.condition(node)})"
            case Not() | Compare() | NullTest() | BranchTest():
                return self.condition(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Choice():
                return self._choice(node)
            case Listed(elements=elements):
                return self._list(elements)
            case Comprehension():
                return self._comprehension(node)
            case Converted():
                return self._converted(node)

    def _decimal(self, value: object) -> str:
        return self.constant(f"number_{len(self.constants)}", value)

    def _once(self, key: object, node: Node) -> str:
        """The node's value in a local variable, computed the first time it is asked for."""
        if key is not None and key in self.loaded:
            return self.loaded[key]
        match node:
            case Field():
                text = self._field(node)
            case Index():
                text = self._index(node)
            case BranchValue():
                text = branch_value(self, self.atom(node.of), node)
            case KafkaPart(part=part, header=header):
                text = _KAFKA.get(part) or f"header(kafka.headers, {self.atom(header)})"  # type: ignore[arg-type]  # a header part has its name
                if header is not None and header.slot.nullable:
                    text = f"None if {self.atom(header)} is None else {text}"
            case _:
                text = self.value(node)
        if key is not None and key in self.loaded:
            return self.loaded[key]
        if text.isidentifier():
            name = text
        else:
            name = self.temporary()
            self.line(f"{name} = {text}")
        if key is not None:
            self.loaded[key] = name
        return name

    def _field(self, node: Field) -> str:
        of = self.atom(node.of)
        text = f"{of}[{node.name!r}]"
        if node.branches:
            text = f"{of}[1][{node.name!r}]"
        if node.per_ms != 1:
            text = f"to_ms({text}, {node.per_ms})"
        return f"{text} if {of} is not None else None" if node.of.slot.nullable else text

    def _index(self, node: Index) -> str:
        of, by = self.atom(node.of), self.atom(node.by)
        absent = [
            f"{part} is None"
            for part, slot in ((of, node.of.slot), (by, node.by.slot))
            if slot.nullable
        ]
        lookup = f"{of}.get({by})" if isinstance(node.of.slot.type, MapOf) else f"at({of}, {by})"
        return f"None if {' or '.join(absent)} else {lookup}" if absent else lookup

    def condition(self, node: Node) -> str:
        """An expression that is true or not; absent counts as not."""
        match node:
            case Logic(all=every, parts=parts):
                return self._logic(every, parts)
            case Not(of=of):
                return f"(not {self.condition(of)})"
            case NullTest(of=of, present=present):
                if not of.slot.nullable:
                    return repr(present)
                return f"({self.atom(of)} is {'not ' if present else ''}None)"
            case BranchTest():
                return branch_test(self, self.atom(node.of), node)
            case Compare():
                return self._compare(node)
            case _:
                return self.atom(node)

    def _logic(self, every: bool, parts: tuple[Node, ...]) -> str:
        """Short-circuit: a part's statements run only where the parts before it let them."""
        result = self.condition(parts[0])
        for part in parts[1:]:
            mark = len(self.lines)
            name = self.temporary()
            with self.block(f"if {result}:" if every else f"if not {result}:"):
                text = self.condition(part)
                simple = len(self.lines) == mark + 1
                if not simple:
                    self.line(f"{name} = {text}")
            if simple:
                del self.lines[mark:]
                result = f"({result} {'and' if every else 'or'} {text})"
                continue
            self.line("else:")
            self.line(f"    {name} = {not every}")
            result = name
        return result

    def _compare(self, node: Compare) -> str:
        left = self.atom(node.left)
        right = self._members(node.right) if node.operator in {"in", "not in"} else None
        right = right or self.atom(node.right)
        if node.exact:
            pair = (right, left) if node.operator in {">", ">="} else (left, right)
            test = _EXACT[node.operator] % pair
        else:
            test = f"{left} {node.operator} {right}"
        both = node.left.slot.nullable and node.right.slot.nullable
        # None == "x" and None in (...) are false by themselves.
        harmless = node.operator in {"==", "in"} and not both and not node.exact
        checks = []
        if node.left.slot.nullable and not (harmless and not node.right.slot.nullable):
            checks.append(left)
        if node.right.slot.nullable and not (harmless and node.operator == "=="):
            checks.append(right)
        return "(" + " and ".join([f"{part} is not None" for part in checks] + [test]) + ")"

    def _members(self, right: Node) -> str | None:
        """A list of constants to look in."""
        if not isinstance(right, Listed):
            return None
        if not all(isinstance(e, Const) and e.value is not None for e in right.elements):
            return None
        inside = ", ".join(self.value(element) for element in right.elements)
        texts = bool(right.elements) and all(
            isinstance(element.slot.type, Text | Integer) for element in right.elements
        )
        return f"{{{inside}}}" if texts else f"[{inside}]"

    def _call(self, node: Call) -> str:
        if node.function.name == "coalesce":
            return self._coalesce(node)
        # A function that copes with absent values needs no list without them.
        arguments = [
            f"[{', '.join(self.value(element) for element in argument.elements)}]"
            if node.function.takes_absent and isinstance(argument, Listed)
            else self.atom(argument)
            for argument in node.arguments
        ]
        name = self.constant(f"f_{node.function.name}", node.function.call)
        text = f"{name}({', '.join(arguments)})"
        if node.function.takes_absent:
            return text
        # The arguments are named by now: the checks must use the same names.
        checks = [
            f"{atom} is None"
            for atom, argument in zip(arguments, node.arguments, strict=True)
            if argument.slot.nullable
        ]
        return f"(None if {' or '.join(checks)} else {text})" if checks else text

    def _coalesce(self, node: Call) -> str:
        name = self.temporary()
        self.line(f"{name} = {self.value(node.arguments[0])}")
        for position, argument in enumerate(node.arguments[1:]):
            if not node.arguments[position].slot.nullable:
                break
            with self.block(f"if {name} is None:"):
                self.line(f"{name} = {self.value(argument)}")
        return name

    def _template(self, node: Template) -> str:
        pieces, checks = [], []
        for part in node.parts:
            if isinstance(part, str):
                pieces.append(repr(part))
                continue
            atom = self.atom(part)
            pieces.append(atom)
            if part.slot.nullable:
                checks.append(f"{atom} is None")
        text = f"joined(({', '.join(pieces)},))" if len(pieces) != 1 else pieces[0]
        if not pieces:
            text = "''"
        return f"(None if {' or '.join(checks)} else {text})" if checks else text

    def _arithmetic(self, node: Arithmetic) -> str:
        left, right = self.atom(node.left), self.atom(node.right)
        whole = isinstance(node.slot.type, Integer)
        if whole and node.operator in "+-":
            text = f"{left} {node.operator} {right}"
        elif whole and node.operator == "*":
            text = f"times({left}, {right})"
        else:
            text = f"{_ARITHMETIC[node.operator]}({left}, {right})"
        checks = [
            f"{atom} is None"
            for atom, side in ((left, node.left), (right, node.right))
            if side.slot.nullable
        ]
        return f"(None if {' or '.join(checks)} else {text})" if checks else f"({text})"

    def _choice(self, node: Choice) -> str:
        name = self.temporary()
        with self.block(f"if {self.condition(node.condition)}:"):
            self.line(f"{name} = {self.value(node.then)}")
        with self.block("else:"):
            self.line(f"{name} = {self.value(node.otherwise)}")
        return name

    def _list(self, elements: tuple[Node, ...]) -> str:
        text = f"[{', '.join(self.value(element) for element in elements)}]"
        if any(element.slot.nullable for element in elements):
            return f"present({text})"
        return text

    def _comprehension(self, node: Comprehension) -> str:
        name = self.temporary()
        source = self.atom(node.source)
        if node.source.slot.nullable:
            self.line(f"{name} = None")
            with self.block(f"if {source} is not None:"):
                self._fill(name, source, node)
        else:
            self._fill(name, source, node)
        return name

    def _fill(self, name: str, source: str, node: Comprehension) -> None:
        self.line(f"{name} = []")
        with self.block(f"for {node.variable.name} in {source}:"):
            if node.condition is None:
                self._append(name, node.element)
            else:
                with self.block(f"if {self.condition(node.condition)}:"):
                    self._append(name, node.element)

    def _append(self, name: str, element: Node) -> None:
        atom = self.atom(element)
        if element.slot.nullable:
            self.line(f"if {atom} is not None: {name}.append({atom})")
        else:
            self.line(f"{name}.append({atom})")

    def _converted(self, node: Converted) -> str:
        of = node.of
        atom = self.atom(of)
        match node.how:
            case "text" if isinstance(of.slot.type, Integer):
                text = f"str({atom})"
            case "one":
                text = f"[{atom}]"
            case ("mixed_text" | "plain_json") as how if has_times(of.slot.type):
                text = f"(None if type({atom}) is int else {how}({atom}))"
            case how:
                text = f"{how}({atom})"
        return f"(None if {atom} is None else {text})" if of.slot.nullable else text


def _is_decimal(value: object) -> bool:
    return not isinstance(value, str | int | bool | None)
