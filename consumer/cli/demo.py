"""`yespo-bridge demo`: the whole job on embedded parts."""

import asyncio
import json
import sys

import click
import uvloop

from consumer.cli import options
from consumer.cli.terminal import console
from consumer.demo.parts import Plan
from consumer.demo.show import show
from consumer.errors import EXIT_FAILED
from consumer.telemetry import logs


@click.command("demo")
@click.option(
    "--events",
    type=click.IntRange(min=0),
    default=6000,
    show_default=True,
    help="Records the visitors make.",
)
@click.option(
    "--rate",
    type=options.Rate(min=0),
    default=1000.0,
    show_default=True,
    help="Records per second; 0: no limit.",
)
@click.option(
    "--faults", is_flag=True, help="A vendor on a bad day, and records nobody can deliver."
)
@click.option("--keep", is_flag=True, help="Leave it running, with metrics and sandbox pages open.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object, last line.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same visitors.")
@click.option(
    "--port",
    type=options.PORT,
    default=0,
    show_default=True,
    help="Of metrics and status; 0: a free one.",
)
@click.option(
    "--sandbox-port",
    type=options.PORT,
    default=0,
    show_default=True,
    help="Of the sandbox; 0: a free one.",
)
def command(
    events: int,
    rate: float,
    faults: bool,
    keep: bool,
    as_json: bool,
    seed: int,
    port: int,
    sandbox_port: int,
) -> None:
    """Run the whole job inside this process: Kafka, registry, Yespo's double, visitors of a shop.

    It is the same program as `run`. It ends with both ledgers and one sample of each event kind.

    Exit code 1 if a ledger does not balance, a record did not end, or a request broke the contract.
    """
    logs.configure("warning", "console")
    out = console(stderr=as_json)
    plan = Plan(records=events, rate=rate, faults=faults, seed=seed)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(show(plan, out, ports=(port, sandbox_port), keep=keep))
    for problem in result.problems:
        out.print(f"[red]wrong:[/red] {problem}", highlight=False)
    if not result.problems:
        out.print(
            f"All {result.document['received']:,} records ended, both ledgers balance, "
            f"{sum(result.document['events'].values()):,} requests kept the contract.",
            highlight=False,
        )
    if as_json:
        click.echo(json.dumps(result.document))
    if result.problems:
        sys.exit(EXIT_FAILED)
