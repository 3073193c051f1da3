"""Resolves a writer schema to a reader schema, once per pair: from written values to read ones.

fastavro reads each record by its writer schema alone: giving it a reader schema doubles its cost,
and it decides anew for every record what is the same for all. Here the difference between the two
becomes an `Adapter`, a function on the decoded value, or None where nothing has to be done, which
is the usual case. It follows "Schema Resolution" of the Avro specification; logical types are
applied here too.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from consumer.avro.document import WRAPPED, Readable, Tag, python_type
from consumer.avro.floats import shortest
from consumer.avro.nodes import (
    NO_DEFAULT,
    Array,
    EnumType,
    Field,
    Fixed,
    MapType,
    Named,
    Node,
    Primitive,
    RecordType,
    Union,
    describe,
)
from consumer.avro.values import DefaultError, default_value, uuid_text
from consumer.decode.logical import (
    Adapter,
    MismatchError,
    UnfitError,
    decimal_adapter,
    unit_adapter,
)
from consumer.decode.reasons import Reason
from consumer.decode.risk import Added, cells

_Resolved = TypeVar("_Resolved")

_PROMOTIONS: Final = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
_MAX_RECORDS: Final = 3_000
"""So many uses of records are looked at each in its place, for the sake of `doubts`. Types that use
one another twice multiply; beyond this, what was made for a pair of records serves again."""


def adapter(
    writer: Node,
    reader: Node,
    doubts: list[str] | None = None,
    readable: Readable | None = None,
) -> Adapter | None:
    """The function from a value that fastavro read by `readable` of the writer schema to one of
    `reader`; None if it already is one.

    The adapter may change the value in place. It raises UnfitError where this very value does not
    resolve (an enum symbol or a union branch that the reader does not have). `doubts`, if given,
    is filled with what could come to that, and with units that only the reader names.
    Raises MismatchError where no value ever could.
    """
    resolver = _Resolver(readable or Readable(writer), [] if doubts is None else doubts)
    return resolver.resolve(writer, reader, "")


def added_cells(writer: Node, reader: Node) -> Added:
    """The memory that the reader schema's defaults take, by written record (`risk.Added`).

    Raises MismatchError, as `adapter`.
    """
    resolver = _Resolver(Readable(writer), [])
    resolver.resolve(writer, reader, "")
    return resolver.added


class _Later:
    """The adapter of a recursive pair, while it is being made."""

    __slots__ = ("target",)

    def __init__(self) -> None:
        self.target: Adapter | None = None

    def __call__(self, value: Any) -> Any:
        return value if self.target is None else self.target(value)


class _Resolver:
    def __init__(self, readable: Readable, doubts: list[str]) -> None:
        self._readable = readable
        self._doubts = doubts
        self._under_way: dict[tuple[int, int], _Later] = {}
        self._made: dict[tuple[int, int], _Later] = {}
        self._records = 0
        self.added: dict[str, int] = {}

    def resolve(self, writer: Node, reader: Node, where: str) -> Adapter | None:
        if isinstance(writer, Union):
            return self._from_union(writer, reader, where)
        change, name = self._into(writer, reader, where)
        return change if name is None else _named(change, name)

    def _into(self, writer: Node, reader: Node, where: str) -> tuple[Adapter | None, str | None]:
        """The adapter for a writer that is no union, and the name to put beside the record."""
        return into(writer, reader, where, self._plain)

    def _plain(self, writer: Node, reader: Node, where: str) -> Adapter | None:
        match writer, reader:
            case Primitive(), Primitive():
                if writer.logical is None and reader.kind in {"int", "long"} and reader.logical:
                    what = f"written as a plain {writer.kind}, taken for {reader.logical}"
                    self._doubts.append(f"{where}: {what}")
                return primitive_adapter(writer, reader, where)
            case Fixed(), Fixed() if writer.size == reader.size and same_name(writer, reader):
                return fixed_adapter(writer, reader, where)
            case EnumType(), EnumType() if same_name(writer, reader):
                return self._enum(writer, reader, where)
            case Array(written), Array(read):
                return _each_item(self.resolve(written, read, f"{where}[]"))
            case MapType(written), MapType(read):
                return _each_entry(self.resolve(written, read, f"{where}[]"))
            case RecordType(), RecordType() if same_name(writer, reader):
                return self._record(writer, reader, where)
            case _:
                raise mismatch(writer, reader, where)

    def _enum(self, writer: EnumType, reader: EnumType, where: str) -> Adapter | None:
        unknown = sorted(set(writer.symbols) - set(reader.symbols))
        if not unknown:
            return None
        known = symbols_of(writer, reader)
        what = f"a symbol that `{reader.name}` lacks, and it has no default ({', '.join(unknown)})"
        if reader.default is None:
            self._doubts.append(f"{where}: {what}" if where else what)

        def adapt(symbol: str) -> str:
            if symbol not in known:
                raise UnfitError(Reason.SCHEMA_MISMATCH, where, what)
            return known[symbol]

        return adapt

    def _record(self, writer: RecordType, reader: RecordType, where: str) -> Adapter | None:
        pair = (id(writer), id(reader))
        if pair in self._under_way:
            return self._under_way[pair]
        self._records += 1
        if self._records > _MAX_RECORDS and pair in self._made:
            return self._made[pair].target
        later = self._under_way[pair] = _Later()
        try:
            later.target = self._fields(writer, reader, where)
        finally:
            del self._under_way[pair]
        self._made[pair] = later
        return later.target

    def _fields(self, writer: RecordType, reader: RecordType, where: str) -> Adapter | None:
        written = {one.name: one for one in writer.fields}
        own_names = {one.name for one in reader.fields}
        changes: list[tuple[str, Adapter]] = []
        moves: list[tuple[str, str]] = []
        defaults: dict[str, Any] = {}
        for one in reader.fields:
            path = f"{where}.{one.name}" if where else one.name
            source = source_of(one, written, own_names)
            if source is None:
                defaults[one.name] = default_of(one, writer, path)
                continue
            change = self.resolve(source.node, one.node, path)
            if change is not None:
                changes.append((source.name, change))
            if source.name != one.name:
                moves.append((source.name, one.name))
            del written[source.name]
        more = sum(cells(value) for value in defaults.values())
        self.added[writer.name] = max(more, self.added.get(writer.name, 0))
        return _record_adapter(changes, moves, list(written), defaults)

    def _from_union(self, writer: Union, reader: Node, where: str) -> Adapter | None:
        """Each branch has an adapter of its own; what was read tells which branch it was."""
        by_name: dict[str, Adapter] = {}
        by_type: dict[type, Adapter | None] = {}
        for branch, tag in zip(writer.branches, self._readable.tags(writer), strict=True):
            try:
                change, name = self._into(branch, reader, where)
            except MismatchError as error:  # matters only if such a value ever comes
                self._doubts.append(str(error))
                change, name = _never(str(error)), None
            if name is not None:
                change = _named(change, name)
            if tag is None:
                by_type[python_type(branch)] = change
            else:
                by_name[tag.name] = _untagged(change, tag)
        return _dispatch(by_name, by_type)


def into(
    writer: Node, reader: Node, where: str, resolve: Callable[[Node, Node, str], _Resolved]
) -> tuple[_Resolved, str | None]:
    """The result of `resolve` for a writer that is no union and the reader's branch for it, and the
    name to put beside the record where the reader's union names its records."""
    if not isinstance(reader, Union):
        return resolve(writer, reader, where), None
    for exact in (True, False):
        for branch in reader.branches:
            if exact and not _same_type(writer, branch):
                continue
            try:
                resolved = resolve(writer, branch, where)
            except MismatchError:
                if exact:
                    raise
                continue
            named = reader.names_records and isinstance(branch, RecordType)
            return resolved, describe(branch) if named else None
    raise mismatch(writer, reader, where)


