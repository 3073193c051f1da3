"""Avro schemas as typed nodes: parsed, names resolved, references put in place.

parse('{"type": "record", "name": "shop.Click", ...}')   ->  RecordType

Refused is what has no meaning; where the specification tells readers to ignore something (a logical
type that is unknown or not valid), it is ignored. Source: Avro 1.12 specification.
"""

import json
import math
import re
from collections import Counter
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
    branch_name,
)

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)
MAX_NESTING: Final = 64
"""Levels of nesting in a schema's text, and of types within types; real ones have less than ten."""
MAX_SCALE: Final = 1000
"""Digits after the decimal point; a decimal with more is read as its bytes."""
MAX_TYPES: Final = 5_000
"""Named types in a schema and all that it refers to."""
_MAX_SIZE: Final = 2**31 - 1
"""Bytes of a fixed: a size is an int."""

_SYMBOL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMENT: Final = re.compile(r"[\s,]*(//|/\*|#)")
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


class UnknownTypeError(SchemaError):
    """A type that is named and defined nowhere. It may stand in another file."""


def parse(document: Any, referenced: Sequence[Any] = ()) -> Node:
    """Read a schema: JSON text, its bytes, Python objects, or a node already. Raises SchemaError.

    `referenced` are the documents of its schema references, innermost first.
    """
    if isinstance(document, Node):
        return document
    parser = SchemaParser()
    for earlier in referenced:
        parser.add(earlier)
    node = parser.add(document)
    parser.finish()
    return node


def parse_safely(document: Any, referenced: Sequence[Any] = ()) -> Node:
    """As `parse`, for text out of foreign hands: whatever parsing raises is a SchemaError."""
    try:
        return parse(document, referenced)
    except SchemaError:
        raise
    except Exception as error:
        raise SchemaError(f"it cannot be parsed: {type(error).__name__}") from error


class SchemaParser:
    """Schemas that share their names: each may use the types of those added before it."""

    def __init__(self) -> None:
        self._named: dict[str, Named] = {}

    def add(self, document: Any) -> Node:
        """The node of one document. Raises SchemaError."""
        return self._parse(_objects(document), "", 0)

    def finish(self) -> None:
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

    def _parse(  # noqa: PLR0911 - one return per kind of type
        self, document: Any, namespace: str, depth: int
    ) -> Node:
        if depth > MAX_NESTING:
            raise SchemaError(f"the schema is nested deeper than {MAX_NESTING} levels")
        if isinstance(document, str):
            return self._by_name(document, namespace)
        if isinstance(document, list):
            return _union([self._parse(one, namespace, depth + 1) for one in document])
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
                return Array(self._parse(_get(document, "items", "array"), namespace, depth + 1))
            case "map":
                return MapType(self._parse(_get(document, "values", "map"), namespace, depth + 1))
            case str() if kind in PRIMITIVES:
                return Primitive(kind, _logical(document, kind, 0))
            case _:  # {"type": {...}}: an object around a type; attributes of it say nothing
                return self._parse(_get(document, "type", "object"), namespace, depth + 1)

    def _by_name(self, name: str, namespace: str) -> Node:
        if name in PRIMITIVES:
            return Primitive(name)
        # A dot in front is how a name without a namespace is written inside one (`document`).
        for candidate in (_full_name(name, namespace), name.removeprefix(".")):
            if candidate in self._named:
                return self._named[candidate]
        raise UnknownTypeError(f"the type `{name}` is not defined")

    def _record(self, document: Mapping[str, Any], namespace: str, depth: int) -> RecordType:
        name, inner = _name(document, namespace)
        record = self._define(RecordType(name, _aliases(document, inner)))
        fields = _get(document, "fields", name)
        if not isinstance(fields, list):
            raise SchemaError(f"`{name}`: fields must be a list")
        seen = set()
        for one in fields:
            if not isinstance(one, dict):
                raise SchemaError(f"`{name}`: a field must be an object")
            title = _text(_get(one, "name", name), f"`{name}`: the name of a field")
            if title in seen:
                raise SchemaError(f"`{name}` has two fields `{title}`")
            seen.add(title)
            node = self._parse(_get(one, "type", f"{name}.{title}"), inner, depth + 1)
            default = one.get("default", NO_DEFAULT)
            record.fields.append(Field(title, node, default, _aliases(one, "")))
        return record

    def _enum(self, document: Mapping[str, Any], namespace: str) -> EnumType:
        name, inner = _name(document, namespace)
        symbols = _get(document, "symbols", name)
        if not isinstance(symbols, list) or not all(isinstance(one, str) for one in symbols):
            raise SchemaError(f"`{name}`: symbols must be a list of names")
        for symbol, count in Counter(symbols).items():
            if not _SYMBOL.fullmatch(symbol):
                raise SchemaError(f"`{name}`: a symbol is letters, digits and _, not `{symbol}`")
            if count > 1:
                raise SchemaError(f"`{name}` has the symbol `{symbol}` twice")
        default = document.get("default")
        if default is not None and default not in symbols:
            raise SchemaError(f"`{name}`: the default is not one of the symbols")
        return self._define(EnumType(name, symbols, default, _aliases(document, inner)))

    def _fixed(self, document: Mapping[str, Any], namespace: str) -> Fixed:
        name, inner = _name(document, namespace)
        size = _get(document, "size", name)
        if not _is_whole(size) or not 0 <= size <= _MAX_SIZE:
            raise SchemaError(f"`{name}`: size must be a number of bytes")
        logical = _logical(document, "fixed", size)
        return self._define(Fixed(name, size, logical, _aliases(document, inner)))

    def _define(self, named: _N) -> _N:
        if named.name in self._named:
            raise SchemaError(f"the type `{named.name}` is defined twice")
        if len(self._named) >= MAX_TYPES:
            raise SchemaError(f"more than {MAX_TYPES:,} named types")
        self._named[named.name] = named
        return named


