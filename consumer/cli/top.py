"""`yespo-bridge top`: the state of running replicas, in the terminal."""

import sys
import time

import click
from rich.console import Console
from rich.live import Live

from consumer.errors import EXIT_FAILED
from consumer.terminal.replicas import is_well, table
from consumer.terminal.running import statuses


@click.command("top")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    "--once", is_flag=True, help="Print the state once; exit code 1 where it is not well."
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0.5, max=60),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
def command(urls: tuple[str, ...], once: bool, interval: float) -> None:
    """Show replicas side by side: state, lag, rates, dead letters, and what is wrong.

    Each URL is the admin port of a running bridge, e.g. http://localhost:9108. Ctrl-C ends it. Where
    the output is no terminal it is printed once, without colours.

    Exit codes: 0; with --once 1 where a replica does not answer, or is degraded or stopped.
    """
    addresses = [url if "://" in url else f"http://{url}" for url in urls]
    console = Console()
    if once or not console.is_terminal:
        found = statuses(addresses)
        console.print(table(found))
        sys.exit(0 if is_well(found) or not once else EXIT_FAILED)
    try:
        with Live(console=console, screen=False, auto_refresh=False) as live:
            while True:
                live.update(table(statuses(addresses)), refresh=True)
                time.sleep(interval)
    except KeyboardInterrupt:
        return
