"""Reading a mapping file and all it refers to: included files and the reader schema."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import escape, glob
from pathlib import Path

from consumer.documents.findings import Finding, Place
from consumer.documents.yaml_tree import Document, Table, read_text
from consumer.mapping.check.avro_types import SchemaFault, reader_schema, record_type
from consumer.mapping.check.check import Input
from consumer.mapping.check.checked import WriterSchema
from consumer.mapping.file import grammar
from consumer.mapping.file.reader import Reader

MAX_INCLUDES = 50


@dataclass(slots=True)
class Files:
    """All files of a unit as they were read: for the digest, and for source lines of findings."""

    relative_to: Path | None = None
    documents: dict[str, Document] = field(default_factory=dict)
    _read: list[tuple[Path, bytes | None]] = field(default_factory=list)

    def shown(self, path: Path) -> str:
        """The file's name in messages."""
        return os.path.relpath(path, self.relative_to) if self.relative_to else str(path)

    def bytes_of(self, path: Path) -> bytes:
        """Raises OSError."""
        data = bytes_or_none(path)
        self._read.append((path, data))
        return path.read_bytes() if data is None else data

    def document(self, path: Path) -> Document:
        """Raises OSError."""
        shown = self.shown(path)
        if shown not in self.documents:
            self.documents[shown] = read_text(self.bytes_of(path), shown, recover=True)
        return self.documents[shown]

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that change with any byte of any file of the unit."""
        return digest_of(self._read)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that was asked for, also those that could not be read."""
        return tuple(path for path, _ in self._read)


def digest_of(files: Sequence[tuple[Path, bytes | None]]) -> str:
    """Names a unit by the contents of its files; None stands for a file that cannot be read."""
    total = hashlib.sha256()
    for path, data in files:
        total.update(path.name.encode() + b"\0" + hashlib.sha256(data or b"").digest())
    return total.hexdigest()[:8]


def bytes_or_none(path: Path) -> bytes | None:
    """The file's content; None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def load(path: Path, files: Files, findings: list[Finding]) -> Input | None:
    """A mapping file with its includes and schemas; None where that is not enough to check it."""
    try:
        document = files.document(path)
    except OSError as error:
        place = Place(files.shown(path), 1, 1)
        findings.append(Finding(place, "no-file", f"cannot be read: {error.strerror}"))
        return None
    file = Reader(document, findings).mapping(path)
    if not isinstance(document.root, Table):
        return None
    included = _included(path, file.shared.includes, files, findings)
    if not file.schemas:
        return None
    return _with_schema(file, included, files, findings)


def _with_schema(
    file: grammar.MappingFile,
    included: Sequence[grammar.Shared],
    files: Files,
    findings: list[Finding],
) -> Input | None:
    read: list[tuple[str, bytes]] = []
    for word in file.schemas:
        path = file.path.parent / word.text
        try:
            read.append((path.name, files.bytes_of(path)))
        except OSError as error:
            remedy = "the path is relative to this mapping file"
            message = f"the schema cannot be read: {error.strerror}"
            findings.append(Finding(word.place, "no-file", message, remedy))
            return None
    try:
        root = reader_schema(read, file.record.text if file.record else None)
    except SchemaFault as fault:
        place = file.schemas[fault.file].place
        findings.append(Finding(place, "bad-schema", f"the schema cannot be used: {fault}"))
        return None
    beside = tuple(data for _, data in read[:-1])
    return Input(
        file,
        included,
        record_type(root),
        root,
        files.shown(path),
        file.schemas[-1].place,
        tuple(_versions(file, beside, files, findings)),
    )


def _versions(
    file: grammar.MappingFile, beside: tuple[bytes, ...], files: Files, findings: list[Finding]
) -> Iterator[WriterSchema]:
    """The files that `from.versions` names, each by its name or a pattern such as `old/*.avsc`."""
    for word in file.versions:
        names = sorted(glob(os.path.join(escape(str(file.path.parent)), word.text)))  # noqa: PTH118, PTH207  # pathlib takes no absolute pattern
        if not names:
            remedy = "the path is relative to this mapping file"
            findings.append(Finding(word.place, "no-file", "there is no such file", remedy))
        for name in names:
            path = Path(name)
            try:
                data = files.bytes_of(path)
            except OSError as error:
                message = f"{files.shown(path)} cannot be read: {error.strerror}"
                findings.append(Finding(word.place, "no-file", message))
            else:
                yield WriterSchema(word.place, files.shown(path), data, beside)


def _included(
    path: Path, words: Sequence[grammar.Word], files: Files, findings: list[Finding]
) -> list[grammar.Shared]:
    """The shared parts of all included files, inner ones first. Each file counts once."""
    found: list[grammar.Shared] = []
    seen = {path.resolve()}

    def add(base: Path, word: grammar.Word) -> None:
        target = base.parent / word.text
        if target.resolve() in seen:
            return
        seen.add(target.resolve())
        if len(seen) > MAX_INCLUDES:
            findings.append(Finding(word.place, "too-large", f"more than {MAX_INCLUDES} includes"))
            return
        try:
            document = files.document(target)
        except OSError as error:
            remedy = "the path is relative to the file that includes it"
            message = f"cannot be read: {error.strerror}"
            findings.append(Finding(word.place, "no-file", message, remedy))
            return
        shared = Reader(document, findings).included()
        for inner in shared.includes:
            add(target, inner)
        found.append(shared)

    for word in words:
        add(path, word)
    return found
