"""The commands of `mapping` that look at records: explain, coverage, diff, capture."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from consumer import peek, samples
from consumer.cli import options
from consumer.config.load import load
from consumer.config.settings import Settings
from consumer.errors import EXIT_FAILED, ConfigError, InvalidRecord
from consumer.mapping.capture import capture as captured
from consumer.mapping.cases import TEST_ACCOUNTS, run_cases
from consumer.mapping.checked import Account
from consumer.mapping.coverage import coverage as coverage_of
from consumer.mapping.diff import Differ
from consumer.mapping.explain import Explainer
from consumer.mapping.explain_text import render as explanation
from consumer.mapping.loader import Files
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.model import Decoded, Endpoint, Record
from consumer.setup import accounts_of
from consumer.source.properties import refused

Read = Decoded | InvalidRecord
Command = Callable[..., None]

_path = click.Path(path_type=Path)
files = click.argument("files", nargs=-1, required=True, type=_path)
config = click.option(
    "--config",
    "-c",
    "config",
    type=_path,
    envvar="YESPO_BRIDGE_CONFIG",
    help="Take accounts, Kafka and registry from this configuration. Without it: one account "
    "`main`, both APIs.",
)
_personal = click.option("--show-personal", is_flag=True, help="Show personal data as it is.")
_topic = click.option("--topic", help="The topic that a record of a file is taken to come from.")


def _one_record(command: Command) -> Command:
    """The ways of naming one record."""
    for option in (
        click.option("--at", metavar="TOPIC:PARTITION:OFFSET", help="A record in Kafka."),
        click.option("--writer-schema", type=_path, help="The schema that --avro is written with."),
        click.option("--avro", type=_path, help="A file with one record in bare Avro."),
        click.option("--record", type=_path, help="A JSON file with one record."),
    ):
        command = option(command)
    return command


@click.command("explain")
@files
@_one_record
@_topic
@config
@_personal
@options.as_json
@click.option("--code", is_flag=True, help="Print the function that FILES become, nothing else.")
def explain(
    files: tuple[Path, ...],
    config: Path | None,
    topic: str | None,
    show_personal: bool,
    as_json: bool,
    code: bool,
    **record: Any,
) -> None:
    """Show what mapping FILES make of one record, and why.

    Which rule takes it and why the others do not, where each field comes from, and the request as it
    goes out. Personal data is replaced by stand-ins of the same shape.
    """
    settings = _settings(config)
    unit, sources = _unit(files, _accounts(settings))
    if code:
        click.echo(unit.source())
        return
    name, kafka, decoded = _chosen(unit, settings, topic, **record)
    if isinstance(decoded, InvalidRecord):
        raise click.ClickException(f"{name} cannot be read: {decoded.detail}")
    urls = _urls(settings)
    explainer = Explainer(unit, sources.documents, urls, show_personal=show_personal)
    found = explainer.explain(kafka, decoded)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else explanation(found))


@click.command("coverage")
@files
@click.option("--cases", multiple=True, type=_path, help="Files of test cases (repeatable).")
@config
@options.as_json
def coverage(
    files: tuple[Path, ...], cases: tuple[Path, ...], config: Path | None, as_json: bool
) -> None:
    """Show what mapping FILES leave unused.

    Fields of the record that nothing reads, fields of Yespo's events that nothing fills, and rules
    that no test reaches. Without --cases the cases are those in `tests/` beside each file.
    """
    accounts = _accounts(_settings(config))
    unit, _ = _unit(files, accounts)
    beside = [path for file in files if (path := file.parent / "tests" / file.name).exists()]
    tested = run_cases(cases or beside, accounts).reached
    found = [
        coverage_of(
            mapping,
            [rule.name for rule in mapping.rules if (path.resolve(), rule.name) not in tested],
        )
        for mapping, path in zip(unit.mappings, files, strict=True)
    ]
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
    else:
        click.echo("\n\n".join(one.render() for one in found))


@click.command("diff")
@click.argument("old", type=_path)
@click.argument("new", type=_path)
@click.option("--records", multiple=True, type=_path, help="JSON, JSONL, or a folder of them.")
@click.option("--topic", help="A topic in Kafka (with --config): its last records.")
@click.option("--last", default=1000, show_default=True, help="How many records of --topic.")
@config
@_personal
@options.as_json
@click.option("--exit-code", is_flag=True, help="Exit with 1 where anything changes.")
def diff(
    old: Path,
    new: Path,
    records: tuple[Path, ...],
    topic: str | None,
    last: int,
    config: Path | None,
    show_personal: bool,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Show what changes when mapping NEW takes the place of mapping OLD, over real records."""
    settings = _settings(config)
    accounts = _accounts(settings)
    before, _ = _unit([old], accounts)
    after, _ = _unit([new], accounts)
    differ = Differ(before, after, show_personal=show_personal)
    for each in _both(before, after, settings, records, topic, last):
        differ.compare(*each)
    found = differ.difference
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        click.echo(found.render())
    if exit_code and found.changed:
        sys.exit(EXIT_FAILED)


