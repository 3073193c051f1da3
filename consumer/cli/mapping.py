"""`yespo-bridge mapping`: the workbench of whoever tunes mappings."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from consumer.config.load import load
from consumer.errors import EXIT_CONFIG, EXIT_FAILED
from consumer.mapping.cases import TEST_ACCOUNTS, run_cases
from consumer.mapping.checked import Account
from consumer.mapping.unit import check_unit, load_unit, render
from consumer.setup import accounts_of
from consumer.source.properties import refused

_files = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
_config = click.option(
    "--config",
    "-c",
    "config",
    type=click.Path(path_type=Path),
    envvar="YESPO_BRIDGE_CONFIG",
    help="Take the accounts from this configuration. Without it: one account `main`, both APIs.",
)


@click.group("mapping")
def command() -> None:
    """Check, test and read mappings."""


@command.command("check")
@_files
@_config
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
def check(files: tuple[Path, ...], config: Path | None, strict: bool) -> None:
    """Prove mapping FILES against their schemas and Yespo's contract; all findings at once.

    Exit code 3 where there is an error.
    """
    unit, findings, sources = check_unit(files, _accounts(config), Path.cwd())
    if findings:
        click.echo(render(findings, sources))
    if unit is None or (strict and findings):
        sys.exit(EXIT_CONFIG)
    rules = sum(len(mapping.rules) for mapping in unit.mappings)
    click.echo(f"ok: {len(files)} files, {rules} rules, digest {unit.digest}")


@command.command("test")
@_files
@_config
@click.option("--every-rule", is_flag=True, help="Fail where a rule makes no event in any case.")
def test(files: tuple[Path, ...], config: Path | None, every_rule: bool) -> None:
    """Run the cases in FILES (mappings/README.md shows how they are written).

    Exit code 1 where a case fails, 3 where a mapping is wrong.
    """
    report = run_cases(files, _accounts(config))
    click.echo(report.render())
    for file, rule in report.untested:
        click.echo(f"untested: {file}: {rule}")
    if report.faults:
        sys.exit(EXIT_CONFIG)
    if report.failed or (every_rule and report.untested):
        sys.exit(EXIT_FAILED)


@command.command("explain")
@_files
@_config
@click.option("--code", is_flag=True, required=True, help="Print the function that FILES become.")
def explain(files: tuple[Path, ...], config: Path | None, code: bool) -> None:  # noqa: ARG001
    """Show what mapping FILES become."""
    click.echo(load_unit(files, _accounts(config), Path.cwd()).source())


def _accounts(config: Path | None) -> Mapping[str, Account]:
    return TEST_ACCOUNTS if config is None else accounts_of(load(config, os.environ, refused))
