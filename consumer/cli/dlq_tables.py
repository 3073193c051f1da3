"""The output of `yespo-bridge dlq` for a person: plain text that fits 80 columns."""

import textwrap
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.table import Table

from consumer.cli.terminal import console
from consumer.dlq.listing import LetterGroup, LetterKind, Listing, State
from consumer.dlq.words import in_words

WIDTH = 79
HOURS = 24
BAR = 30

_IN_WORDS = {
    State.WAITING: "waiting",
    State.DELIVERED: "sent again by a replay",
    State.FAILED_AGAIN: "failed again (listed anew)",
    State.DISCARDED: "discarded",
}


def print_listing(listing: Listing) -> None:
    if not listing.letters:
        click.echo("no dead letters")
    else:
        click.echo(f"{listing.letters:,} dead letters, {listing.waiting():,} waiting\n")
        for kind, group in listing.sorted():
            _print_group(kind, group)
        _print_hours(listing.hours)
    for discard in listing.marks.discards:
        said = f"{discard.letters:,} discarded by {discard.by}, {discard.time}: {discard.why}"
        click.echo(textwrap.fill(said, WIDTH, subsequent_indent="   "))
    if listing.foreign:
        click.echo(f"{listing.foreign:,} records are no dead letters of this program")


def _print_group(kind: LetterKind, group: LetterGroup) -> None:
    what = f"{kind.reason} ({kind.stage}), topic {kind.topic}"
    _print_indented(f"{what}, event {kind.event}" if kind.event else what, f"{group.count:>7,}  ")
    if words := in_words(kind.reason):
        _print_indented(words)
    if group.detail:
        _print_indented(f"rule {group.rule}: {group.detail}" if group.rule else group.detail)
    _print_indented(f"{utc(group.first_ms)} to {utc(group.last_ms)} UTC")
    states = ", ".join(f"{n:,} {_IN_WORDS[state]}" for state, n in group.states.items() if n)
    _print_indented(states)
    place = group.latest.rpartition("/")[2]
    _print_indented(f"the latest: dlq show {place}; all: dlq replay --reason {kind.reason}")
    click.echo()


def _print_indented(text: str, first: str = " " * 9) -> None:
    click.echo(textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=" " * 9))


def _print_hours(hours: dict[int, int]) -> None:
    """The latest hours, each with a bar."""
    if len(hours) < 2:
        return
    click.echo("By hour (UTC)")
    latest = sorted(hours.items())[-HOURS:]
    most = max(count for _, count in latest)
    for hour, count in latest:
        click.echo(f"  {utc(hour)[:16]} {count:>9,}  {'#' * max(1, count * BAR // most)}")
    if len(hours) > HOURS:
        click.echo(f"  and {len(hours) - HOURS:,} earlier hours")
    click.echo()


def utc(epoch_ms: int) -> str:
    """`2026-11-20 10:00:00`."""
    if epoch_ms < 0:
        return "?"
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    except OverflowError:
        return str(epoch_ms)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def print_summary(summary: dict[str, Any]) -> None:
    table = Table(title=f"{summary['letters']:,} dead letters", title_justify="left")
    table.add_column("became")
    table.add_column("count", justify="right")
    table.add_row("delivered", f"{summary['delivered']:,}")
    for reason, count in summary["left_out"].items():
        table.add_row(f"left out: {reason}", f"{count:,}")
    for reason, count in summary["failed_again"].items():
        table.add_row(f"failed again: {reason}", f"{count:,}")
    if summary["released"]:
        table.add_row("given back", f"{summary['released']:,}")
    out = console()
    out.print(table)
    out.print(f"events delivered: {summary['events_delivered']:,}", highlight=False)
    if summary["stopped_because"]:
        out.print(f"[red]stopped:[/red] {summary['stopped_because']}", highlight=False)
    elif not summary["finished"]:
        out.print("interrupted: the same command goes on from here")


def print_not_made(not_made: dict[str, int]) -> None:
    """`not_made` counts by label."""
    if not not_made:
        return
    click.echo("failed events that today's mapping does not make of their records (not sent):")
    for label, count in not_made.items():
        click.echo(f"   {label}: {count:,}")
