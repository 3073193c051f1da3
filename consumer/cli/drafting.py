"""The commands that make something of a schema: `mapping draft` and `mapping record`."""

import asyncio
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from consumer.avro.nodes import RecordType
from consumer.cli.chosen import PATH, config, needed, settings_of
from consumer.config.settings import Settings
from consumer.demo.made_records import telling_record
from consumer.errors import ConfigError, InvalidRecord
from consumer.inspect import lookup, samples
from consumer.inspect.decoding import decode_all
from consumer.inspect.registered import newest_schema, subject_of
from consumer.mapping.check.avro_types import SchemaFault, reader_schema
from consumer.mapping.workbench.draft.draft import TOPIC, Draft, Source, draft
from consumer.mapping.workbench.draft.values import Values
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError
from consumer.mapping.workbench.json_write import Written

Command = Callable[..., None]

_NOT_IN_A_TOPIC = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema file. `several` where it holds more records than the one that is meant."""

    path: Path
    text: bytes
    root: RecordType
    several: bool

    @property
    def name(self) -> str:
        """The name for a topic or file that is made after it."""
        return _NOT_IN_A_TOPIC.sub("-", self.path.stem).strip(".-") or "records"


@dataclass(frozen=True, slots=True)
class _Readers:
    """The one record that a topic is read as."""

    root: RecordType

    def reader_schemas(self, topic: str) -> Mapping[str, RecordType]:  # noqa: ARG002
        return {self.root.name: self.root}


@click.command("draft")
@click.option("--schema", type=PATH, help="The Avro schema of the records.")
@click.option("--subject", help="A subject of the registry (with --config): its newest version.")
@click.option(
    "--topic",
    help="The topic that the records are in. Alone (with --config): the schema is that of its "
    "subject in the registry.",
)
@click.option("--type", "record_name", help="The record, where the schema holds several.")
@click.option(
    "--records",
    metavar="N|FILE",
    help="Records as evidence: JSON, JSON lines or a folder; or a number: the last of --topic.",
)
@click.option("--out", type=PATH, help="Write the mapping there. Default: print it.")
@click.option(
    "--save-schema",
    type=PATH,
    help="Where a schema of the registry is kept. Default: beside --out.",
)
@config
def draft_command(
    schema: Path | None,
    subject: str | None,
    topic: str | None,
    record_name: str | None,
    records: str | None,
    out: Path | None,
    save_schema: Path | None,
    config: Path | None,
) -> None:
    """Draft a mapping for a schema: identity, time, consent and rules, each guess with its reason.

    Unsure guesses are comments. The result passes `mapping check`. Values of --records are looked at
    and never printed, but for those of the field that separates the kinds of events.
    """
    if (schema is None) == (subject is None) and (schema is not None or topic is None):
        raise click.UsageError("name the schema: --schema FILE, --subject NAME or --topic NAME")
    settings = settings_of(config)
    folder = out.parent if out else Path()
    if out is not None and out.exists():
        raise ConfigError(f"{out}: it is there already, and a draft replaces no file")
    if schema is None:
        kept = _from_registry(needed(settings, "--subject or --topic"), subject, topic)
        schema = save_schema or folder / f"{kept[0]}.avsc"
        write_new(schema, kept[1])
        click.echo(f"the schema is kept in {schema}", err=True)
    found = schema_of(schema, record_name)
    values = _values(records, topic, found, settings)
    made = drafted(found, topic or found.name, folder, values)
    if out is None:
        click.echo(made.text, nl=False)
    else:
        write_new(out, made.text.encode())
        click.echo(summary(out, made))


@click.command("record")
@click.option("--schema", type=PATH, required=True, help="The Avro schema of the record.")
@click.option("--type", "record_name", help="The record, where the schema holds several.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same record.")
def record_command(schema: Path, record_name: str | None, seed: int) -> None:
    """Print a realistic record of a schema as JSON: one of made-up people, that an event comes of."""
    found = schema_of(schema, record_name)
    click.echo(json.dumps(made_record(found, seed), ensure_ascii=False, indent=2))


def schema_of(path: Path, record_name: str | None = None) -> Schema:
    """The schema in a file. Raises ConfigError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from None
    try:
        root = reader_schema([(path.name, text)], record_name)
    except SchemaFault as fault:
        why = str(fault).replace("`from.record`", "--type")
        raise ConfigError(f"{path}: the schema cannot be used: {why}") from None
    return Schema(path, text, root, record_name is not None)


def drafted(found: Schema, topic: str, folder: Path, values: Values | None = None) -> Draft:
    """The mapping for a schema, as a file of `folder` names it."""
    file = os.path.relpath(found.path, folder)
    return draft(Source(found.text, file, found.root, [topic], found.several), values)


def made_record(found: Schema, seed: int) -> Any:
    """A record that the drafted mapping makes events of, as a person writes it."""
    unit = drafted(found, TOPIC, found.path.parent).unit
    return Written(found.root).of(telling_record(found.root, unit, TOPIC, seed))


def summary(out: Path, made: Draft) -> str:
    """The findings, in a line or two."""
    rules = ", ".join(made.events) or "none: no field says what happened in words that are known"
    who = ", ".join(made.identity) or "nobody"
    return f"{out}\n  identity: {who}\n  rules: {rules}"


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, or has this content. Raises ConfigError."""
    try:
        if path.exists() and path.read_bytes() != data:
            raise ConfigError(f"{path}: it is there already, with another content")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        why = (error.strerror or "not writable").lower()
        raise ConfigError(f"{path}: cannot be written: {why}") from None


def _from_registry(settings: Settings, subject: str | None, topic: str | None) -> tuple[str, bytes]:
    """The name of the schema's file and its text."""
    if subject is None:
        assert topic is not None
        subject = subject_of(settings, topic)
        if subject is None:
            raise click.UsageError("subjects are named by records here: name it with --subject")
    name = _NOT_IN_A_TOPIC.sub("-", subject.removesuffix("-value"))
    return name, newest_schema(settings, subject)


def _values(
    records: str | None, topic: str | None, found: Schema, settings: Settings | None
) -> Values:
    if records is None:
        return Values()
    if not records.isdecimal():
        return Values(_of_files([Path(records)], found.root))
    if topic is None:
        raise click.UsageError("--records N are the last of a topic: name it with --topic")
    settings = needed(settings, "--records N")
    last = lookup.last_records(settings, topic, int(records))
    decoded = asyncio.run(decode_all(settings, _Readers(found.root), last))
    read = [one.value for one in decoded if not isinstance(one, InvalidRecord) and one.value]
    if last and not read:
        raise ConfigError(f"{topic}: none of its last {len(last)} records fits the schema")
    return Values(read)


def _of_files(paths: Sequence[Path], root: RecordType) -> list[dict[str, Any]]:
    form = JsonForm(root)
    read = []
    for path in paths:
        for name, document in samples.documents(path):
            try:
                read.append(form.decoded(document))
            except JsonFormError as error:
                raise ConfigError(
                    f"{name}: this record does not fit {root.name}: {error}"
                ) from None
    return read
