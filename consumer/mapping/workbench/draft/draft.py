"""Drafts a mapping for a schema: from nothing to a file that passes `mapping check`.

    draft(schema_text, "clicks.avsc", ["shop.clicks"], values)  ->  Draft("version: 1 ...", ...)

Every guess says why and how sure it is. Unsure ones, and whatever the check would refuse, are comments.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from consumer.avro.nodes import RecordType
from consumer.documents.findings import Finding
from consumer.mapping.check.avro_types import record_type
from consumer.mapping.language.types import Record
from consumer.mapping.unit import MappingUnit, check_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.draft import events, kinds, people, surroundings
from consumer.mapping.workbench.draft.fields import Leaf, leaves
from consumer.mapping.workbench.draft.guesses import Guess, Level
from consumer.mapping.workbench.draft.kinds import Kind, Topic, condition
from consumer.mapping.workbench.draft.pieces import Piece, Written, of_guess, write
from consumer.mapping.workbench.draft.scope import Scope
from consumer.mapping.workbench.draft.values import Values

_IDENTITY = ("externalCustomerId", "contactId", "email", "phone", "pushToken", "name", "cookie")
TOPIC = "topic"
_ALTERNATIVES = 2
"""Guesses of one thing that are shown beside the best."""


@dataclass(frozen=True, slots=True)
class Source:
    """The schema that a mapping is drafted for. `file` is how the mapping names it, `text` what stands
    in it; `needs_name` where it holds several records."""

    text: bytes
    file: str
    root: RecordType
    topics: Sequence[str]
    needs_name: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """`identity` are the guesses that are no comments, by identifier. `unit` is the mapping as it was
    checked, for a topic called `TOPIC`."""

    text: str
    identity: dict[str, Guess]
    events: tuple[str, ...]
    """Names of the rules that are no comments."""
    unit: MappingUnit


def draft(source: Source, values: Values | None = None) -> Draft:
    """The mapping of a schema. `values` are records of it, as evidence."""
    values = values or Values()
    record = record_type(source.root)
    fields = [leaf for leaf in leaves(record, values.keys) if events.usable(leaf)]
    known = people.people(fields, values)
    found = kinds.kinds(record, fields, values.keys, values)
    identity = _identity(known)
    rules = Piece("rules:", children=list(_rules(record, fields, found, values)), empty="[]")
    roots = [
        *([identity] if identity.children else []),
        *_first("time:", surroundings.moments(fields, values)),
        *_first("user_agent:", surroundings.agents(fields)),
        *_suppress(surroundings.refusals(fields, values), found),
        Piece("match:", "first", is_word=True),
        Piece("otherwise:", "drop", "records that no rule takes", is_word=True),
        rules,
    ]
    written, unit = _checked(roots, source, _heading(source, len(values)))
    kept = {piece.key.rstrip(":"): piece for piece in identity.children if not piece.is_off}
    guesses = {
        name: guess
        for name, made in known.items()
        for guess in made
        if name in kept and kept[name].value == guess.expression
    }
    names = tuple(one.value for one in rules.children if not one.is_off)
    return Draft(written.text, guesses, names, unit)


def _heading(source: Source, records: int) -> list[str]:
    seen = f"by its names, types and {records} records" if records else "by its names and types"
    topics = ", ".join(source.topics)
    return [
        f"# Drafted for `{source.root.name}` {seen}. Each guess says how sure it is, and why.",
        "# What is a comment is unsure, or was not found: decide, and take the `#` away.",
        "version: 1",
        "from:",
        f"  topics: [{topics}]",
        f"  schema: {source.file}",
        *([f"  record: {source.root.name}"] if source.needs_name else []),
    ]


def _identity(known: dict[str, list[Guess]]) -> Piece:
    children = []
    for name in _IDENTITY:
        if name not in known:
            continue
        best, *others = known[name]
        children.append(of_guess(f"{name}:", best))
        children += [_or(f"{name}:", other) for other in others[:_ALTERNATIVES]]
    return Piece("identity:", children=children)


def _or(key: str, guess: Guess) -> Piece:
    return Piece(key, guess.expression, f"or: {guess.why}", Level.UNSURE)


def _first(key: str, guesses: Sequence[Guess]) -> Iterator[Piece]:
    for number, guess in enumerate(guesses[: 1 + _ALTERNATIVES]):
        yield of_guess(key, guess) if number == 0 else _or(key, guess)


def _suppress(guesses: Sequence[Guess], found: Sequence[Kind]) -> Iterator[Piece]:
    """Records of visitors who have not agreed; changes of the catalogue are of no visitor."""
    about_nobody = [kind for kind in found if kind.topic is Topic.CATALOGUE and not kind.within]
    entries = []
    for number, guess in enumerate(guesses[: 1 + _ALTERNATIVES]):
        expression = guess.expression
        if about_nobody and about_nobody[0].field:
            expression = f"{condition(about_nobody, negated=True)} and {expression}"
        level = guess.level if number == 0 else Level.UNSURE
        reason = Piece("reason:", "no marketing consent", is_word=True, required=True)
        entries.append(Piece("- when:", expression, guess.why, level, children=[reason]))
    if entries:
        yield Piece("suppress:", children=entries)


def _rules(
    record: Record, fields: Sequence[Leaf], found: Sequence[Kind], values: Values
) -> Iterator[Piece]:
    for name, same in events.groups(found):
        yield events.rule(
            same,
            Scope(
                fields,
                events.NOUNS[same[0].topic],
                record=record,
                keys=values.keys,
                values=values,
                holds=_any_of(same),
                own=same[0].within,
            ),
            name,
        )


def _any_of(same: Sequence[Kind]) -> kinds.Holds:
    return lambda value: any(kind.holds(value) for kind in same)


def _checked(
    roots: Sequence[Piece], source: Source, heading: Sequence[str]
) -> tuple[Written, MappingUnit]:
    """The mapping without what the check refuses: such pieces become comments, one after the other."""
    with tempfile.TemporaryDirectory(prefix="draft-") as folder:
        schema, mapping = Path(folder, "schema.avsc"), Path(folder, "mapping.yaml")
        schema.write_bytes(source.text)
        as_checked = [
            f"  topics: [{TOPIC}]"
            if line.startswith("  topics:")
            else f"  schema: {schema.name}"
            if line.startswith("  schema:")
            else line
            for line in heading
        ]
        while True:
            trial = write(roots, as_checked)
            mapping.write_text(trial.text, "utf-8")
            unit, findings, _ = check_unit([mapping], TEST_ACCOUNTS, Path(folder))
            refused = [one for one in findings if _turn_off(one, trial)]
            if unit is not None and not refused:
                return write(roots, heading), unit
            if not refused and not _turn_off_last(roots):
                raise AssertionError(f"nothing is left, and yet: {findings[0].code}")


def _turn_off(finding: Finding, trial: Written) -> bool:
    """Make a comment of what the finding is about. False where it is about no single piece."""
    piece = trial.at(finding.place.line)
    if piece is None or piece.is_off or finding.severity == "note" or piece.key in _FIXED:
        return False
    if finding.severity == "warning" and (piece.required or piece.children):
        return False
    piece.off = True
    piece.level = Level.UNSURE
    piece.note = f"left out, as the check says: {finding.message}"
    return True


_FIXED = frozenset({"rules:", "match:", "otherwise:"})


def _turn_off_last(roots: Sequence[Piece]) -> bool:
    """Make a comment of the last rule, where a finding names no line. False where none is left."""
    for root in reversed(roots):
        for piece in reversed(root.children):
            if not piece.is_off:
                piece.off = True
                piece.note = "left out, as the check refuses it"
                return True
    return False
