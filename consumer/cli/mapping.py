"""`yespo-bridge mapping`: draft, check, test, explain and compare mappings."""

import json
import sys
from pathlib import Path

import click

from consumer.cli import drafting, reporting, workbench
from consumer.cli.chosen import accounts_for, config, files, settings_of
from consumer.errors import EXIT_CONFIG, EXIT_FAILED, ConfigError
from consumer.mapping.check.lints import notes
from consumer.mapping.file.editor import json_schema
from consumer.mapping.unit import render
from consumer.mapping.workbench.cases import run_cases
from consumer.mapping.workbench.fix import mend
from consumer.mapping.workbench.junit import junit as as_junit
from consumer.startup.setup import prove


@click.group("mapping")
def command() -> None:
    """Draft, check, test, explain and compare mappings."""


@command.command("check")
@files
@config
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--fix", is_flag=True, help="Apply the remedies that can be applied to the files.")
@reporting.form
def check(
    files: tuple[Path, ...],
    config: Path | None,
    strict: bool,
    fix: bool,
    form: reporting.Format,
) -> None:
    """Prove mapping FILES against their schemas and Yespo's contract; all findings at once.

    Also against the versions of the schema that they name (`from.versions`). Exit code 3 where there
    is an error. --fix rewrites the files (with --strict also for warnings), and reports what is left.
    """
    with reporting.failures(form, config):
        accounts = accounts_for(settings_of(config))
    mended = mend(files, accounts, warnings=strict) if fix else 0
    unit, findings, sources = prove(files, accounts)
    noted = [note for mapping in unit.mappings for note in notes(mapping)] if unit else []
    ok = unit is not None and not (strict and findings)
    if form != "text":
        digest = unit.digest if unit else None
        reporting.write(form, [*findings, *noted], {"ok": ok, "digest": digest, "fixed": mended})
        sys.exit(0 if ok else EXIT_CONFIG)
    if mended:
        click.echo(f"fixed: {mended} findings")
    if findings or noted:
        click.echo(render([*findings, *noted], sources))
    if unit is None or not ok:
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
@reporting.form
def test(
    files: tuple[Path, ...],
    config: Path | None,
    every_rule: bool,
    junit: Path | None,
    form: reporting.Format,
) -> None:
    """Run the cases in FILES (mappings/README.md shows how they are written).

    Exit code 1 where a case fails, 3 where a mapping is wrong.
    """
    with reporting.failures(form, config):
        report = run_cases(files, accounts_for(settings_of(config)))
        if junit is not None:
            _write(junit, as_junit(report))
    if form == "text":
        click.echo(report.render())
        for file, rule in report.untested:
            click.echo(f"untested: {file}: {rule}")
    else:
        found = [*report.findings, *(result.finding for result in report.failed)]
        reporting.write(form, found, report.as_json())
    if report.faults:
        sys.exit(EXIT_CONFIG)
    if report.failed or (every_rule and report.untested):
        sys.exit(EXIT_FAILED)


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of mapping files, for completion and hover in editors.

    Begin a mapping with `# yaml-language-server: $schema=FILE`, where FILE is what this prints.
    """
    click.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        why = (error.strerror or "not writable").lower()
        raise ConfigError(f"{path}: cannot be written: {why}") from None


for _one in (
    *(workbench.explain, workbench.coverage, workbench.diff, workbench.capture, workbench.apply),
    *(drafting.draft_command, drafting.record_command),
):
    command.add_command(_one)
