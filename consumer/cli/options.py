"""Options that several commands share."""

from datetime import datetime
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


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time with its zone."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value}: write a time such as 2026-11-20T10:00:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value} needs its zone, e.g. {value}Z for UTC", param, ctx)
        return moment


config = click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    envvar="YESPO_BRIDGE_CONFIG",
    help="The configuration file (docs/configuration.md); or the variable YESPO_BRIDGE_CONFIG.",
)
only = click.option(
    "--only",
    multiple=True,
    metavar="SCOPE|ENDPOINT",
    help="This scope of the configuration alone, or these endpoints (`main/v2`); may be repeated. "
    "They have a consumer group of their own. Default: the setting `only`, else all endpoints.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
