"""Log lines: JSON for machines, coloured text for a terminal, one line per state change.

What may be logged is decided where the line is written (positions, field names, rules, status codes;
never a value out of a record). As a second fence every text is searched for what looks like an e-mail
address or a long digit sequence, e.g. in an exception of a library, and masked.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_EMAIL = re.compile(r"[^\s@'\"<>]+@[^\s@'\"<>]+\.[^\s@'\"<>]+")
_LONG_DIGITS = re.compile(r"(?<![\w.:/@-])\+?\d{9,15}(?![\w:-])")


def mask(text: str) -> str:
    """The text with e-mail addresses and phone-like digit sequences replaced."""
    return _LONG_DIGITS.sub("[digits]", _EMAIL.sub("[e-mail]", text))


def _mask_values(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        if isinstance(value, str) and key != "timestamp":
            line[key] = mask(value)
    return line


def configure(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Set logging up for the process; lines go to standard error."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    render = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_values,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
