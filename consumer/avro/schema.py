"""Avro schemas as typed nodes: parsed, names resolved, references put in place.

parse('{"type": "record", "name": "shop.Click", ...}')   ->  RecordType
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from consumer.avro.nodes import (
    NO_DEFAULT,
    Array,
    EnumType,
    Field,
    Fixed,
    Logical,
    MapType,
    Named,
    Node,
    Primitive,
    RecordType,
    Union,
)

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)
MAX_NESTING: Final = 64
"""Levels of nesting in a schema's text, and of types within types; real ones have less than ten."""
MAX_SCALE: Final = 1000
"""Digits after the decimal point that anybody could mean."""

_LOGICAL_BY_KIND: Final[Mapping[str, frozenset[str]]] = {
    "int": frozenset({"date", "time-millis"}),
    "long": frozenset(
        {
            "time-micros",
            *(
                f"{zone}timestamp-{unit}"
                for zone in ("", "local-")
                for unit in ("millis", "micros", "nanos")
            ),
        }
    ),
    "string": frozenset({"uuid"}),
}


_N = TypeVar("_N", bound=Named)


class SchemaError(Exception):
    """Text that is no Avro schema. The message names types and fields."""


def parse(document: Any, referenced: Sequence[Any] = ()) -> Node:
    """Read a schema given as JSON text or Python objects. Raises SchemaError.

    `referenced` are the documents of its schema references, innermost first.
    """
    parser = _Parser()
    for earlier in referenced:
        parser.parse(_objects(earlier), "", 0)
    node = parser.parse(_objects(document), "", 0)
    parser.check_types()
    return node


def _objects(document: Any) -> Any:
    if not isinstance(document, str) or document in PRIMITIVES:
        return document
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        raise SchemaError("the schema is not JSON") from error


