"""`yespo-bridge dlq`: lists, shows, replays and discards dead letters."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial, reduce
from pathlib import Path
from typing import Any

import click
import uvloop

from consumer.cli import options
from consumer.cli.dlq_tables import print_listing, print_not_made, print_summary
from consumer.cli.rehearsal import Advance, print_rehearsal, run_rehearsal
from consumer.cli.terminal import console
from consumer.config.load import load
from consumer.config.settings import Settings
from consumer.dlq.letter import Letter, Selection, letter_of
from consumer.dlq.listing import MAX_REPLAYS, Listing
from consumer.dlq.marks import Marks, replayed, whoever_is_here
from consumer.dlq.marks import discard as write_discard
from consumer.dlq.plain_json import written
from consumer.dlq.reader import (
    first,
    letter_at,
    marks_of,
    original_of,
    partition_and_offset,
    positions_of,
    records,
)
from consumer.dlq.replay import Replay, find_span, replay_group, replay_settings
from consumer.dlq.show import Describer
from consumer.dlq.stages import Judgement, ReplayDecode, ReplayMap
from consumer.errors import EXIT_FAILED
from consumer.inspect.decoding import decoding
from consumer.source.kafka_errors import kafka_errors
from consumer.source.properties import refused
from consumer.stages import Decode, Map
from consumer.startup.setup import load_setup
from consumer.telemetry import logs


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        with kafka_errors():
            return super().invoke(ctx)


class _Place(click.ParamType[str]):
    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            partition_and_offset(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


_FILTERS = (
    click.option("--reason", "reasons", multiple=True, help="Only this reason; repeatable."),
    click.option(
        "--event", "events", multiple=True, help="Only where this event failed, e.g. cartUpdated."
    ),
    click.option(
        "--since", type=options.Moment(), help="Only dead letters written at this time or later."
    ),
    click.option(
        "--until", type=options.Moment(), help="Only dead letters written before this time."
    ),
)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    return reduce(lambda made, option: option(made), reversed(_FILTERS), command)


def _selection(
    reasons: tuple[str, ...],
    events: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
) -> Selection:
    return Selection(frozenset(reasons), frozenset(events), since, until)


@click.group("dlq", cls=_Commands)
def command() -> None:
    """List, read, replay and discard dead letters."""


@command.command("ls")
@options.config
@_filters
@options.as_json
def ls(path: Path, as_json: bool, **filters: Any) -> None:
    """Count the dead letters by topic, stage, reason and event, the most frequent first, with what
    became of them: waiting, sent again, failed again, discarded.

    Exit code 4: Kafka cannot be reached or refuses.
    """
    settings = load(path, os.environ, refused)
    listing = _listing(settings, _selection(**filters))
    if as_json:
        click.echo(json.dumps(listing.document()))
    else:
        print_listing(listing)


def _listing(
    settings: Settings, selection: Selection, note: Callable[[Letter], None] = lambda _: None
) -> Listing:
    """Read and count the topic. `note` is called with each letter of the selection."""
    marks = marks_of(settings)
    groups = [replay_group(settings, Selection()), *marks.replays]
    listing = Listing(marks, positions_of(settings, groups))
    for record in records(settings, selection):
        letter = letter_of(record)
        if letter is None:
            listing.foreign += not Marks().add(record)
        elif selection.takes(letter):
            listing.add(letter)
            note(letter)
    listing.finish()
    return listing


@command.command("discard")
@options.config
@click.argument("places", nargs=-1, type=_Place(), metavar="[PARTITION@OFFSET]...")
@_filters
@click.option("--why", required=True, help="The reason, for whoever asks later; no personal data.")
@click.option("--by", default=whoever_is_here, help="Who decides. Default: the user.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.as_json
def discard(
    path: Path,
    places: tuple[str, ...],
    why: str,
    by: str,
    yes: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """Set dead letters aside for good: a replay leaves them out, and `ls` says who did so and why.

    Name places, or a selection. The letters stay in the topic until its retention takes them.
    """
    settings = load(path, os.environ, refused)
    selection = _selection(**filters)
    if bool(places) == bool(selection):
        raise click.UsageError("name places, or choose by --reason, --event, --since, --until")
    chosen: list[Letter] = []
    if places:
        chosen = [letter_at(settings, place) for place in places]
    else:
        _listing(settings, selection, chosen.append)
    if not chosen:
        raise click.UsageError("no dead letter is chosen")
    if not yes:
        click.confirm(f"Discard {len(chosen):,} dead letters for good?", abort=True, err=True)
    where = [partition_and_offset(letter.place) for letter in chosen]
    write_discard(settings, [(int(number), int(offset)) for number, offset in where], by, why)
    done = {"discarded": len(chosen), "by": by, "why": why}
    click.echo(json.dumps(done) if as_json else f"{len(chosen):,} dead letters discarded")


@command.command("show")
@options.config
@click.argument("places", nargs=-1, type=_Place(), metavar="[PARTITION@OFFSET]...")
@_filters
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Without places: so many, the oldest.",
)
@click.option("--show-personal", is_flag=True, help="Show keys, headers and values as they are.")
@options.as_json
def show(
    path: Path,
    places: tuple[str, ...],
    limit: int,
    show_personal: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """Show dead letters: why, what the record says, and what today's mapping makes of it.

    `ls` names places. Personal data is masked: no text and no long number is shown that the mapping
    or the schema does not spell out.
    """
    setup = load_setup(path)
    logs.configure("warning", setup.settings.log.format)
    selection = _selection(**filters)
    letters = (
        [letter_at(setup.settings, place) for place in places]
        if places
        else first(setup.settings, selection, limit)
    )

    async def describe() -> list[dict[str, Any]]:
        async with decoding(setup.settings, setup.mapping) as decoder:
            describer = Describer(
                decoder,
                setup.mapping,
                personal=show_personal,
                fetch=partial(original_of, setup.settings),
            )
            return [await describer.describe(letter) for letter in letters]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(describe())
    for each in found:
        click.echo(written(each, indent=None if as_json else 2))


@command.command("replay")
@options.config
@_filters
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@click.option(
    "--from-start", is_flag=True, help="Begin anew, whatever an earlier replay has sent already."
)
@click.option(
    "--rate",
    type=options.Rate(min=0, min_open=True),
    help="Requests per second and endpoint. Default: a tenth of its ceiling; 25 without one.",
)
@click.option(
    "--max-replays",
    default=MAX_REPLAYS,
    show_default=True,
    type=click.IntRange(min=1),
    help="Leave out what has failed in so many replays already.",
)
@options.as_json
def replay(
    path: Path,
    dry_run: bool,
    from_start: bool,
    rate: float | None,
    max_replays: int,
    as_json: bool,
    **filters: Any,
) -> None:
    """Send dead letters again, with today's mapping: of each record the events that failed.

    It reads up to the end that the dead-letter topic has now, keeps the order of each person, and goes
    on where an interrupted replay of the same selection stopped. What fails again is a dead letter
    again. Live traffic may run beside it.

    Exit codes: 0 all sent or left out; 1 some failed again, or so many that it stopped, or it was
    interrupted (a repeat goes on); 3 configuration or mapping; 4 Kafka refuses; 6 the drain ran out of
    time; 7 not safe to go on.
    """
    setup = load_setup(path)
    logs.configure("warning", setup.settings.log.format)
    selection = _selection(**filters)
    judgement = Judgement(
        selection, max_replays, partial(original_of, setup.settings), marks_of(setup.settings)
    )
    span = find_span(setup.settings, selection, anew=from_start, may_commit=not dry_run)
    out = console(stderr=True)
    out.print(
        f"{span.records:,} dead letters to read of {setup.settings.dead_letters.topic}, "
        f"{'going on' if span.resumed else 'from the beginning'} as group {span.group}",
        highlight=False,
    )
    if dry_run:
        unit: list[ReplayMap] = []

        def around(decode: Decode, mapping: Map) -> tuple[Decode, Map]:
            unit.append(ReplayMap(mapping, judgement))
            return ReplayDecode(decode, judgement), unit[0]

        found = run_rehearsal(setup.settings, setup.mapping, span.starts, span.ends, around=around)
        document = {**found.document(), "not_made": dict(unit[0].not_made)}
        print_rehearsal(found, document, as_json=as_json)
        if not as_json:
            print_not_made(document["not_made"])
        return
    slow = replay_settings(setup.settings, selection, rate)
    made = Replay(slow, setup.mapping, judgement, span)
    if selection and span.records:
        replayed(setup.settings, span.group, selection)
    code = 0
    if span.records:
        with (
            Advance("replayed", span.records, out) as advance,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            code = runner.run(made.run(advance.at))
    summary = {**made.summary(), "group": span.group}
    if as_json:
        click.echo(json.dumps(summary))
    else:
        print_summary(summary)
        print_not_made(summary["not_made"])
    sys.exit(code or (0 if made.finished and not summary["failed_again"] else EXIT_FAILED))
