"""Reads records out of files for the mapping workbench: JSON, JSON lines, folders of them, bare Avro."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from consumer.avro.nodes import Node
from consumer.avro.schema import SchemaError, parse_safely
from consumer.decode.avro import Wanted, plan
from consumer.documents.json_text import JsonTextError, read_json
from consumer.errors import ConfigError, InvalidRecord
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError
from consumer.model import Decoded, Partition, Record

NOW_MS = 1_795_165_200_000  # 2026-11-20T09:00:00Z, when cases of mappings arrive by default


class Sample(NamedTuple):
    """A record as the mapping gets it. `name` is its file and line: `clicks.jsonl:12`."""

    name: str
    record: Record
    decoded: Decoded


def read(
    paths: Iterable[Path], mappings: Sequence[CheckedMapping], topic: str | None = None
) -> list[Sample]:
    """The records of all these files, each as the first mapping whose schema it fits has it.

    `topic` is where they are taken to come from; left out, the mapping's first.
    Raises ConfigError for what is no JSON, or fits no schema.
    """
    forms = [(mapping, JsonForm(mapping.reader_schema)) for mapping in mappings]
    return [
        _sample(name, document, forms, topic)
        for path in paths
        for name, document in documents(path)
    ]


def read_avro(
    path: Path,
    schema: Path | None,
    mappings: Sequence[CheckedMapping],
    topic: str | None = None,
) -> Sample:
    """A file that is one record in bare Avro, written with `schema`, or as the mapping reads it.

    Raises ConfigError where it cannot be read.
    """
    data = _bytes(path)
    whys = []
    for mapping in mappings:
        reader = mapping.reader_schema
        writer = reader if schema is None else _writer(schema)
        try:
            decoded = plan(writer, Wanted({reader.name: reader}), "file")(data, 0)
        except InvalidRecord as invalid:
            whys.append(f"{mapping.record.name}: {invalid.detail}")
        else:
            return Sample(str(path), _record(mapping, topic), decoded)
    remedy = "name the schema it was written with: --writer-schema FILE"
    raise ConfigError(f"{path}: this is no record in bare Avro ({'; '.join(whys)})\n   {remedy}")


def _writer(path: Path) -> Node:
    try:
        return parse_safely(_bytes(path))
    except SchemaError as error:
        raise ConfigError(f"{path}: this is no Avro schema: {error}") from error


def documents(path: Path) -> Iterator[tuple[str, Any]]:
    """The names and JSON values of a file, or of all in a folder. Raises ConfigError."""
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.suffix in (".json", ".jsonl"))
        if not files:
            raise ConfigError(f"{path}: no .json or .jsonl file in this folder")
        for file in files:
            yield from documents(file)
    elif path.suffix == ".jsonl":
        for number, line in enumerate(_bytes(path).splitlines(), 1):
            if line.strip():
                yield f"{path}:{number}", _json(line, f"{path}:{number}")
    else:
        yield str(path), _json(_bytes(path), str(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _json(data: bytes, name: str) -> Any:
    try:
        return read_json(data)
    except JsonTextError as error:
        raise ConfigError(f"{name}: this {error}") from error


def _sample(
    name: str,
    document: Any,
    forms: Sequence[tuple[CheckedMapping, JsonForm]],
    topic: str | None,
) -> Sample:
    whys = []
    for mapping, form in forms:
        try:
            value = form.decoded(document)
        except JsonFormError as error:
            whys.append(f"{mapping.record.name}: {error}")
        else:
            return Sample(
                name, _record(mapping, topic), Decoded(value, mapping.record.name, "file")
            )
    remedy = "avro/README.md shows how records are written"
    raise ConfigError(f"{name}: this record fits no schema ({'; '.join(whys)})\n   {remedy}")


def _record(mapping: CheckedMapping, topic: str | None) -> Record:
    if topic is None:
        topic = next((one for one in mapping.topics if not one.startswith("^")), None)
    if topic is None:
        message = "its topics are patterns; say from which one the record is: --topic NAME"
        raise ConfigError(f"{mapping.file}: {message}")
    return Record(Partition(topic, 0, 0), 0, None, b"", (), NOW_MS)
