"""YAML read as text with positions: the reader for configuration, mappings and their tests.

Every scalar stays the text that was written (nothing is guessed: `no` stays `no`), with
its place for error messages. What hides meaning or grows without bound is refused: anchors, aliases,
merge keys, tags, duplicate keys, several documents, too deep, too large.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from consumer.documents.edit_lines import edits_between
from consumer.documents.findings import Edit, Finding, Place
from consumer.documents.yaml_errors import explain

TAG = "remove the `!` word; the opposite of a condition is written `not x`"
MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_NODES = 50_000
MAX_REPAIRS = 20


@dataclass(slots=True)
class Scalar:
    """A scalar as written. `plain` is False for quoted and block scalars; only configuration values
    may look at it (in mappings quoting carries no meaning)."""

    place: Place
    text: str
    plain: bool = True
    block: bool = False
    flow: bool = False
    """True within `[...]` or `{...}`."""


@dataclass(slots=True)
class Items:
    """A sequence."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """A mapping: keys are scalars, in the order written."""

    place: Place
    entries: dict[str, Entry] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.value if entry else None


Node = Scalar | Items | Table


@dataclass(slots=True)
class Entry:
    key: Scalar
    value: Node


@dataclass(slots=True)
class Document:
    """A file as read. `root` is None when it could not be read at all; then findings say why.

    `repaired` are the lines (from 1) that were read otherwise than they are written.
    """

    file: str
    lines: list[str]
    root: Node | None
    findings: list[Finding]
    repaired: set[int] = field(default_factory=set)


def read_file(path: Path, shown_as: str | None = None) -> Document:
    """Read one YAML file. Raises OSError where it cannot be read; bad YAML becomes findings."""
    return read_text(path.read_bytes(), shown_as or str(path))


def read_text(data: bytes | str, file: str, *, recover: bool = False) -> Document:
    """Read one YAML document from memory; `file` is the name that findings show.

    With `recover` what follows a mistake of YAML's syntax is read as well, where it can be guessed, so
    that all mistakes come at once. Columns of `repaired` lines may then differ.
    """
    raw = data.encode() if isinstance(data, str) else data
    start = Place(file, 1, 1)
    if len(raw) > MAX_BYTES:
        return _refused(file, start, "too-large", f"larger than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return _refused(file, Place(file, line, 1), "not-utf8", "this file is not UTF-8")
    document = Document(file, text.splitlines(), None, [])
    text = _with_plain_spaces(text, document)
    for _ in range(MAX_REPAIRS):
        found = len(document.findings)
        try:
            document.root = _Builder(document, guessing=recover).build(text)
            break
        except yaml.MarkedYAMLError as error:
            del document.findings[found:]  # they come again, with the rest of the file
            finding, edits = explain(error, file, text.splitlines())
            document.findings.append(finding)
            if not recover or not edits:
                break
            document.repaired |= {edit.place.line for edit in edits}
            text = "\n".join(edits_between(text.splitlines(), edits)) + "\n"
            if len(text) > 2 * MAX_BYTES:
                break
        except (_TooMuchError, yaml.reader.ReaderError) as error:
            document.findings.append(_unreadable(error, file, text))
            break
    return document


_ODD_SPACES = re.compile(r"(?<=\n)[ \u00a0\u2000-\u200a\u202f\u3000]+|(?<=[:-])[\u00a0\u202f]")
"""Spaces of word processors where YAML wants plain ones: before a line, and behind `:` or `-`."""


def _with_plain_spaces(text: str, document: Document) -> str:
    """The text as YAML can read it, with a finding for each run of other spaces."""

    def plain(found: re.Match[str]) -> str:
        if not found[0].strip(" "):
            return found[0]
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        place = Place(document.file, line, column, column + len(found[0]))
        spaces = " " * len(found[0])
        message = "a space that is no plain space, where YAML expects one"
        edits = (Edit(place, spaces),)
        remedy = "write plain spaces (word processors make others)"
        document.findings.append(Finding(place, "bad-yaml", message, remedy, edits=edits))
        return spaces

    return _ODD_SPACES.sub(plain, text)


def _unreadable(error: Exception, file: str, text: str) -> Finding:
    if isinstance(error, _TooMuchError):
        return Finding(error.place, "too-large", str(error))
    assert isinstance(error, yaml.reader.ReaderError)
    line = text.count("\n", 0, error.position) + 1
    column = error.position - text.rfind("\n", 0, error.position)
    message = f"a character that YAML does not allow (U+{error.character:04X})"
    edits = (Edit(Place(file, line, column, column + 1), ""),)
    return Finding(Place(file, line, 1), "bad-yaml", message, "remove it", edits=edits)


def _refused(file: str, place: Place, code: str, message: str) -> Document:
    return Document(file, [], None, [Finding(place, code, message)])


class _TooMuchError(Exception):
    """Deeper or more than any file a person writes."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place = place


