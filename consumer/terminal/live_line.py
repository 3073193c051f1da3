"""One line below the log that `run` renews each second, where a person looks at a terminal."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from consumer.terminal.shown import Shown

EVERY_SECONDS = 1.0


class LiveLine(Shown):
    """Does nothing without a console."""

    def __init__(self, console: Console | None) -> None:
        self._live = (
            None
            if console is None
            else Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        )
        super().__init__(self._live)

    @property
    def is_started(self) -> bool:
        return self._live is not None and self._live.is_started

    async def show(
        self, line: Callable[[], str], asked_to_stop: Callable[[], Awaitable[None]]
    ) -> None:
        """Renew the line until the bridge is asked to stop. Begins after a second: by then it is
        built."""
        stopping = asyncio.ensure_future(asked_to_stop())
        while self._live is not None and not stopping.done():
            await asyncio.wait([stopping], timeout=EVERY_SECONDS)
            text = "stopping" if stopping.done() else line()
            self._live.update(Text(text, "bold", no_wrap=True, overflow="ellipsis"), refresh=True)


def on_terminal(log_format: str) -> LiveLine:
    """A live line on standard error, unless that is no terminal or the log is to be JSON."""
    if log_format == "json" or not sys.stderr.isatty():
        return LiveLine(None)
    return LiveLine(Console(stderr=True))
