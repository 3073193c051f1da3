"""Decoded values, times and documents of this package as JSON, whatever a record holds."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(value: Any) -> Any:
    """The value in types of JSON, nothing hidden: bytes as hexadecimal digits, decimals as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)


def written(document: Any, indent: int | None = None) -> str:
    """The JSON text of what `plain` yields. A lone surrogate stands as its escape."""
    text = json.dumps(plain(document), ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode()


def iso(epoch_ms: int) -> str | None:
    """`2026-11-20T10:00:00.000+00:00`; the number of milliseconds for a time beyond the year 9999; None
    for a record without time (-1)."""
    if epoch_ms < 0:
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=epoch_ms)).isoformat(timespec="milliseconds")
    except OverflowError:
        return str(epoch_ms)
