"""Options that several commands share."""

from pathlib import Path

import click

config = click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    envvar="YESPO_BRIDGE_CONFIG",
    help="The configuration file (docs/configuration.md); or the variable YESPO_BRIDGE_CONFIG.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
