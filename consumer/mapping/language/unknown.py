"""Findings for names that nothing in scope has, and for fields that a record does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from consumer.documents.findings import Edit, Place, did_you_mean, nearest, renamed, replaced
from consumer.mapping.language.names import path_text
from consumer.mapping.language.nodes import Node, Var
from consumer.mapping.language.scope import Scope
from consumer.mapping.language.syntax import Wrong
from consumer.mapping.language.types import Array, MapOf, Record, Slot, Text, Type, describe

_FOREIGN = {
    **dict.fromkeys(("yes", "on", "true"), "true"),
    **dict.fromkeys(("no", "off", "false"), "false"),
    **dict.fromkeys(("null", "none", "nil", "undefined"), "null"),
}
"""Names of other languages, in small letters, that stand for a constant."""


def unknown_name(scope: Scope, name: str, place: Place) -> Wrong:
    """The finding for a name without a meaning."""
    message = f"unknown name `{name}`"
    if name in scope.library.by_name:
        remedy = f"`{name}` is a function: write `{name}(...)`"
        return Wrong(place, "unknown-name", message, remedy)
    if name in scope.blocks:
        remedy = "a block is the whole of what a field takes: `product: card`"
        return Wrong(place, "shape", f"`{name}` is a block of fields, no value", remedy)
    if name in scope.hidden:
        return Wrong(place, "unknown-name", f"`{name}` means nothing here", scope.hidden[name])
    if word := _FOREIGN.get(name.lower()):
        return Wrong(place, "unknown-name", message, f"write `{word}`", replaced(place, word))
    slots = scope.record.fields | {one: var.slot for one, var in scope.variables.items()}
    every = [*scope.variables, *scope.definitions, *scope.tables, *scope.record.fields]
    known = _fitting(name, every, slots, scope)
    remedy = did_you_mean(name, known)
    remedy += f'\nif a text is meant: `"{name}"` in quotes within the expression'
    remedy += f", or `{{text: {name}}}`"
    return Wrong(place, "unknown-name", message, remedy, renamed(place, name, known))


def unknown_field(
    scope: Scope, of: Node, record: Record, name: str, place: Place, written: Place | None
) -> Wrong:
    """The finding for a member that the record does not have. `written` closes with the bare name."""
    prefix = "" if isinstance(of, Var) and of.name == "record" else f"{path_text(of)}."
    fields = ", ".join(sorted(record.fields))
    remedy = f"the record `{record.name}` ({scope.schema_file}) has: {fields}"
    known = _fitting(name, [*record.fields], record.fields, scope)
    near = did_you_mean(name, known)
    if near.startswith("did"):
        remedy += f"\n{near.replace('`', f'`{prefix}', 1)}"
    edits = renamed(written, name, known) if written else ()
    return Wrong(place, "unknown-field", f"unknown field `{prefix}{name}`", remedy, edits)


def _fitting(
    name: str, known: Sequence[str], slots: Mapping[str, Slot], scope: Scope
) -> Sequence[str]:
    """Of the known names those that the place takes, where one of them is near."""
    fits = scope.fits
    if fits is None:
        return known
    fitting = [one for one in known if one not in slots or fits(slots[one].type)]
    return fitting if nearest(name, fitting) else known


def as_call(of: Node, function: str, written: Place | None) -> tuple[Edit, ...]:
    """`x.name` as `function(x)`."""
    if written is None or not written.column <= of.place.column < of.place.end < written.end:
        return ()
    begin = Place(written.file, written.line, written.column, of.place.column)
    rest = Place(written.file, written.line, of.place.end, written.end)
    return (Edit(begin, f"{function}(", expression=True), *replaced(rest, ")"))


def in_brackets(written: Place | None, name: str) -> tuple[Edit, ...]:
    """`x.name` as `x["name"]`."""
    if written is None:
        return ()
    begin = written.end - len(name) - 1
    place = Place(written.file, written.line, begin, written.end)
    return replaced(place, f'["{name}"]')


def having_field(name: str) -> Callable[[Type], bool]:
    """The types that have a field of that name."""
    return lambda kind: isinstance(kind, Record) and name in kind.fields


def no_record(of: Node, name: str, place: Place, written: Place | None) -> Wrong:
    """The finding for a member of something that has none. `written` closes with the bare name."""
    kind = of.slot.type
    remedy = ""
    edits: tuple[Edit, ...] = ()
    if isinstance(kind, MapOf):
        remedy = f'a map is read with `["{name}"]`'
        edits = in_brackets(written, name)
    elif isinstance(kind, Array):
        remedy = f"write `[x.{name} for x in ...]`, or `...[0].{name}` for the first"
    if name in {"length", "size"} and isinstance(kind, Array | Text):
        function = "length" if isinstance(kind, Array) else "size"
        remedy, edits = f"write `{function}(x)`", as_call(of, function, written)
    message = f"`.{name}` of something that is not a record ({describe(kind)})"
    return Wrong(place, "not-a-record", message, remedy, edits)
