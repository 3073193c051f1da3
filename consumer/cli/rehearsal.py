"""Runs a rehearsal on the terminal, and prints its result."""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from consumer.cli.terminal import console
from consumer.clock import SystemClock
from consumer.config.settings import Settings
from consumer.errors import EXIT_SIGNAL
from consumer.inspect.decoding import decoding
from consumer.inspect.rehearsal import Rehearsal, rehearse
from consumer.inspect.topic_reader import Key, batches
from consumer.mapping.unit import MappingUnit
from consumer.model import Record
from consumer.privacy.documents import DocumentMask
from consumer.stages import Decode, Map
from consumer.terminal.shown import Shown

PLAIN_SECONDS = 2.0

Around = Callable[[Decode, Map], tuple[Decode, Map]]


class Advance(Shown):
    """A bar on a terminal, now and then a plain line elsewhere. `total` is None where it is unknown."""

    def __init__(self, what: str, total: int | None, out: Console) -> None:
        self._what = what
        self._total = total
        self._console = out
        self._last_line = time.monotonic()
        self._bar: Progress | None = None
        if out.is_terminal:
            columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=out)
            self._task = self._bar.add_task(what, total=total)
        super().__init__(self._bar)

    def at(self, done: int) -> None:
        """So many are through."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=done)
        elif now - self._last_line >= PLAIN_SECONDS:
            self._last_line = now
            total = f" of {self._total:,}" if self._total is not None else ""
            self._console.print(f"{self._what}: {done:,}{total}", highlight=False)


def run_rehearsal(
    settings: Settings,
    mapping: MappingUnit,
    starts: Mapping[Key, int],
    ends: Mapping[Key, int] | None,
    *,
    most: int | None = None,
    around: Around | None = None,
) -> Rehearsal:
    """Read that span and map it. Ends early, in order, on SIGINT and SIGTERM; a second one ends the
    process at once. Progress goes to standard error."""

    async def run() -> Rehearsal:
        stop = threading.Event()
        _stop_on_signals(stop)
        async with decoding(settings, mapping) as decoder:
            decode, unit = (decoder, mapping) if around is None else around(decoder, mapping)
            rehearsal = Rehearsal(decode, unit, SystemClock(asyncio.get_running_loop()))
            found: Iterator[list[Record]] = batches(settings.kafka, starts, ends, stop)
            total = None if ends is None else sum(ends[key] - starts[key] for key in starts)
            with Advance("read", most or total, console(stderr=True)) as advance:
                await rehearse(rehearsal, found, stop, most=most, progress=advance.at)
        return rehearsal

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def _stop_on_signals(stop: threading.Event) -> None:
    def stop_or_die() -> None:
        if stop.is_set():
            os._exit(EXIT_SIGNAL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_or_die)


def print_rehearsal(found: Rehearsal, document: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the events that would have been sent, and those that would not.

    `document` is `found.document()` and more.
    """
    if as_json:
        click.echo(json.dumps(document))
        return
    out = console()
    out.print(
        f"{found.records:,} records read: {found.mapped:,} make events, "
        f"{sum(found.filtered.values()):,} filtered, "
        f"{sum(one.count for one in found.invalid.values()):,} invalid. "
        f"Would send {document['would_send']:,} events; sent and committed nothing.",
        highlight=False,
    )
    _counts(out, "Would send", document["events"], ("endpoint", "event", "rule"))
    _counts(out, "Too old to be sent", document["too_old"], ("endpoint", "event", "rule"))
    _counts(out, "Would be dead letters", document["invalid"], ("stage", "reason", "detail"))
    for title, counts in (
        ("Filtered", found.filtered),
        ("Not built", document["skipped"]),
        ("Left out of events", document["left_out"]),
    ):
        rows = [{"reason": reason, "count": count} for reason, count in counts.items()]
        _counts(out, title, rows, ("reason",))
    masker = DocumentMask()
    for (endpoint, name), event in sorted(found.samples.items()):
        _, body = masker.shown(endpoint.api, event.body)
        out.rule(f"{endpoint}/{name}, the first one, masked")
        out.print(body, highlight=False, markup=False)


def _counts(out: Console, title: str, rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    if not rows:
        return
    table = Table(*names, title=title, title_justify="left")
    table.add_column("count", justify="right")
    for row in rows:
        table.add_row(*(str(row[name]) for name in names), f"{row['count']:,}")
    out.print(table)
