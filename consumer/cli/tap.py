"""`yespo-bridge tap`: what the next records of a running bridge become, in the terminal."""

import json
import sys
from typing import Any

import click
import httpx

from consumer.errors import EXIT_FAILED
from consumer.terminal.running import tapped

WAIT_SECONDS = 10.0


@click.command("tap")
@click.argument("url")
@click.option(
    "-n",
    "--records",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="End after so many records.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(url: str, records: int, as_json: bool) -> None:
    """Show the next records of a running bridge with what they became, masked.

    URL is its admin port, e.g. http://localhost:9108. Nothing is read from Kafka for it: it shows what
    passes through that replica, and waits while nothing does. Ctrl-C ends it.

    Exit codes: 0; 1 where the bridge does not answer.
    """
    address = url if "://" in url else f"http://{url}"
    left = records
    try:
        while left:
            found = tapped(address, left, WAIT_SECONDS)
            for one in found[:left]:
                click.echo(json.dumps(one) if as_json else _text(one))
            left -= len(found[:left])
    except KeyboardInterrupt:
        return
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        click.echo(f"error: {address} does not answer ({type(error).__name__})", err=True)
        sys.exit(EXIT_FAILED)


def _text(one: dict[str, Any]) -> str:
    """A line for the record, and one for each event with its body."""
    lines = [f"{one['record']}  {one['bytes']:,} bytes"]
    if failed := one["failed"]:
        lines.append(f"  dead letter: {failed['stage']}, {failed['reason']}: {failed['detail']}")
    elif not one["events"]:
        lines.append(f"  filtered: {one['filtered']}")
    for event in one["events"]:
        lines.append(f"  {event['endpoint']} {event['event']} by rule {event['rule']}")
        if event["person"]:
            lines.append(f"    {event['person']}")
        lines += [f"    {line}" for line in event["body"].splitlines()]
    return "\n".join(lines)
