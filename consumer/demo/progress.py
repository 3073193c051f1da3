"""Shows progress: a small table on a terminal, plain lines elsewhere."""

import time

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from consumer.app import App
from consumer.demo.parts import Parts
from consumer.pipeline.report import summary
from consumer.terminal.shown import Shown

PLAIN_SECONDS = 2.0


class Progress(Shown):
    """`with Progress(...) as progress: progress.show()` now and then."""

    def __init__(self, console: Console, app: App, parts: Parts) -> None:
        self._console = console
        self._app = app
        self._parts = parts
        self._began = time.monotonic()
        self._last_line = 0.0
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None
        super().__init__(self._live)

    def last_look(self) -> None:
        self.show()

    def show(self) -> None:
        """The present state. On the loop's thread."""
        now = time.monotonic()
        if self._live is not None:
            self._live.update(self._table(now - self._began))
        elif now - self._last_line >= PLAIN_SECONDS:
            self._last_line = now
            self._console.print(self._line(now - self._began), highlight=False, soft_wrap=True)

    def _figures(self) -> dict[str, int]:
        self._app.count_in_flight()
        found = summary(self._app.ledger)
        return {
            "visitors sent": self._parts.produced,
            "received": found["received"],
            **found["outcomes"],
            "in flight": found["in_flight"],
            "requests at Yespo": self._parts.sandbox.totals.requests,
        }

    def _line(self, seconds: float) -> str:
        figures = ", ".join(f"{name} {count:,}" for name, count in self._figures().items() if count)
        return f"{seconds:5.1f} s  {figures or _STARTING}"

    def _table(self, seconds: float) -> Group:
        """Two columns, so that it fits every terminal."""
        figures = self._figures()
        started = figures["received"] > 0
        title = f"Kafka → Yespo, {seconds:.0f} s" + ("" if started else f", {_STARTING}")
        table = Table(show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", min_width=9, no_wrap=True)
        for name, count in figures.items():
            table.add_row(name.replace("_", "-"), f"{count:,}" if started or count else "")
        return Group(title, table)


_STARTING = "joining the consumer group"
