"""`yespo-bridge offsets`: where the group stands, and moving it."""

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from consumer.cli import options
from consumer.cli.terminal import console
from consumer.errors import SetupError
from consumer.inspect.group_offsets import (
    GroupOffsets,
    GroupReader,
    Move,
    PartitionOffsets,
    Range,
)
from consumer.inspect.topic_reader import Key
from consumer.source.kafka_errors import kafka_errors
from consumer.startup.setup import load_setup

RANGES_SHOWN = 3


class _Commands(click.Group):
    """A refusal of Kafka becomes an error text, not a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        with kafka_errors():
            return super().invoke(ctx)


@click.group("offsets", cls=_Commands, invoke_without_command=True)
@click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path),
    envvar="YESPO_BRIDGE_CONFIG",
    help="The configuration file; or the variable YESPO_BRIDGE_CONFIG.",
)
@options.only
@options.as_json
@click.pass_context
def command(
    context: click.Context, path: Path | None, only: tuple[str, ...], as_json: bool
) -> None:
    """Show how far the group is: committed offset, lag in records and seconds, and what has ended
    above a record that has not, and which member holds each partition.

    Joins no group and changes nothing. Exit code 4: Kafka cannot be reached or refuses.
    """
    if context.invoked_subcommand is not None:
        return
    if path is None:
        raise click.UsageError("name the configuration file with --config")
    with _reader(path, only) as reader:
        found = reader.read()
    if as_json:
        click.echo(json.dumps(_document(found)))
    else:
        _print(found)


@command.command("set")
@options.config
@options.only
@click.option(
    "--to", "target", required=True, help="`earliest`, `latest`, an ISO 8601 time, or an offset."
)
@click.option("--topic", help="This topic only.")
@click.option("--partition", type=click.IntRange(min=0), help="This partition only.")
@click.option("--yes", is_flag=True, help="Do it; without, it is only shown.")
@options.as_json
def set_(
    path: Path,
    only: tuple[str, ...],
    target: str,
    topic: str | None,
    partition: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Move the committed offsets of the group, which must have no members.

    Records below the new offset are never sent; records above it are sent, also a second time. Shows
    each partition before and after, and moves only with --yes. Exit codes: 3 refused; 4 Kafka.
    """
    with _reader(path, only) as reader:
        keys = _chosen(reader.partitions(), topic, partition)
        reader.refuse_while_active()
        if target.isdecimal() and len(keys) > 1:
            raise SetupError("an offset is of one partition: add --topic and --partition")
        moves = reader.plan(target, keys)
        if yes:
            reader.apply(moves)
    if as_json:
        click.echo(json.dumps({"applied": yes, "moves": [move._asdict() for move in moves]}))
        return
    _print_moves(moves)
    click.echo("done" if yes else "nothing is changed yet: repeat with --yes")


def _reader(path: Path, only: tuple[str, ...]) -> GroupReader:
    setup = load_setup(path, only=only)
    return GroupReader(setup.settings.kafka, setup.mapping.topics)


def _chosen(keys: list[Key], topic: str | None, partition: int | None) -> list[Key]:
    found = [key for key in keys if topic in (None, key[0]) and partition in (None, key[1])]
    if not found:
        highest = dict(sorted(keys))  # by topic: the last of several counts
        known = ", ".join(f"{name}, partitions 0 to {last}" for name, last in highest.items())
        raise SetupError(f"no such partition; the mappings read {known}")
    return found


def _print(found: GroupOffsets) -> None:
    out = console()
    members = ", ".join(member.name for member in found.members) or "no members"
    out.print(f"group {found.group}: {found.state}, {members}", highlight=False)
    table = Table()
    table.add_column("partition")
    for name in ("committed", "end", "lag", "seconds", "ended above"):
        table.add_column(name, justify="right")
    table.add_column("member")
    for one in found.partitions:
        table.add_row(
            f"{one.topic}/{one.number}",
            _number(one.committed),
            _number(one.end),
            _number(one.lag),
            "?" if one.lag_seconds is None else f"{one.lag_seconds:,.1f}",
            _above(one),
            one.member or "-",
        )
    out.print(table)


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _above(one: PartitionOffsets) -> str:
    if not one.ended_above:
        return "0"
    shown = ", ".join(_range(each) for each in one.ended_above[:RANGES_SHOWN])
    more = len(one.ended_above) - RANGES_SHOWN
    return f"{one.ended_count:,} ({shown}{f', and {more} more' if more > 0 else ''})"


def _range(each: Range) -> str:
    return str(each.first) if each.first == each.last else f"{each.first}-{each.last}"


def _print_moves(moves: list[Move]) -> None:
    table = Table()
    table.add_column("partition")
    for name in ("before", "after", "records"):
        table.add_column(name, justify="right")
    for move in moves:
        moved = "" if move.before is None else f"{move.after - move.before:+,}"
        table.add_row(
            f"{move.topic}/{move.number}", _number(move.before), _number(move.after), moved
        )
    console().print(table)


def _document(found: GroupOffsets) -> dict[str, Any]:
    return {
        "group": found.group,
        "state": found.state,
        "members": [member.name for member in found.members],
        "partitions": [
            {
                "topic": one.topic,
                "partition": one.number,
                "begin": one.begin,
                "end": one.end,
                "committed": one.committed,
                "lag": one.lag,
                "lag_seconds": one.lag_seconds,
                "member": one.member,
                "ended_above": {
                    "count": one.ended_count,
                    "ranges": [list(each) for each in one.ended_above],
                },
            }
            for one in found.partitions
        ],
    }
