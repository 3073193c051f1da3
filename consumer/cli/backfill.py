"""`yespo-bridge backfill`: sends the history of topics as past events."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

import click
import uvloop
from rich.table import Table

from consumer.backfill.backfill import (
    Backfill,
    backfill_settings,
    find_span,
    refuse_without_past_form,
)
from consumer.cli import options
from consumer.cli.rehearsal import Advance
from consumer.cli.terminal import console
from consumer.errors import EXIT_FAILED
from consumer.source.kafka_errors import kafka_errors
from consumer.startup.setup import load_setup
from consumer.telemetry import logs


@click.command("backfill")
@options.config
@click.option(
    "--until",
    type=options.Moment(),
    required=True,
    help="Records of this time or later are not told: when `run` began to send them.",
)
@click.option("--since", type=options.Moment(), help="Only records of this time or later.")
@click.option("--topic", help="This topic only, of those that the mappings read.")
@click.option(
    "--rate",
    type=options.Rate(min=0, min_open=True),
    help="Requests per second, of up to 500 events each. Default: a tenth of `past_events.rate`.",
)
@click.option("--from-start", is_flag=True, help="Begin anew, not where the last one stopped.")
@click.option("--dry-run", is_flag=True, help="Say how much there is, and tell nothing.")
@options.as_json
def command(
    path: Path,
    until: datetime,
    since: datetime | None,
    topic: str | None,
    rate: float | None,
    from_start: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Tell Yespo what happened before, through past_events: segments become right, no workflow starts.

    It reads the history of the topics in a group of its own, beside `run`, and goes on where an
    interrupted backfill of the same times stopped. Only v2 events have a past form; the others are
    counted and left out. A record that fails is named in the log, and is no dead letter.

    Exit codes: 0 all told; 1 some failed, or so many that it stopped, or it was interrupted (a repeat
    goes on); 3 configuration or mapping, or no event has a past form; 4 Kafka refuses; 6 the drain ran
    out of time; 7 not safe to go on.
    """
    if since is not None and since >= until:
        raise click.UsageError("--since must be before --until")
    setup = load_setup(path)
    logs.configure("warning", setup.settings.log.format)
    topics = list(setup.mapping.topics) if topic is None else [topic]
    if topic is not None and topic not in setup.mapping.topics:
        raise click.UsageError(f"the mappings read {', '.join(setup.mapping.topics)}")
    without = refuse_without_past_form(setup.mapping)
    with kafka_errors():
        span = find_span(setup.settings, topics, since, until, anew=from_start and not dry_run)
    out = console(stderr=True)
    out.print(
        f"{span.records:,} records to read of {', '.join(topics)}, "
        f"{'going on' if span.resumed else 'from the beginning'} as group {span.group}",
        highlight=False,
    )
    if without:
        out.print(f"Left out, without a past form: {', '.join(without)}", highlight=False)
    if dry_run:
        return
    settings = backfill_settings(setup.settings, span, since, rate)
    code = 0
    made = Backfill(settings, setup.mapping, topics, span)
    if span.records:
        with (
            Advance("told", span.records, out) as advance,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            code = runner.run(made.run(advance.at))
    summary = made.summary()
    if as_json:
        click.echo(json.dumps(summary))
    else:
        _print(summary)
    sys.exit(code or (0 if made.finished and not summary["failed"] else EXIT_FAILED))


def _print(summary: dict[str, object]) -> None:
    table = Table("", "", show_header=False)
    for name, value in summary.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{reason}: {count:,}" for reason, count in value.items())
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value)
        table.add_row(name.replace("_", " "), shown or "-")
    console().print(table)
