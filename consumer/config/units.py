"""Durations, sizes and moments as people write them: `250ms`, `5s`, `24h`, `16MiB`."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from consumer.config.kinds import Kind

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2, "GiB": 1024**3}


def _parser(units: dict[str, float] | dict[str, int], example: str) -> Any:
    pattern = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(units)})?\s*")
    wanted = f"write a number with a unit ({', '.join(units)}), e.g. `{example}`"

    def parse(value: object) -> object:
        if isinstance(value, str):
            if match := pattern.fullmatch(value):
                return float(match[1]) * (units[match[2]] if match[2] else 1)
            raise ValueError(wanted)
        if isinstance(value, bool):
            raise ValueError(wanted)  # noqa: TRY004  (pydantic collects only ValueError)
        return value

    return parse


def _accepted(units: dict[str, float] | dict[str, int]) -> dict[str, Any]:
    text = {"type": "string", "pattern": rf"^\s*\d+(\.\d+)?\s*({'|'.join(units)})?\s*$"}
    return {"anyOf": [{"type": "number"}, text]}


Seconds = Annotated[
    float,
    BeforeValidator(_parser(_SECONDS, "5s")),
    Field(gt=0, allow_inf_nan=False),
    Kind("duration", _accepted(_SECONDS)),
]
"""A bare number counts in seconds."""

Bytes = Annotated[int, BeforeValidator(_parser(_BYTES, "16MiB")), Kind("size", _accepted(_BYTES))]
"""A bare number counts in bytes."""


def _start(value: str) -> str:
    if value in {"error", "earliest", "latest"}:
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        text = "write `error`, `earliest`, `latest` or a time such as `2026-11-20T10:00:00Z`"
        raise ValueError(text) from None
    if moment.tzinfo is None:
        raise ValueError(f"a time needs its zone, e.g. `{value}Z` for UTC")
    return value


StartPoint = Annotated[str, AfterValidator(_start)]
"""A start of reading: a word, or a moment with its zone."""
