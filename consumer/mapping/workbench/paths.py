"""The origin of a value: the fields of the record that an expression reads, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from consumer.documents.yaml_tree import Document
from consumer.mapping.check.expressions import Bound
from consumer.mapping.language.nodes import (
    BranchValue,
    Comprehension,
    Const,
    Defined,
    Field,
    Index,
    KafkaPart,
    Node,
    TableRef,
    Var,
    children,
)
from consumer.mapping.language.types import short

Names = Mapping[str, str]
"""Loop variables by their name in generated code, and the path that each stands for."""

RECORD: Names = {"record": ""}


def sources(node: Node, names: Names = RECORD) -> tuple[str, ...]:
    """Every field that the expression reads, each once: `cart.items[].sku`, `kafka.key`."""
    return tuple(dict.fromkeys(_sources(node, names)))


def _sources(node: Node, names: Names) -> Iterator[str]:
    path = path_of(node, names)
    if path is not None:
        yield from _each_record(path)
        if isinstance(node, Index):
            yield from _sources(node.by, names)
        return
    if isinstance(node, Comprehension):
        yield from _sources(node.source, names)
        inside = {**names, node.variable.name: element_of(node.source, names)}
        for part in (node.condition, node.element):
            if part is not None:
                yield from _sources(part, inside)
        return
    for child in children(node):
        yield from _sources(child, names)


def _each_record(path: str) -> Iterator[str]:
    """`event<A|B>.sku` as `event<A>.sku` and `event<B>.sku`."""
    before, opening, rest = path.partition("<")
    if not opening:
        yield path
        return
    records, _, after = rest.partition(">")
    for record in records.split("|"):
        yield from (f"{before}<{record}>{below}" for below in _each_record(after))


def path_of(node: Node, names: Names = RECORD) -> str | None:
    """The path of a field as the mapping writes it; None for what is computed.

    Of a union the record is named: `event<Searched>.query`.
    """
    match node:
        case Var(name=name):
            return names.get(name)
        case Field(of=of, name=name, branches=branches):
            above = path_of(of, names)
            if above is None:
                return None
            above += f"<{'|'.join(short(branch) for branch in branches)}>" if branches else ""
            return f"{above}.{name}" if above else name
        case Index(of=TableRef()):
            return None
        case Index(of=of, by=by):
            above = path_of(of, names)
            if above is None:
                return None
            return above + (_constant_index(by) if isinstance(by, Const) else "[]")
        case Defined(node=inner) | BranchValue(of=inner):
            return path_of(inner, names)
        case KafkaPart(part="header", header=Const(value=header)):
            return f'kafka.headers["{header}"]'
        case KafkaPart(part=part):
            return f"kafka.{part}"
    return None


def _constant_index(by: Const) -> str:
    return f'["{by.value}"]' if isinstance(by.value, str) else f"[{by.value}]"


def element_of(source: Node, names: Names = RECORD) -> str:
    """The path of the elements that a loop over `source` meets."""
    return (path_of(source, names) or (sources(source, names) or ("",))[0]) + "[]"


def names_in(bound: Iterable[Bound]) -> Names:
    """The paths of the variables that an expression sees."""
    names = RECORD
    for one in bound:
        if one.how == "key":
            path = ", ".join(sources(one.source, names))
        else:
            path = element_of(one.source, names)
        names = {
            **names,
            one.variable.name: path.removesuffix("[]") if one.how == "group" else path,
        }
    return names


def text_of(node: Node, documents: Mapping[str, Document]) -> str:
    """The expression as it stands in its file; of one over several lines, the first."""
    place = node.place
    document = documents.get(place.file)
    if document is None or not 0 < place.line <= len(document.lines):
        return ""
    line = document.lines[place.line - 1][place.column - 1 :]
    width = place.end - place.column
    if width > 1 or (width == 1 and not line[1:2].strip(" ,)}]")):
        return line[:width]
    return f"{line.rstrip()} ..."
