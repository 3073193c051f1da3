"""Paths in the configuration: relative ones are relative to the file they stand in."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from consumer.config.kinds import Kind

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
