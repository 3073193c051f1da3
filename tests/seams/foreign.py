"""The exceptions that every seam is made to raise."""

from typing import Any

FOREIGN = (TypeError, MemoryError, RecursionError, UnicodeError, SystemError)
"""Exceptions that foreign input was seen to raise in libraries, beside those they document."""

SECRET = "ann@shop.ua"
"""The text of each exception; no log line and no error may repeat it."""


def raising(kind: type[Exception]) -> Any:
    """Returns a stand-in for any function, which raises `kind`."""

    def step(*_: Any, **__: Any) -> Any:
        raise kind(SECRET)

    return step


class Once:
    """Raises `kind` at its first call, and answers `then` from the second."""

    def __init__(self, kind: type[Exception], then: Any) -> None:
        self._kind: type[Exception] | None = kind
        self._then = then

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        kind, self._kind = self._kind, None
        if kind is not None:
            raise kind(SECRET)
        return self._then(*arguments, **named)
