"""Input of the commands of `mapping`: files, a configuration, records of files or of Kafka."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from consumer.config.load import load
from consumer.config.settings import Settings
from consumer.errors import ConfigError, InvalidRecord
from consumer.inspect import lookup, samples
from consumer.inspect.decoding import decode_all
from consumer.mapping.check.checked import Account
from consumer.mapping.check.loader import Files
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.model import Decoded, Endpoint, Record
from consumer.source.properties import refused
from consumer.startup.setup import accounts_of

Read = Decoded | InvalidRecord
Command = Callable[..., None]

PATH = click.Path(path_type=Path)
files = click.argument("files", nargs=-1, required=True, type=PATH)
config = click.option(
    "--config",
    "-c",
    "config",
    type=PATH,
    envvar="YESPO_BRIDGE_CONFIG",
    help="Take accounts, Kafka and registry from this configuration. Without it: one account "
    "`main`, both APIs.",
)
show_personal = click.option("--show-personal", is_flag=True, help="Show personal data as it is.")
as_topic = click.option("--topic", help="The topic that a record of a file is taken to come from.")


def naming_one_record(command: Command) -> Command:
    """The ways of naming one record."""
    for option in (
        click.option("--at", metavar="TOPIC:PARTITION:OFFSET", help="A record in Kafka."),
        click.option("--writer-schema", type=PATH, help="The schema that --avro is written with."),
        click.option("--avro", type=PATH, help="A file with one record in bare Avro."),
        click.option("--record", type=PATH, help="A JSON file with one record."),
    ):
        command = option(command)
    return command


def last_of_a_topic(command: Command) -> Command:
    """The last records of a topic, for commands that look at many."""
    for option in (
        click.option(
            "--last",
            type=click.IntRange(min=1),
            default=1000,
            show_default=True,
            help="How many records of --topic.",
        ),
        click.option("--topic", help="A topic in Kafka (with --config): its last records."),
    ):
        command = option(command)
    return command


def settings_of(config: Path | None) -> Settings | None:
    return None if config is None else load(config, os.environ, refused)


def accounts_for(settings: Settings | None) -> Mapping[str, Account]:
    return TEST_ACCOUNTS if settings is None else accounts_of(settings)


def urls_of(settings: Settings | None) -> Mapping[Endpoint, str]:
    urls = {}
    if settings is not None:
        for name, account in settings.yespo.accounts.items():
            if account.legacy is not None:
                urls[Endpoint(name, "legacy")] = account.legacy.url
            if account.v2 is not None:
                urls[Endpoint(name, "v2")] = account.v2.url
    return urls


def unit_of(files: Sequence[Path], accounts: Mapping[str, Account]) -> tuple[MappingUnit, Files]:
    unit, findings, sources = check_unit(files, accounts, Path.cwd())
    if unit is None:
        errors = [finding for finding in findings if finding.severity == "error"]
        raise ConfigError(render(errors, sources), errors)
    return unit, sources


def one_record(
    unit: MappingUnit,
    settings: Settings | None,
    topic: str | None,
    record: Path | None,
    avro: Path | None,
    writer_schema: Path | None,
    at: str | None,
) -> tuple[str, Record, Read]:
    """The one record that the options name."""
    if sum(option is not None for option in (record, avro, at)) != 1:
        raise click.UsageError("name one record: --record FILE, --avro FILE, or --at POSITION")
    if at is not None:
        try:
            where = lookup.parse_position(at)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--at") from None
        kafka = lookup.record_at(needed(settings, "--at"), where)
        [decoded] = asyncio.run(decode_all(needed(settings, "--at"), unit, [kafka]))
        return kafka.position, kafka, decoded
    if avro is not None:
        return samples.read_avro(avro, writer_schema, unit.mappings, topic)
    assert record is not None
    found = samples.read([record], unit.mappings, topic)
    if len(found) != 1:
        raise click.UsageError(f"{record} holds {len(found)} records, and one is looked at")
    return found[0]


def many_records(
    unit: MappingUnit,
    settings: Settings | None,
    records: Sequence[Path],
    topic: str | None,
    last: int,
) -> Iterator[tuple[str, Record, Read]]:
    """Records of files, or the last of a topic."""
    if bool(records) == bool(topic):
        raise click.UsageError("name the records: FILES, or --topic NAME with --config")
    if topic is None:
        yield from samples.read(records, unit.mappings)
        return
    settings = needed(settings, "--topic")
    found = lookup.last_records(settings, topic, last)
    decoded = asyncio.run(decode_all(settings, unit, found))
    for kafka, read in zip(found, decoded, strict=True):
        yield kafka.position, kafka, read


def compared(
    before: MappingUnit,
    after: MappingUnit,
    settings: Settings | None,
    records: Sequence[Path],
    topic: str | None,
    last: int,
) -> Iterator[tuple[str, Record, Read, Read]]:
    """Each record as the reader schemas of both mappings have it."""
    if bool(records) == bool(topic):
        raise click.UsageError("name the records: --records FILES, or --topic NAME with --config")
    if topic is None:
        first, second = (samples.read(records, unit.mappings) for unit in (before, after))
        for one, other in zip(first, second, strict=True):
            yield one.name, one.record, one.decoded, other.decoded
        return
    settings = needed(settings, "--topic")
    found = lookup.last_records(settings, topic, last)
    pairs = (asyncio.run(decode_all(settings, unit, found)) for unit in (before, after))
    for kafka, one_read, other_read in zip(found, *pairs, strict=True):
        yield kafka.position, kafka, one_read, other_read


def needed(settings: Settings | None, option: str) -> Settings:
    """The configuration that an option needs. Raises UsageError."""
    if settings is None:
        raise click.UsageError(f"{option} needs --config: it says where Kafka and the registry are")
    return settings
