"""What fills an event, as Python statements that build its dict of values."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.mapping.check.targets import Filled, Loop, Object, Plain, Several, Target
from consumer.mapping.run.emit import Code


class TargetCode:
    """Writes values of one send. `may_miss` is set once a required value may be absent."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def value(self, target: Target) -> str:
        """An expression for the value; None when it is absent."""
        match target:
            case Plain(node=node):
                return self._code.value(node)
            case Object():
                return self.object(target)
            case Loop():
                return self._loop(target)
            case Several(parts=parts):
                return self._several(parts)

    def object(self, target: Object) -> str:
        if target.condition is None:
            return self._members(target)
        name = self._code.temporary()
        self._code.line(f"{name} = None")
        with self._code.block(f"if {self._code.condition(target.condition)}:"):
            self._code.line(f"{name} = {self._members(target)}")
        return name

    def _members(self, target: Object) -> str:
        """The dict: what is always there in the literal, the rest added where present."""
        fixed: list[str] = []
        later: list[tuple[str, str]] = []
        for filled in target.fields:
            self._sort(filled, fixed, later)
        own = self.free(target.free)
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

    def _sort(self, filled: Filled, fixed: list[str], later: list[tuple[str, str]]) -> None:
        text = self.value(filled.target)
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

    def free(self, entries: Sequence[Filled]) -> tuple[str, bool] | None:
        """The dict of free entries, and whether it is never empty; None where there are none."""
        if not entries:
            return None
        fixed: list[str] = []
        later: list[tuple[str, str]] = []
        for filled in entries:
            self._sort(filled, fixed, later)
        literal = f"{{{', '.join(fixed)}}}"
        if not later:
            return literal, True
        name = self._code.temporary()
        self._code.line(f"{name} = {literal}")
        for key, atom in later:
            self._code.line(f"if {atom} is not None: {name}[{key!r}] = {atom}")
        return name, bool(fixed)

    def _loop(self, target: Loop) -> str:
        code = self._code
        name = code.temporary()
        source = code.atom(target.source)
        if not target.nullable:
            self._fill(name, source, target)
            return name
        code.line(f"{name} = None")
        with code.block(f"if {source} is not None:"):
            self._fill(name, source, target)
        return name

    def _fill(self, name: str, source: str, target: Loop) -> None:
        code = self._code
        code.line(f"{name} = []")
        with code.block(f"for {target.variable.name} in {source}:"):
            if target.element.condition is None:
                code.line(f"{name}.append({self._members(target.element)})")
            else:
                with code.block(f"if {code.condition(target.element.condition)}:"):
                    code.line(f"{name}.append({self._members(target.element)})")

    def _several(self, parts: Sequence[Target]) -> str:
        code = self._code
        name = code.temporary()
        code.line(f"{name} = []")
        for part in parts:
            text = self.value(part)
            if not part.nullable:
                verb = "extend" if isinstance(part, Loop) else "append"
                code.line(f"{name}.{verb}({text})")
                continue
            if not text.isidentifier():
                atom = code.temporary()
                code.line(f"{atom} = {text}")
                text = atom
            verb = "extend" if isinstance(part, Loop) else "append"
            code.line(f"if {text} is not None: {name}.{verb}({text})")
        return name


def may_miss(target: Target) -> bool:
    """Whether building the value can find a required part absent."""
    match target:
        case Object(fields=fields):
            return any(
                (filled.required and filled.target.nullable) or may_miss(filled.target)
                for filled in fields
            )
        case Loop(element=element):
            return may_miss(element)
        case Several(parts=parts):
            return any(may_miss(part) for part in parts)
    return False