@click.command("capture")
@files
@_one_record
@_topic
@config
@click.option("--name", help="What the case is to be called.")
def capture(
    files: tuple[Path, ...],
    config: Path | None,
    topic: str | None,
    name: str | None,
    **record: Any,
) -> None:
    """Print one record as a test case in YAML, to be pasted under `cases:`.

    Personal data is replaced by stand-ins of the same shape, and the expectation is what FILES make
    of *those*. What only you can know to be personal (a search, a comment) stays: look it over.
    """
    settings = _settings(config)
    unit, _, _ = check_unit(files, TEST_ACCOUNTS, Path.cwd())
    if unit is None:  # it names accounts: then its cases are run with the configuration as well
        unit, _ = _unit(files, _accounts(settings))
    where, kafka, decoded = _chosen(unit, settings, topic, **record)
    try:
        if isinstance(decoded, InvalidRecord):
            raise decoded
        click.echo(captured(unit, kafka, decoded, name or f"captured at {where}"), nl=False)
    except InvalidRecord as invalid:
        raise click.ClickException(f"{where}: {invalid.detail}") from None


def _settings(config: Path | None) -> Settings | None:
    return None if config is None else load(config, os.environ, refused)


def _accounts(settings: Settings | None) -> Mapping[str, Account]:
    return TEST_ACCOUNTS if settings is None else accounts_of(settings)


def _urls(settings: Settings | None) -> Mapping[Endpoint, str]:
    urls = {}
    if settings is not None:
        for name, account in settings.yespo.accounts.items():
            if account.legacy is not None:
                urls[Endpoint(name, "legacy")] = account.legacy.url
            if account.v2 is not None:
                urls[Endpoint(name, "v2")] = account.v2.url
    return urls


def _unit(files: Sequence[Path], accounts: Mapping[str, Account]) -> tuple[MappingUnit, Files]:
    unit, findings, sources = check_unit(files, accounts, Path.cwd())
    if unit is None:
        errors = [finding for finding in findings if finding.severity == "error"]
        raise ConfigError(render(errors, sources))
    return unit, sources


def _chosen(
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
            where = peek.position(at)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--at") from None
        kafka = peek.at(_needed(settings, "--at"), where)
        [decoded] = peek.decoded(_needed(settings, "--at"), unit, [kafka])
        return kafka.position, kafka, decoded
    if avro is not None:
        return samples.read_avro(avro, writer_schema, unit.mappings, topic)
    assert record is not None
    found = samples.read([record], unit.mappings, topic)
    if len(found) != 1:
        raise click.UsageError(f"{record} holds {len(found)} records, and one is looked at")
    return found[0]


def _both(
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
    settings = _needed(settings, "--topic")
    found = peek.latest(settings, topic, last)
    pairs = (peek.decoded(settings, unit, found) for unit in (before, after))
    for kafka, one_read, other_read in zip(found, *pairs, strict=True):
        yield kafka.position, kafka, one_read, other_read


def _needed(settings: Settings | None, option: str) -> Settings:
    if settings is None:
        raise click.UsageError(f"{option} needs --config: it says where Kafka and the registry are")
    return settings
