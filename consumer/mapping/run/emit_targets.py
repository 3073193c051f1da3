"""The values of an event as Python statements that build its dict."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.mapping.check.targets import Filled, Loop, Object, Plain, Several, Target
from consumer.mapping.run.emit import Code

At = tuple[str, ...]
"""The path of a value in its event, `products[0].id`: pieces of code, each of which gives a text."""


class TargetCode:
    """Writes the values of one send."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def value(self, target: Target, at: At) -> str:
        """An expression for the value; None when it is absent."""
        match target:
            case Plain(node=node):
                return self._code.noted(node, at)
            case Object():
                return self.object(target, at)
            case Loop():
                return self._loop(target, at)
            case Several(parts=parts):
                return self._several(parts, at)

    def object(self, target: Object, at: At = ()) -> str:
        """An expression for the dict of an object's members; None where its condition is false."""
        if target.condition is None:
            return self._members(target, at)
        name = self._code.temporary()
        self._code.line(f"{name} = None")
        with self._code.block(f"if {self._code.condition(target.condition)}:"):
            self._code.line(f"{name} = {self._members(target, at)}")
        return name

    def _members(self, target: Object, at: At) -> str:
        """The dict: a literal of the members that are always present. Others follow if present."""
        fixed: list[str] = []
        later: list[tuple[str, str]] = []
        for filled in target.fields:
            self._sort(filled, at, fixed, later)
        own = self.free(target.free, at)
        if own is not None:
            text, always = own
            (fixed.append(f"'*': {text}") if always else later.append(("*", text)))
        literal = f"{{{', '.join(fixed)}}}"
        if not later:
            return literal
        name = self._code.temporary()
        self._code.line(f"{name} = {literal}")
        for key, atom in later:
            test = atom if key == "*" else f"{atom} is not None"
            self._code.line(f"if {test}: {name}[{key!r}] = {atom}")
        return name

    def _sort(self, filled: Filled, at: At, fixed: list[str], later: list[tuple[str, str]]) -> None:
        text = self.value(filled.target, (*at, repr(f".{filled.name}" if at else filled.name)))
        if not filled.target.nullable:
            fixed.append(f"{filled.name!r}: {text}")
            return
        if not text.isidentifier():
            name = self._code.temporary()
            self._code.line(f"{name} = {text}")
            text = name
        if filled.required:
            self._code.line(f"if {text} is None: raise Missing({filled.path!r})")
            fixed.append(f"{filled.name!r}: {text}")
        else:
            later.append((filled.name, text))

    def free(self, entries: Sequence[Filled], at: At) -> tuple[str, bool] | None:
        """The dict of free entries, and whether it is never empty; None where there are none."""
        if not entries:
            return None
        fixed: list[str] = []
        later: list[tuple[str, str]] = []
        for filled in entries:
            self._sort(filled, at, fixed, later)
        literal = f"{{{', '.join(fixed)}}}"
        if not later:
            return literal, True
        name = self._code.temporary()
        self._code.line(f"{name} = {literal}")
        for key, atom in later:
            self._code.line(f"if {atom} is not None: {name}[{key!r}] = {atom}")
        return name, bool(fixed)

    def _loop(self, target: Loop, at: At, before: str = "") -> str:
        """The list that a loop makes; `before` is the list that it is to be added to."""
        code = self._code
        name = code.temporary()
        source = code.atom(target.source)
        count = f"len({before}) + len({name})" if before else f"len({name})"
        inside = (*at, f"f'[{{{count}}}]'")
        if not target.nullable:
            self._fill(name, source, target, inside)
            return name
        code.line(f"{name} = None")
        with code.block(f"if {source} is not None:"):
            self._fill(name, source, target, inside)
        return name

    def _fill(self, name: str, source: str, target: Loop, at: At) -> None:
        code = self._code
        code.line(f"{name} = []")
        with code.block(f"for {target.variable.name} in {source}:"):
            if target.element.condition is None:
                code.line(f"{name}.append({self._members(target.element, at)})")
            else:
                with code.block(f"if {code.condition(target.element.condition)}:"):
                    code.line(f"{name}.append({self._members(target.element, at)})")

    def _several(self, parts: Sequence[Target], at: At) -> str:
        code = self._code
        name = code.temporary()
        code.line(f"{name} = []")
        for part in parts:
            if isinstance(part, Loop):
                verb, text = "extend", self._loop(part, at, name)
            else:
                verb, text = "append", self.value(part, (*at, f"f'[{{len({name})}}]'"))
            if not part.nullable:
                code.line(f"{name}.{verb}({text})")
                continue
            if not text.isidentifier():
                atom = code.temporary()
                code.line(f"{atom} = {text}")
                text = atom
            code.line(f"if {text} is not None: {name}.{verb}({text})")
        return name
