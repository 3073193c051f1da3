"""`yespo-bridge check`: everything that can be known before a rollout."""

import asyncio
import sys
from pathlib import Path

import click

from consumer.cli import options, reporting
from consumer.config.scopes import declared
from consumer.documents.findings import Finding, Place
from consumer.errors import EXIT_FAILED
from consumer.startup.connections import Connection, connections
from consumer.startup.setup import Setup, load_setup


@click.command("check")
@options.config
@click.option("--connect", is_flag=True, help="Also try Kafka, the registry and Yespo's hosts.")
@click.option("--warn-only", is_flag=True, help="A failed connection is shown, and is no failure.")
@reporting.form
@options.as_json
def command(
    path: Path, connect: bool, warn_only: bool, form: reporting.Format, as_json: bool
) -> None:
    """Check configuration, mappings and schemas, and with --connect every connection.

    With --connect the mappings are also checked against every version of their schemas that the
    registry has. Sends no event and joins no group. Exit codes: 0 all well; 1 a connection failed (not
    with --warn-only); 3 configuration or mapping wrong. --json stands for --format json.
    """
    form = "json" if as_json else form
    with reporting.failures(form, path):
        setup = load_setup(path, ask_registry=connect)
        found = asyncio.run(connections(setup.settings, setup.mapping.topics)) if connect else []
    if form != "text":
        reporting.write(form, [*setup.found, *_failed(found)], _document(setup, found))
    else:
        if setup.warnings:
            click.echo(setup.warnings)
        rules = sum(len(mapping.rules) for mapping in setup.mapping.mappings)
        click.echo(f"ok       configuration {path}")
        click.echo(f"ok       mappings: {rules} rules, digest {setup.mapping.digest}")
        for subject, count in setup.versions.items():
            click.echo(f"ok       schemas: {count} versions of {subject}")
        for scope in declared(setup.settings):
            held = ", ".join(sorted(scope.endpoints))
            click.echo(f"ok       scope {scope.name}: {held}, group {scope.group}")
        for one in found:
            click.echo(f"{one.state:<8} {one.name}: {one.text}")
    if not warn_only and any(one.state == "failed" for one in found):
        sys.exit(EXIT_FAILED)


def _failed(found: list[Connection]) -> list[Finding]:
    return [
        Finding(Place(one.name, 0, 0), "setup", one.text) for one in found if one.state == "failed"
    ]


def _document(setup: Setup, found: list[Connection]) -> dict[str, object]:
    return {
        "ok": all(one.state != "failed" for one in found),
        "mapping": setup.mapping.digest,
        "topics": list(setup.mapping.topics),
        "warnings": setup.warnings,
        "versions": dict(setup.versions),
        "scopes": [
            {"name": s.name, "endpoints": sorted(s.endpoints), "group": s.group}
            for s in declared(setup.settings)
        ],
        "connections": [{"name": o.name, "state": o.state, "text": o.text} for o in found],
    }
