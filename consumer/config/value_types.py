"""Types of the values of the configuration: sections, durations, sizes, moments, paths and URLs.

Each says what it is called on the reference page, and what JSON Schema accepts for it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """Stands in `Annotated`. `accepts` replaces the JSON Schema where the file allows more than the
    setting holds: a duration may be text as well as a number."""

    name: str
    accepts: dict[str, Any] = field(default_factory=dict)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(self.accepts) or handler(schema)

    def __hash__(self) -> int:
        return hash(self.name)


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


FOLDER = "folder"
"""Key of the validation context under which the configuration file's folder stands."""


def _absolute(value: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get(FOLDER)
    return value if folder is None else str(Path(folder) / value)


def _existing(value: str, info: ValidationInfo) -> str:
    path = _absolute(value, info)
    if FOLDER in (info.context or {}) and not Path(path).is_file():
        raise ValueError(f"there is no file {path}")
    return path


LocalPath = Annotated[str, AfterValidator(_absolute), Kind("path")]
"""A path that need not exist yet."""

LocalFile = Annotated[str, AfterValidator(_existing), Kind("file")]
"""A file that must be there when the configuration is read."""


def _http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a URL looks like `https://host/path`")
    if parts.username or parts.password:
        raise ValueError("a URL here holds no user and password: there are settings for them")
    if any(character <= " " or character == "\x7f" for character in url):
        raise ValueError("a URL holds no blanks: percent-encode them")
    if parts.port == 0:
        raise ValueError("a port is a number from 1 to 65535")
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise ValueError(f"`{parts.hostname}` is no name of a host") from None
    return url


Url = Annotated[str, AfterValidator(_http), Kind("URL")]
"""An http or https URL without credentials."""
