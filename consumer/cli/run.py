"""`yespo-bridge run`: the service."""

import asyncio
import gc
import json
import sys
from functools import partial
from pathlib import Path

import click
import uvloop

from consumer.app import App
from consumer.cli import options
from consumer.cli.rehearsal import print_rehearsal, run_rehearsal
from consumer.cli.terminal import console
from consumer.config.scopes import Scope, chosen
from consumer.inspect.dry_run import COMMITTED, dry_span
from consumer.pipeline import report
from consumer.source.kafka_errors import kafka_errors
from consumer.stages import Decode, Map
from consumer.startup.reload import warn
from consumer.startup.scoped_map import ScopedMap
from consumer.startup.setup import Setup, load_setup
from consumer.telemetry import logs
from consumer.terminal.live_line import LiveLine, on_terminal

YOUNG_OBJECTS = 50_000
"""So many more containers made than freed, and Python looks for cycles (its default is 700). The
full buffer of 20,000 records stays below."""


@click.command("run")
@options.config
@options.only
@click.option(
    "--json", "as_json", is_flag=True, help="Print the ledgers at the end as one JSON line."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Join no group, send and commit nothing; report what would be sent.",
)
@click.option(
    "--from",
    "begin",
    metavar="committed|earliest|latest|TIME",
    help="With --dry-run: where to begin. Default: at the group's committed offsets.",
)
@click.option(
    "--records", type=click.IntRange(min=1), help="With --dry-run: stop after so many records."
)
def command(
    path: Path,
    only: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
    begin: str | None,
    records: int | None,
) -> None:
    """Consume, map and deliver until SIGTERM or SIGINT; then drain, commit and leave the group.

    At the start the mappings are checked, also against every version of their schemas that the registry
    has (if it cannot be asked, that is logged and nothing more).

    At the end the ledgers are printed: where every record and every event went. A second signal ends
    the process at once.

    Mapping files, what they include and their schemas are watched: a valid change takes over between two
    records, an invalid one is logged and the old goes on. SIGHUP looks at once.

    With --only it sends to a part of the endpoints, which an outage of the others does not hold up. The
    processes of each part together must hold every endpoint: `scopes` of the configuration names them.

    With --dry-run it reads up to the end that the topics have at the start, and reports the events it
    would have sent, by kind, with the reasons of those it would not.

    Exit codes: 0 drained completely; 3 configuration or mapping; 4 Kafka refuses (topic, credentials);
    5 port in use; 6 the drain ran out of time (some requests will be repeated); 7 not safe to go on.
    """
    if not dry_run and (begin or records):
        raise click.UsageError("--from and --records belong to --dry-run")
    setup = load_setup(path, ask_registry=True, strict=False, only=only)
    if dry_run:
        _rehearse(setup, begin or COMMITTED, records, as_json=as_json)
        return
    logs.configure(setup.settings.log.level, setup.settings.log.format)
    warn(setup.warnings)
    live = on_terminal(setup.settings.log.format)
    with live, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if live.is_started:
            logs.configure(setup.settings.log.level, "console")  # its lines go above the live one
        code, app = runner.run(_serve(setup, live))
    _print_ledgers(app, as_json=as_json)
    sys.exit(code)


def _rehearse(setup: Setup, begin: str, records: int | None, *, as_json: bool) -> None:
    logs.configure("warning", setup.settings.log.format)
    warn(setup.warnings)
    with kafka_errors():
        span = dry_span(setup.settings, setup.mapping.topics, begin)
        found = run_rehearsal(
            setup.settings,
            setup.mapping,
            span.starts,
            span.ends,
            most=records,
            around=partial(_in_scope, chosen(setup.settings)),
        )
    print_rehearsal(found, found.document(), as_json=as_json)


def _in_scope(scope: Scope | None, decode: Decode, mapping: Map) -> tuple[Decode, Map]:
    return decode, mapping if scope is None else ScopedMap(mapping, scope.holds)


def _spare_the_collector() -> None:
    """Let Python look for cyclic garbage seldom, and never among what was made to start.

    No event leaves a cycle behind, nor does a connection; looking for some took 4 % of the time. What
    does leave some (a reloaded mapping: 3,000 objects) is still found: 300 reloads cost 7 MiB.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


async def _serve(setup: Setup, live: LiveLine) -> tuple[int, App]:
    app = App(setup.settings, setup.mapping, setup.files)
    _spare_the_collector()
    app.stop_on_signals()
    showing = asyncio.create_task(live.show(app.line, app.asked_to_stop))
    code = await app.run()
    showing.cancel()
    return code, app


def _print_ledgers(app: App, *, as_json: bool) -> None:
    """Both ledgers to standard output, for a person or as the last line for a program."""
    if as_json:
        click.echo(json.dumps(report.summary(app.ledger)))
        return
    out = console()
    out.print(report.records_table(app.ledger))
    out.print(report.events_table(app.ledger))
    for line in app.ledger.imbalance():
        out.print(f"[red]does not balance:[/red] {line}")
