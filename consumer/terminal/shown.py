"""The begin and end of whatever renews itself on a terminal."""

from types import TracebackType
from typing import Protocol, Self


class Startable(Protocol):
    """The common part of rich's `Live` and `Progress`."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Shown:
    """`with` starts it and stops it. Without a terminal there is nothing to start."""

    def __init__(self, shown: Startable | None) -> None:
        self._shown = shown

    def __enter__(self) -> Self:
        if self._shown is not None:
            self._shown.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown is not None:
            self.last_look()
            self._shown.stop()

    def last_look(self) -> None:
        """Show the last state, before the end."""
