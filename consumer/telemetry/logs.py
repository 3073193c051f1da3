"""Log lines: JSON for machines, coloured text for a terminal, one line per state change.

The code that writes a line decides what may be in it: positions, names of fields and rules, status
codes, never a value out of a record. As a second fence `privacy.log_lines` masks every text of a line,
e.g. what a library's exception quotes.

Lines with one event text are limited to a handful per minute; the rest is counted and left out.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog

from consumer.privacy.log_lines import masked
from consumer.privacy.safe_traceback import describe

REPEATS = 10
"""Lines with one event text in one `WINDOW_SECONDS`; the following line says how many were left out."""
WINDOW_SECONDS = 60.0

Line = MutableMapping[str, Any]


def _describe_faults(_: Any, __: str, line: Line) -> Line:
    """Replaces an exception by its type and code locations: its text may quote a record."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["fault"] = describe(error)
    return line


def _mask_values(_: Any, __: str, line: Line) -> Line:
    for key, value in line.items():
        if key != "timestamp":
            line[key] = masked(value)
    return line


class Repeats:
    """A structlog processor that drops lines which repeat too often. Called from several threads.

    Event texts are literals of the code, so that there are few of them.
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
    """A text stream that loses what cannot be written. A full disk, or a reader that has gone, costs
    lines and not the events whose call-backs wrote them."""

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
            _describe_faults,
            _mask_values,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _output)),
        cache_logger_on_first_use=True,
    )
