"""Formats an unexpected exception as its type and code locations.

Never its message, which may quote a record (`KeyError('ann@shop.ua')`), nor the arguments that asyncio
names beside it. Everything that would print them is replaced by `install` and `in_loop`.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import structlog

from consumer.errors import BridgeError, FatalError, InvalidRecord

log = structlog.get_logger()

_ROOT = str(Path(__file__).parents[2])
_FRAMES = 12


def describe(error: BaseException) -> str:
    """`KeyError at consumer/model.py:55 (size) < consumer/pipeline/pipeline.py:199 (_take)`."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{_shown(frame.filename)}:{frame.lineno} ({frame.name})" for frame in frames]
    text = type(error).__name__
    if places:
        text += " at " + " < ".join(places[: -_FRAMES - 1 : -1])
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text if cause is None else f"{text}; after {describe(cause)}"


def _shown(file: str) -> str:
    if file.startswith(_ROOT):
        return file[len(_ROOT) + 1 :]
    return "/".join(file.split("/")[-2:])


def as_invalid(error: Exception, stage: Literal["decode", "mapping"]) -> InvalidRecord:
    """The reason for which a record becomes a dead letter, from what `stage` raised at it.

    An exception that is no `InvalidRecord` is a bug of ours. It costs that record, which goes to the
    dead letters as `internal`; were it fatal, the record would end every restart.
    """
    if isinstance(error, InvalidRecord):
        return error
    text = describe(error)
    log.error("a record met a bug", fault=text)
    return InvalidRecord(stage, "internal", text)


def as_fatal(what: str, error: BaseException) -> BridgeError:
    """The error that ends the process: one raised on purpose as it is, of others `describe`."""
    return error if isinstance(error, BridgeError) else FatalError(f"{what}: {describe(error)}")


def in_loop(
    stop: Callable[[Exception], None],
) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """An exception handler for the event loop. A peer's fault on a connection is only logged.

    After anything else, an OSError in a call-back of ours too, the state of some record is unknown:
    `stop` is called with the error.
    """

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None or (isinstance(error, OSError) and "handle" not in context):
            fault = describe(error) if error else ""
            log.warning("the event loop reports", about=sorted(context), fault=fault)
            return
        stop(as_fatal("internal fault", error))

    return handle


def install() -> None:
    """Replace the interpreter's printing of uncaught exceptions, in every thread."""
    sys.excepthook = lambda _, error, __: _print(error)
    threading.excepthook = lambda fault: _print(fault.exc_value)
    sys.unraisablehook = lambda fault: _print(fault.exc_value)


def _print(error: BaseException | None) -> None:
    if error is not None:
        sys.stderr.write(f"internal fault: {describe(error)}\n")
