"""`yespo-bridge mapping`: the workbench of whoever tunes mappings."""

import sys
from pathlib import Path

import click

from consumer.cli import workbench
from consumer.cli.chosen import accounts_for, config, files, settings_of
from consumer.errors import EXIT_CONFIG, EXIT_FAILED, ConfigError
from consumer.mapping.unit import render
from consumer.mapping.workbench.cases import run_cases
from consumer.mapping.workbench.junit import junit as as_junit
from consumer.startup.setup import prove


@click.group("mapping")
def command() -> None:
    """Check, test, explain and compare mappings."""


@command.command("check")
@files
@config
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
def check(files: tuple[Path, ...], config: Path | None, strict: bool) -> None:
    """Prove mapping FILES against their schemas and Yespo's contract; all findings at once.

    Also against the versions of the schema that they name (`from.versions`). Exit code 3 where there
    is an error.
    """
    unit, findings, sources = prove(files, accounts_for(settings_of(config)))
    if findings:
        click.echo(render(findings, sources))
    if unit is None or (strict and findings):
        sys.exit(EXIT_CONFIG)
    rules = sum(len(mapping.rules) for mapping in unit.mappings)
    versions = sum(len(mapping.versions) for mapping in unit.mappings)
    click.echo(
        f"ok: {len(files)} files, {rules} rules, {versions} versions of schemas, digest {unit.digest}"
    )


@command.command("test")
@files
@config
@click.option("--every-rule", is_flag=True, help="Fail where a rule makes no event in any case.")
@click.option(
    "--junit", type=click.Path(path_type=Path), help="Also write the result as JUnit XML."
)
def test(
    files: tuple[Path, ...], config: Path | None, every_rule: bool, junit: Path | None
) -> None:
    """Run the cases in FILES (mappings/README.md shows how they are written).

    Exit code 1 where a case fails, 3 where a mapping is wrong.
    """
    report = run_cases(files, accounts_for(settings_of(config)))
    click.echo(report.render())
    if junit is not None:
        _write(junit, as_junit(report))
    for file, rule in report.untested:
        click.echo(f"untested: {file}: {rule}")
    if report.faults:
        sys.exit(EXIT_CONFIG)
    if report.failed or (every_rule and report.untested):
        sys.exit(EXIT_FAILED)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        why = (error.strerror or "not writable").lower()
        raise ConfigError(f"{path}: cannot be written: {why}") from None


for _one in (workbench.explain, workbench.coverage, workbench.diff, workbench.capture):
    command.add_command(_one)
