"""Durations and sizes as people write them: `250ms`, `5s`, `24h`, `16MiB`."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2, "GiB": 1024**3}


def _parser(units: dict[str, float] | dict[str, int], example: str) -> Any:
    pattern = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(units)})\s*")

    def parse(value: object) -> object:
        if isinstance(value, str):
            if match := pattern.fullmatch(value):
                return float(match[1]) * units[match[2]]
            raise ValueError(f"write a number with a unit ({', '.join(units)}), e.g. `{example}`")
        return value

    return parse


Seconds = Annotated[float, BeforeValidator(_parser(_SECONDS, "5s"))]
Bytes = Annotated[int, BeforeValidator(_parser(_BYTES, "16MiB"))]