_TIGHT = re.compile(r"(?P<key>[A-Za-z_][\w-]*):([^\s/].*)")
_ALONE = re.compile(r"(?P<key>[A-Za-z_][\w-]*)(?P<gap>:|\s*=\s+)(?P<value>[^\s/:=].*)")
_BRACES = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class _Builder:
    """Builds the tree from the parser's events, refusing on the way what must not be there."""

    def __init__(self, document: Document, *, guessing: bool) -> None:
        self._document = document
        self._guessing = guessing
        """True if `key:value` is a mistake: in a configuration it may be a host and a port."""
        self._events: Iterator[yaml.Event] = iter(())
        self._nodes = 0

    def build(self, text: str) -> Node | None:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._find(self._place(event), "several-documents", "a second YAML document")
                    return root
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 0, flow=False)
        return root

    def _node(self, event: yaml.Event, depth: int, *, flow: bool) -> Node:
        self._nodes += 1
        place = self._place(event)
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            what = f"nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else "too many values"
            raise _TooMuchError(place, what)
        if getattr(event, "anchor", None) is not None:
            what = "aliases" if isinstance(event, yaml.AliasEvent) else "anchors"
            remedy = "write the value out, or share it with `define` / `include`"
            self._find(place, "anchor", f"YAML {what} are not allowed", remedy)
        if isinstance(event, yaml.AliasEvent):
            return Scalar(place, "", plain=False)
        if getattr(event, "tag", None) is not None:
            self._find(place, "tag", "YAML tags are not allowed", TAG)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(place, event.value, not event.style, event.style in ("|", ">"), flow)
        flow = flow or bool(getattr(event, "flow_style", False))
        if isinstance(event, yaml.SequenceStartEvent):
            items = Items(place)
            while not isinstance(following := next(self._events), yaml.SequenceEndEvent):
                items.items.append(self._node(following, depth + 1, flow=flow))
            return items
        return self._table(place, depth, flow=flow)

    def _spaced(self, key: Scalar, value: Node) -> tuple[Scalar, Node]:
        """`{a:b}`, which is a key without a value for YAML, as `{a: b}`."""
        found = _TIGHT.fullmatch(key.text)
        if not found or not key.plain or not isinstance(value, Scalar) or value.text:
            return key, value
        place, width = key.place, len(found["key"])
        middle = place.column + width
        gap = Place(place.file, place.line, middle + 1, middle + 1)
        message, remedy = "a space is missing after the `:`", f"write `{found['key']}: {found[2]}`"
        edits = (Edit(gap, " "),)
        self._document.findings.append(Finding(place, "bad-yaml", message, remedy, edits=edits))
        self._document.repaired.add(place.line)
        first = Place(place.file, place.line, place.column, middle)
        second = Place(place.file, place.line, middle + 1, place.end)
        return Scalar(first, found["key"], flow=True), Scalar(second, found[2], flow=True)

    def _alone(self, value: Scalar) -> Node:
        """`key:value` on a line of its own, which is a text for YAML, as a table with that key."""
        found = _ALONE.fullmatch(value.text) if value.plain else None
        if found is None or value.place.end <= value.place.column:
            return value
        place, begin = value.place, value.place.column
        gap = Place(place.file, place.line, begin + found.end("key"), begin + found.start("value"))
        message = "a space is missing after the `:`"
        message = (
            message if found["gap"] == ":" else "a key and its value stand with `: ` between them"
        )
        remedy = f"write `{found['key']}: {found['value']}`"
        edits = (Edit(gap, ": "),)
        self._document.findings.append(Finding(place, "bad-yaml", message, remedy, edits=edits))
        self._document.repaired.add(place.line)
        key = Scalar(Place(place.file, place.line, begin, gap.column), found["key"])
        inner = Scalar(Place(place.file, place.line, gap.end, place.end), found["value"])
        return Table(place, {key.text: Entry(key, inner)})

    def _table(self, place: Place, depth: int, *, flow: bool) -> Node:
        table = Table(place)
        braces = self._braces(place) if flow else None
        while not isinstance(following := next(self._events), yaml.MappingEndEvent):
            key = self._node(following, depth + 1, flow=flow)
            value = self._node(next(self._events), depth + 1, flow=flow)
            if braces is not None:
                continue
            if not self._guessing:
                pass
            elif isinstance(key, Scalar) and flow:
                key, value = self._spaced(key, value)
            elif isinstance(value, Scalar) and value.place.line > key.place.line:
                value = self._alone(value)
            if not isinstance(key, Scalar):
                self._find(key.place, "bad-key", "a key must be a plain name")
            elif key.plain and key.text == "<<":
                self._find(key.place, "merge", "YAML merge keys are not allowed")
            elif key.text in table.entries:
                first = table.entries[key.text].key.place.line
                message = f"`{key.text}` stands here twice (first on line {first})"
                self._find(key.place, "duplicate-key", message, "remove one of the two")
            else:
                table.entries[key.text] = Entry(key, value)
        return table if braces is None else braces

    def _braces(self, place: Place) -> Scalar | None:
        """`{{ x }}` of template languages, as the expression within."""
        line = self._document.lines[place.line - 1][place.column - 1 :]
        found = _BRACES.match(line)
        if found is None:
            return None
        whole = Place(place.file, place.line, place.column, place.column + found.end())
        message, remedy = "an expression stands without braces", f"write `{found[1]}`"
        edits = (Edit(whole, found[1]),)
        self._document.findings.append(Finding(whole, "bad-yaml", message, remedy, edits=edits))
        self._document.repaired.add(place.line)
        return Scalar(whole, found[1])

    def _place(self, event: yaml.Event) -> Place:
        start, end = event.start_mark, event.end_mark
        assert start is not None, "the parser marks every event"
        assert end is not None, "the parser marks every event"
        width = end.column if end.line == start.line else 0
        return Place(self._document.file, start.line + 1, start.column + 1, width + 1)

    def _find(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self._document.findings.append(Finding(place, code, message, remedy))
