"""Edits of files: how a program carries out the remedies of findings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import yaml

from consumer.documents.edit_lines import quoted, replaced
from consumer.documents.findings import Edit, Finding, Place
from consumer.documents.yaml_tree import Document, Items, Node, Scalar


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Of edits that overlap, the first in the file counts."""
    lines = text.splitlines(keepends=True)
    for number, of_line in _by_line(edits).items():
        while len(lines) < number:
            lines.append("")
        lines[number - 1] = replaced(lines[number - 1], of_line)
    return "".join(lines)


def _by_line(edits: Iterable[Edit]) -> dict[int, list[Edit]]:
    made: dict[int, list[Edit]] = {}
    unique = dict.fromkeys(edits)
    for edit in sorted(unique, key=lambda one: (one.place.line, one.place.column, one.place.end)):
        before = made.setdefault(edit.place.line, [])
        if not before or edit.place.column >= before[-1].place.end:
            before.append(edit)
    return made


def compatible(findings: Sequence[Finding]) -> list[Finding]:
    """Findings with edits, in order of the file, of which no two change the same lines.

    Each finding's edits belong together: they are made all or not at all.
    """
    taken: set[tuple[str, int]] = set()
    chosen = []
    for finding in findings:
        lines = {(edit.place.file, edit.place.line) for edit in finding.edits}
        if lines and not lines & taken:
            taken |= lines
            chosen.append(finding)
    return chosen


def in_yaml(finding: Finding, documents: Mapping[str, Document]) -> Finding:
    """The finding with edits that hold for YAML as well.

    An expression that is changed may begin with a quote, or hold `: `: then its whole scalar is written
    anew, in quotes. Where that cannot be done, as in a scalar with escapes, there are no edits.
    """
    if finding.code == "bad-yaml" or not finding.edits:
        return finding
    made: list[Edit] = []
    for number, edits in _by_line(finding.edits).items():
        document = documents.get(edits[0].place.file)
        if document and number in document.repaired:
            return replace(finding, edits=())  # its columns are those of another text
        if not edits[0].expression:
            made += edits
            continue
        scalar = document and _scalar_at(document, number, edits[0].place.column)
        fitted = _fitted(scalar, document.lines, edits) if document and scalar else None
        if fitted is None:
            return replace(finding, edits=())
        made += fitted
    return replace(finding, edits=tuple(made))


def _fitted(scalar: Scalar, lines: Sequence[str], edits: Sequence[Edit]) -> list[Edit] | None:
    bare = [replace(edit, expression=False) for edit in edits]
    if scalar.block:
        return bare
    place = scalar.place
    if place.end <= place.column:
        return None  # over several lines
    written = lines[place.line - 1][place.column - 1 : place.end - 1]
    quote = "" if scalar.plain else written[:1]
    inside = written[1:-1] if quote else written
    if inside != scalar.text:
        return None  # with escapes
    text = replaced(inside, edits, place.column + len(quote))
    if not quote and _is_plain(text, scalar.flow):
        return bare
    return [Edit(place, quoted(text, quote))]


def _is_plain(text: str, flow: bool) -> bool:
    """True if YAML reads the text as it stands, without quotes."""
    around = f"[{text}]" if flow else f"key: {text}\n"
    try:
        scalars = [one for one in yaml.parse(around, yaml.CSafeLoader) if hasattr(one, "value")]
    except yaml.YAMLError:
        return False
    return len(scalars) == (1 if flow else 2) and scalars[-1].value == text


def _scalar_at(document: Document, line: int, column: int) -> Scalar | None:
    """The scalar that holds an expression at this place; no constant `{text: ...}`."""
    for scalar in _scalars(document.root):
        place = scalar.place
        if scalar.block:
            if place.line < line <= _last_line(document.lines, place):
                return scalar
        elif place.line == line and place.column <= column <= place.end:
            return scalar
    return None


def _last_line(lines: Sequence[str], place: Place) -> int:
    """The last line of a block scalar: the first below that is indented no deeper closes it."""
    head = lines[place.line - 1]
    depth = len(head) - len(head.lstrip())
    number = place.line
    for line in lines[place.line :]:
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            break
        number += 1
    return number


def _scalars(node: Node | None) -> Iterator[Scalar]:
    """All values that may be expressions."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from _scalars(item)
    elif node is not None and [*node.entries] != ["text"]:
        for entry in node:
            yield from _scalars(entry.value)
