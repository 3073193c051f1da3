"""Log lines: JSON for machines, coloured text for a terminal, one line per state change.

What may be logged is decided where the line is written (positions, field names, rules, status codes;
never a value out of a record). As a second fence every text is searched for what looks like an e-mail
address or a long digit sequence, e.g. in an exception of a library, and masked.

A fault that comes and goes repeats its lines: of one event text, more than a handful per minute are
counted and left out.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog

from consumer.privacy.safe_traceback import told

REPEATS = 10
"""Lines with one event text in one `WINDOW_SECONDS`; the following line says how many were left out."""
WINDOW_SECONDS = 60.0

_EMAIL = re.compile(r"[^\s@'\"<>]+@[^\s@'\"<>]+\.[^\s@'\"<>]+")
_LONG_DIGITS = re.compile(r"(?<![\w.:/@-])\+?\d{9,15}(?![\w:-])")

Line = MutableMapping[str, Any]


def mask(text: str) -> str:
    """The text with e-mail addresses and phone-like digit sequences replaced."""
    return _LONG_DIGITS.sub("[digits]", _EMAIL.sub("[e-mail]", text))


def _tell_faults(_: Any, __: str, line: Line) -> Line:
    """An exception's type and place instead of its text, which may quote a record."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["fault"] = told(error)
    return line


def _mask_values(_: Any, __: str, line: Line) -> Line:
    for key, value in line.items():
        if key != "timestamp":
            line[key] = _masked(value)
    return line


def _masked(value: Any) -> Any:
    """Texts masked, also those within lists and tables."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(one) for one in value]
    return value


class Repeats:
    """A structlog processor that drops what repeats too often. Called from several threads.

    The event texts are literals of the code, so that there are few of them.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}
        self.suppressed = 0

    def __call__(self, _: Any, __: str, line: Line) -> Line:
        event, now = str(line.get("event")), self._monotonic()
        with self._lock:
            began, count = self._seen.get(event, (now, 0))
            left_out = 0
            if now - began >= WINDOW_SECONDS:
                left_out, began, count = max(0, count - REPEATS), now, 0
            self._seen[event] = began, count + 1
            if count >= REPEATS:
                self.suppressed += 1
                raise structlog.DropEvent
        if left_out:
            line["left_out"] = left_out
        return line


class Unfailing:
    """A text stream that loses what cannot be written: a full disk, or a reader that has gone, must
    cost lines and not the events whose call-backs wrote them."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.lost = 0
        """Lines, each of which ends with a flush."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: it is closed
            return self.stream.write(text)
        return 0

    def flush(self) -> None:
        try:
            self.stream.flush()
        except (OSError, ValueError):
            self.lost += 1


_repeats = Repeats()
_output = Unfailing(sys.stderr)


def suppressed() -> int:
    """Lines left out so far in this process, and lines that could not be written."""
    return _repeats.suppressed + _output.lost


def configure(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Set logging up for the process; lines go to standard error."""
    _output.stream = sys.stderr
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    render = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _repeats,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_faults,
            _mask_values,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _output)),
        cache_logger_on_first_use=True,
    )
