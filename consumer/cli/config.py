"""`yespo-bridge config`: what the configuration amounts to."""

import json
import os
from pathlib import Path

import click

from consumer.config.load import load
from consumer.config.show import as_yaml, effective, json_schema
from consumer.source.properties import refused


@click.group("config", invoke_without_command=True)
@click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path),
    envvar="YESPO_BRIDGE_CONFIG",
    help="The configuration file; or the variable YESPO_BRIDGE_CONFIG.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object instead of YAML.")
@click.pass_context
def command(context: click.Context, path: Path | None, as_json: bool) -> None:
    """Print the effective configuration: defaults and environment included, secrets masked."""
    if context.invoked_subcommand is not None:
        return
    if path is None:
        raise click.UsageError("name the configuration file with --config")
    settings = load(path, os.environ, refused)
    click.echo(json.dumps(effective(settings)) if as_json else as_yaml(settings), nl=as_json)


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors."""
    click.echo(json.dumps(json_schema(), indent=2))