def symbols_of(writer: EnumType, reader: EnumType) -> dict[str, str]:
    """By written symbol what it is read as; those that cannot be read are left out."""
    known = {symbol: symbol for symbol in reader.symbols}
    if reader.default is not None:
        known.update(dict.fromkeys(set(writer.symbols) - set(known), reader.default))
    return known


def primitive_adapter(writer: Primitive, reader: Primitive, where: str) -> Adapter | None:
    if writer.kind != reader.kind and reader.kind not in _PROMOTIONS.get(writer.kind, ()):
        raise mismatch(writer, reader, where)
    read = reader.logical
    if reader.kind == "bytes" and read is not None:
        # The writer's scale, if it says one, tells what the digits mean.
        change = decimal_adapter((writer.logical or read).scale, where)
        return change if writer.kind == "bytes" else lambda text: change(text.encode())
    if reader.kind in {"int", "long"}:
        return unit_adapter(writer.logical, read, where)
    if writer.kind == "float":
        return shortest
    if reader.kind == writer.kind:
        return None
    return {"bytes": str.encode, "string": _text(where)}.get(reader.kind, float)


def _text(where: str) -> Adapter:
    def adapt(raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise UnfitError(Reason.MALFORMED, where, "text is not UTF-8") from None

    return adapt


def fixed_adapter(writer: Fixed, reader: Fixed, where: str) -> Adapter | None:
    read = reader.logical
    if read is not None and read.name == "decimal":
        written = writer.logical
        return decimal_adapter((written if written is not None else read).scale, where)
    return uuid_text if read is not None and read.name == "uuid" else None


def source_of(one: Field, written: dict[str, Field], own_names: set[str]) -> Field | None:
    """The written field for a reader's field: that of its name, else that of one of its aliases."""
    if one.name in written:
        return written[one.name]
    for alias in one.aliases:
        if alias in written and alias not in own_names:
            return written[alias]
    return None


def default_of(one: Field, writer: RecordType, path: str) -> Any:
    if one.default is NO_DEFAULT:
        what = f"`{writer.name}` was written without it, and the reader schema gives no default"
        raise MismatchError(path, what)
    try:
        return default_value(one.node, one.default)
    except DefaultError as error:
        raise MismatchError(path, str(error)) from error


def _record_adapter(
    changes: Sequence[tuple[str, Adapter]],
    moves: Sequence[tuple[str, str]],
    dropped: Sequence[str],
    defaults: dict[str, Any],
) -> Adapter | None:
    if not (changes or moves or dropped or defaults):
        return None

    def adapt(value: dict[str, Any]) -> dict[str, Any]:
        for name, change in changes:
            value[name] = change(value[name])
        moved = [(new, value.pop(old)) for old, new in moves] if moves else ()
        for name in dropped:
            del value[name]
        value.update(moved)
        value.update(defaults)
        return value

    return adapt


def _each_item(change: Adapter | None) -> Adapter | None:
    return None if change is None else lambda items: [change(item) for item in items]


def _each_entry(change: Adapter | None) -> Adapter | None:
    if change is None:
        return None
    return lambda entries: {key: change(value) for key, value in entries.items()}


def _named(change: Adapter | None, name: str) -> Adapter:
    if change is None:
        return lambda value: (name, value)
    return lambda value: (name, change(value))


def _untagged(change: Adapter | None, tag: Tag) -> Adapter:
    """For `(name, record)`, in which the record may be one that was put around the value."""
    if tag.wrapped:
        if change is None:
            return lambda pair: pair[1][WRAPPED]
        return lambda pair: change(pair[1][WRAPPED])
    return (lambda pair: pair[1]) if change is None else (lambda pair: change(pair[1]))


def _never(what: str) -> Adapter:
    def adapt(_: Any) -> Any:
        raise UnfitError(Reason.SCHEMA_MISMATCH, "", what)

    return adapt


def _dispatch(by_name: dict[str, Adapter], by_type: dict[type, Adapter | None]) -> Adapter | None:
    changes = [change for change in (*by_name.values(), *by_type.values()) if change is not None]
    if not changes:
        return None
    if not by_name and len(changes) == 1 and type(None) in by_type and len(by_type) == 2:
        change = changes[0]
        if by_type[type(None)] is None:  # an optional value, by far the most frequent union
            return lambda value: None if value is None else change(value)

    def adapt(value: Any) -> Any:
        kind = type(value)
        change = by_name[value[0]] if kind is tuple else by_type[kind]
        return value if change is None else change(value)

    return adapt


def _same_type(writer: Node, reader: Node) -> bool:
    if isinstance(writer, Primitive) and isinstance(reader, Primitive):
        return writer.kind == reader.kind
    if isinstance(writer, Named) and isinstance(reader, Named):
        same = writer.name == reader.name or writer.name in reader.aliases
        return same and type(writer) is type(reader)
    return type(writer) is type(reader)


def same_name(writer: Named, reader: Named) -> bool:
    """Names match without their namespaces, or by an alias of the reader's."""
    short = writer.name.rpartition(".")[2] == reader.name.rpartition(".")[2]
    return short or writer.name in reader.aliases


def mismatch(writer: Node, reader: Node, where: str) -> MismatchError:
    return MismatchError(where, f"written as {describe(writer)}, read as {describe(reader)}")