def _objects(document: Any) -> Any:
    if not isinstance(document, str | bytes) or document in PRIMITIVES:
        return document
    try:
        # A byte order mark stands before texts of Windows editors; of bytes `loads` takes it itself.
        return json.loads(
            document.removeprefix("\ufeff") if isinstance(document, str) else document
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if _COMMENT.match(error.doc, error.pos):
            message = f"the schema is not JSON: JSON has no comments ({where}); use `doc`"
            raise SchemaError(message) from error
        raise SchemaError(f"the schema is not JSON ({where})") from error
    except UnicodeDecodeError as error:
        raise SchemaError("the schema is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise SchemaError("the schema is not JSON") from error


def _union(branches: list[Node]) -> Union:
    if any(isinstance(branch, Union) for branch in branches):
        raise SchemaError("a union stands directly inside a union")
    if not branches:
        raise SchemaError("a union has no branches")
    for name, count in Counter(map(branch_name, branches)).items():
        if count > 1:
            raise SchemaError(f"a union has `{name}` twice")
    return Union(branches)


def _get(document: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in document:
        raise SchemaError(f"`{where}` lacks `{key}`")
    return document[key]


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _text(name: object, what: str) -> str:
    """Text that can stand in a value: not empty, no half of a surrogate pair."""
    if not isinstance(name, str) or not name:
        raise SchemaError(f"{what} must be text")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SchemaError(f"{what} is no Unicode") from None
    return name


def _name(document: Mapping[str, Any], namespace: str) -> tuple[str, str]:
    """The full name of a named type, and the namespace of what stands inside it."""
    name = _text(_get(document, "name", "named type"), "a name")
    own = document.get("namespace", namespace)
    own = _text(own, "a namespace") if isinstance(own, str) and own else ""
    full = _full_name(name, own).lstrip(".")
    if full in PRIMITIVES or not full:
        raise SchemaError(f"no type may have the name `{name}`")
    return full, full.rpartition(".")[0]


def _aliases(document: Mapping[str, Any], namespace: str) -> list[str]:
    aliases = document.get("aliases")
    if not isinstance(aliases, list):
        return []
    texts = [_text(alias, "an alias") for alias in aliases if isinstance(alias, str) and alias]
    return [_full_name(alias, namespace).removeprefix(".") for alias in texts]


def _is_whole(number: object) -> bool:
    """A JSON integer. `True` is an int to Python, not to Avro."""
    return isinstance(number, int) and not isinstance(number, bool)


def _logical(document: Mapping[str, Any], kind: str, size: int) -> Logical | None:
    """The logical type, if it is known and valid here; else None, as the specification says."""
    name = document.get("logicalType")
    if not isinstance(name, str):
        return None
    if name == "decimal" and kind in {"bytes", "fixed"}:
        return _decimal(document, size if kind == "fixed" else None)
    if kind == "fixed":
        return Logical(name) if (name, size) in {("duration", 12), ("uuid", 16)} else None
    return Logical(name) if name in _LOGICAL_BY_KIND.get(kind, ()) else None


def _decimal(document: Mapping[str, Any], size: int | None) -> Logical | None:
    precision, scale = document.get("precision"), document.get("scale", 0)
    if not isinstance(precision, int) or not isinstance(scale, int):
        return None
    if not _is_whole(precision) or not _is_whole(scale):
        return None
    if precision <= 0 or not 0 <= scale <= min(precision, MAX_SCALE):
        return None
    # An array of n bytes holds at most as many digits as the number 2^(8n-1) - 1 has, less one.
    if size is not None and (size == 0 or precision > math.floor(math.log10(2) * (8 * size - 1))):
        return None
    return Logical("decimal", scale, precision)
