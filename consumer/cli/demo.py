"""`yespo-bridge demo`: the whole job on embedded parts."""

import asyncio
import json
import sys
from pathlib import Path

import click
import uvloop

from consumer.cli import options
from consumer.cli.terminal import console
from consumer.demo.parts import DemoPlan
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
    "--faults", is_flag=True, help="A vendor on a bad day, and records that cannot be delivered."
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
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A mapping of your own: records are made for its schema, account `main` has both APIs.",
)
@click.option(
    "--schema",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --mapping: the schema that the records are written with. Default: the mapping's.",
)
@click.option("--all-samples", is_flag=True, help="Show one sample of each event kind.")
def command(
    events: int,
    rate: float,
    faults: bool,
    keep: bool,
    as_json: bool,
    seed: int,
    port: int,
    sandbox_port: int,
    mapping: Path | None,
    schema: Path | None,
    all_samples: bool,
) -> None:
    """Run the whole job inside this process: Kafka, registry, Yespo's double, visitors of a shop.

    It is the same program as `run`. It ends with both ledgers and a sample of each API, and says what to
    do next. With --mapping it makes records of that mapping's schema instead.

    Exit code 1 if a ledger does not balance, a record did not end, or a request broke the contract.
    """
    logs.configure("warning", "console")
    out = console(stderr=as_json)
    if schema is not None and mapping is None:
        raise click.UsageError("--schema needs --mapping: it says what becomes of such records")
    plan = DemoPlan(events, rate, faults, seed, mapping, schema)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(
            show(plan, out, ports=(port, sandbox_port), keep=keep, every_sample=all_samples)
        )
    for problem in result.problems:
        out.print(f"[red]wrong:[/red] {problem}", highlight=False)
    if not result.problems:
        out.print(
            f"All {result.document['received']:,} records ended, both ledgers balance, "
            f"{sum(result.document['events'].values()):,} requests kept the contract.",
            highlight=False,
        )
        out.print(_next_steps(mapping), highlight=False, markup=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(result.document))
    if result.problems:
        sys.exit(EXIT_FAILED)


def _next_steps(mapping: Path | None) -> str:
    if mapping is not None:
        return (
            "\nNext: `yespo-bridge mapping explain` shows what becomes of one record, and\n"
            "`mapping test` keeps it so; docs/mapping.md has both."
        )
    return (
        "\nNext:\n"
        "  yespo-bridge demo --keep                    the same with its two pages left open\n"
        "  yespo-bridge demo --mapping mine.yaml       your own mapping, on records made for it\n"
        "  yespo-bridge check --config bridge.yaml     your own Kafka (docs/configuration.md)"
    )