class _Parser:
    """One schema and those it refers to; they share their names."""

    def __init__(self) -> None:
        self._named: dict[str, Named] = {}

    def parse(  # noqa: PLR0911 - one return per kind of type
        self, document: Any, namespace: str, depth: int
    ) -> Node:
        if depth > MAX_NESTING:
            raise SchemaError(f"the schema is nested deeper than {MAX_NESTING} levels")
        if isinstance(document, str):
            return self._by_name(document, namespace)
        if isinstance(document, list):
            return self._union([self.parse(one, namespace, depth + 1) for one in document])
        if not isinstance(document, dict):
            raise SchemaError("a type must be a name, a list or an object")
        kind = document.get("type")
        match kind:
            case "record" | "error":
                return self._record(document, namespace, depth)
            case "enum":
                return self._enum(document, namespace)
            case "fixed":
                return self._fixed(document, namespace)
            case "array":
                return Array(self.parse(_get(document, "items", "array"), namespace, depth + 1))
            case "map":
                return MapType(self.parse(_get(document, "values", "map"), namespace, depth + 1))
            case str() if kind in PRIMITIVES:
                return Primitive(kind, _logical(document, kind, 0))
            case _:  # {"type": {...}}: an object around a type
                return self.parse(_get(document, "type", "object"), namespace, depth + 1)

    def _by_name(self, name: str, namespace: str) -> Node:
        if name in PRIMITIVES:
            return Primitive(name)
        for candidate in (_full_name(name, namespace), name):
            if candidate in self._named:
                return self._named[candidate]
        raise SchemaError(f"the type `{name}` is not defined")

    @staticmethod
    def _union(branches: list[Node]) -> Union:
        if any(isinstance(branch, Union) for branch in branches):
            raise SchemaError("a union stands directly inside a union")
        if not branches:
            raise SchemaError("a union has no branches")
        return Union(branches)

    def _record(self, document: Mapping[str, Any], namespace: str, depth: int) -> RecordType:
        name, inner = _name(document, namespace)
        record = self._define(RecordType(name, _aliases(document, inner)))
        fields = _get(document, "fields", name)
        if not isinstance(fields, list):
            raise SchemaError(f"`{name}`: fields must be a list")
        for one in fields:
            if not isinstance(one, dict):
                raise SchemaError(f"`{name}`: a field must be an object")
            title = _get(one, "name", name)
            node = self.parse(_get(one, "type", f"{name}.{title}"), inner, depth + 1)
            default = one.get("default", NO_DEFAULT)
            record.fields.append(Field(title, node, default, _aliases(one, "")))
        return record

    def _enum(self, document: Mapping[str, Any], namespace: str) -> EnumType:
        name, inner = _name(document, namespace)
        symbols = _get(document, "symbols", name)
        if not isinstance(symbols, list) or not all(isinstance(one, str) for one in symbols):
            raise SchemaError(f"`{name}`: symbols must be a list of names")
        default = document.get("default")
        if default is not None and default not in symbols:
            raise SchemaError(f"`{name}`: the default is not one of the symbols")
        return self._define(EnumType(name, symbols, default, _aliases(document, inner)))

    def _fixed(self, document: Mapping[str, Any], namespace: str) -> Fixed:
        name, inner = _name(document, namespace)
        size = _get(document, "size", name)
        if not isinstance(size, int) or size < 0:
            raise SchemaError(f"`{name}`: size must be a number of bytes")
        logical = _logical(document, "fixed", size)
        return self._define(Fixed(name, size, logical, _aliases(document, inner)))

    def check_types(self) -> None:
        """Refuse records that hold themselves with no union, array or map between (they have no
        finite value), and types that hold one another by name deeper than any text could nest."""
        depths: dict[str, int] = {}

        def depth(node: Node, holders: tuple[str, ...]) -> int:
            match node:
                case Array(inner) | MapType(inner):
                    return 1 + depth(inner, ())
                case Union(branches):
                    return max(depth(branch, ()) for branch in branches)
                case RecordType(name, _, fields):
                    if name in holders:
                        raise SchemaError(f"`{name}` holds itself and can never end")
                    if name not in depths:
                        depths[name] = 0  # recursive references do not count
                        inside = (*holders, name)
                        deepest = max((depth(one.node, inside) for one in fields), default=0)
                        depths[name] = 1 + deepest
                    return depths[name]
                case _:
                    return 0

        # In the order of definition, so that each type finds those it names already measured.
        for named in self._named.values():
            if depth(named, ()) > MAX_NESTING:
                raise SchemaError(f"`{named.name}` holds types more than {MAX_NESTING} deep")

    def _define(self, named: _N) -> _N:
        if named.name in self._named:
            raise SchemaError(f"the type `{named.name}` is defined twice")
        self._named[named.name] = named
        return named


def _get(document: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in document:
        raise SchemaError(f"`{where}` lacks `{key}`")
    return document[key]


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _name(document: Mapping[str, Any], namespace: str) -> tuple[str, str]:
    """The full name of a named type, and the namespace of what stands inside it."""
    name = _get(document, "name", "named type")
    if not isinstance(name, str) or not name:
        raise SchemaError("a name must be text")
    own = document.get("namespace", namespace)
    full = _full_name(name, own if isinstance(own, str) else "").lstrip(".")
    return full, full.rpartition(".")[0]


def _aliases(document: Mapping[str, Any], namespace: str) -> list[str]:
    aliases = document.get("aliases")
    if not isinstance(aliases, list):
        return []
    return [_full_name(alias, namespace) for alias in aliases if isinstance(alias, str)]


def _logical(document: Mapping[str, Any], kind: str, size: int) -> Logical | None:
    """The logical type, if it is known and valid here; else None, as the specification says."""
    name = document.get("logicalType")
    if not isinstance(name, str):
        return None
    if name == "decimal" and kind in {"bytes", "fixed"}:
        precision, scale = document.get("precision"), document.get("scale", 0)
        if not isinstance(precision, int) or not isinstance(scale, int):
            return None
        valid = precision > 0 and 0 <= scale <= min(precision, MAX_SCALE)
        return Logical("decimal", scale) if valid else None
    if kind == "fixed":
        return Logical(name) if (name, size) in {("duration", 12), ("uuid", 16)} else None
    return Logical(name) if name in _LOGICAL_BY_KIND.get(kind, ()) else None
