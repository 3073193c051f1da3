"""Options that several commands share."""

from math import isfinite
from pathlib import Path
from typing import Any

import click

PORT = click.IntRange(0, 65_535)


class Rate(click.FloatRange):
    """A finite number within its bounds: NaN passes every comparison, and so every bound."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value} is not a number of events", param, ctx)
        return number


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
