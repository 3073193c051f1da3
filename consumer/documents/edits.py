"""Edits applied to the text of a file: the remedies that a program can carry out."""

from collections.abc import Iterable, Sequence

from consumer.documents.findings import Edit, Finding


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Of edits that overlap, the first in the file counts."""
    lines = text.splitlines(keepends=True)
    unique = dict.fromkeys(edits)
    by_place = sorted(unique, key=lambda edit: (edit.place.line, edit.place.column, edit.place.end))
    made: dict[int, list[Edit]] = {}
    for edit in by_place:
        before = made.setdefault(edit.place.line, [])
        if not before or edit.place.column >= before[-1].place.end:
            before.append(edit)
    for number, of_line in made.items():
        while len(lines) < number:
            lines.append("")
        line = lines[number - 1]
        for edit in reversed(of_line):
            begin, end = edit.place.column - 1, edit.place.end - 1
            line = line[:begin] + edit.text + line[end:]
        lines[number - 1] = line
    return "".join(lines)


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
