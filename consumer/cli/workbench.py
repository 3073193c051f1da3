"""The commands of `mapping` that look at records: explain, coverage, diff, apply, capture."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from consumer.cli import options
from consumer.cli.chosen import (
    PATH,
    accounts_for,
    as_topic,
    compared,
    config,
    files,
    last_of_a_topic,
    many_records,
    naming_one_record,
    one_record,
    settings_of,
    show_personal,
    unit_of,
    urls_of,
)
from consumer.errors import EXIT_FAILED, InvalidRecord
from consumer.mapping.unit import check_unit
from consumer.mapping.workbench.apply import applied
from consumer.mapping.workbench.capture import capture as captured
from consumer.mapping.workbench.cases import TEST_ACCOUNTS, run_cases
from consumer.mapping.workbench.coverage import coverage as coverage_of
from consumer.mapping.workbench.diff import Differ
from consumer.mapping.workbench.explain import Explainer
from consumer.mapping.workbench.explain_text import render as explanation


@click.command("explain")
@files
@naming_one_record
@as_topic
@config
@show_personal
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
    settings = settings_of(config)
    unit, sources = unit_of(files, accounts_for(settings))
    if code:
        click.echo(unit.source())
        return
    name, kafka, decoded = one_record(unit, settings, topic, **record)
    if isinstance(decoded, InvalidRecord):
        raise click.ClickException(f"{name} cannot be read: {decoded.detail}")
    urls = urls_of(settings)
    explainer = Explainer(unit, sources.documents, urls, show_personal=show_personal)
    found = explainer.explain(kafka, decoded)
    click.echo(_as_json(found) if as_json else explanation(found))


@click.command("coverage")
@files
@click.option("--cases", multiple=True, type=PATH, help="Files of test cases (repeatable).")
@config
@options.as_json
def coverage(
    files: tuple[Path, ...], cases: tuple[Path, ...], config: Path | None, as_json: bool
) -> None:
    """Show what mapping FILES leave unused.

    Fields of the record that nothing reads, fields of Yespo's events that nothing fills, and rules
    that no test reaches. Without --cases the cases are those in `tests/` beside each file.
    """
    accounts = accounts_for(settings_of(config))
    unit, _ = unit_of(files, accounts)
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
        click.echo(_as_json([one.as_json() for one in found]))
    else:
        click.echo("\n\n".join(one.render() for one in found))


@click.command("diff")
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option("--records", multiple=True, type=PATH, help="JSON, JSONL, or a folder of them.")
@last_of_a_topic
@config
@show_personal
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
    settings = settings_of(config)
    accounts = accounts_for(settings)
    before, _ = unit_of([old], accounts)
    after, _ = unit_of([new], accounts)
    differ = Differ(before, after, show_personal=show_personal)
    for each in compared(before, after, settings, records, topic, last):
        differ.compare(*each)
    found = differ.difference
    if as_json:
        click.echo(_as_json(found.as_json()))
    else:
        click.echo(found.render())
    if exit_code and found.changed:
        sys.exit(EXIT_FAILED)


@click.command("apply")
@click.argument("mapping", type=PATH)
@click.argument("records", nargs=-1, type=PATH)
@last_of_a_topic
@config
@show_personal
def apply(
    mapping: Path,
    records: tuple[Path, ...],
    topic: str | None,
    last: int,
    config: Path | None,
    show_personal: bool,
) -> None:
    """Print what MAPPING makes of RECORDS (JSON, JSON lines, folders of them), a JSON line for each.

    A line has `record` (its file and line, or position), `end` (`events`, `filtered`, `invalid`) with
    its `reason`, and `events` with their bodies. Personal data is replaced by stand-ins. Sends nothing.
    """
    settings = settings_of(config)
    unit, sources = unit_of([mapping], accounts_for(settings))
    explainer = Explainer(unit, sources.documents, urls_of(settings), show_personal=show_personal)
    for name, kafka, decoded in many_records(unit, settings, records, topic, last):
        click.echo(_as_json({"record": name, **applied(explainer, kafka, decoded)}))


@click.command("capture")
@files
@naming_one_record
@as_topic
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
    settings = settings_of(config)
    unit, _, _ = check_unit(files, TEST_ACCOUNTS, Path.cwd())
    if unit is None:  # it names accounts: then its cases are run with the configuration as well
        unit, _ = unit_of(files, accounts_for(settings))
    where, kafka, decoded = one_record(unit, settings, topic, **record)
    try:
        if isinstance(decoded, InvalidRecord):
            raise decoded
        click.echo(captured(unit, kafka, decoded, name or f"captured at {where}"), nl=False)
    except InvalidRecord as invalid:
        raise click.ClickException(f"{where}: {invalid.detail}") from None


def _as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
