"""What `yespo-bridge dlq` prints for a person."""

from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from consumer.dlq.listing import Listing


def print_listing(listing: Listing) -> None:
    console = Console()
    if not listing.letters:
        console.print("no dead letters")
    else:
        table = Table(title=f"{listing.letters:,} dead letters", title_justify="left")
        for name in ("topic", "stage", "reason", "event"):
            table.add_column(name)
        table.add_column("count", justify="right")
        for name in ("first", "last", "show the latest"):
            table.add_column(name)
        for kind, group in listing.sorted():
            times = (_utc(group.first_ms), _utc(group.last_ms))
            place = group.latest.rpartition("/")[2]
            table.add_row(*kind[:3], kind.event or "-", f"{group.count:,}", *times, place)
        console.print(table)
        hours = Table("hour (UTC)", title="By time", title_justify="left")
        hours.add_column("count", justify="right")
        for hour, count in sorted(listing.hours.items()):
            hours.add_row(_utc(hour), f"{count:,}")
        console.print(hours)
    if listing.foreign:
        console.print(f"{listing.foreign:,} records are no dead letters of this program")


def _utc(epoch_ms: int) -> str:
    if epoch_ms < 0:
        return "?"
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


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
    console = Console()
    console.print(table)
    console.print(f"events delivered: {summary['events_delivered']:,}", highlight=False)
    if summary["stopped_because"]:
        console.print(f"[red]stopped:[/red] {summary['stopped_because']}", highlight=False)
    elif not summary["finished"]:
        console.print("interrupted: the same command goes on from here")


def print_not_made(not_made: dict[str, int]) -> None:
    """`not_made` counts by label."""
    if not not_made:
        return
    click.echo("failed events that today's mapping does not make of their records (not sent):")
    for label, count in not_made.items():
        click.echo(f"   {label}: {count:,}")
