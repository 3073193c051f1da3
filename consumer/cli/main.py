"""`yespo-bridge`: one program, a command for each thing a person wants to do."""

import importlib
import signal
import sys
from difflib import get_close_matches

import click

from consumer import __version__
from consumer.errors import EXIT_TERMINATED, ConfigError, SetupError
from consumer.privacy import safe_traceback

SECTIONS = {
    "Begin": ("demo", "init", "mapping", "check", "config"),
    "Run": ("run", "top", "tap", "offsets"),
    "Mend": ("dlq", "backfill"),
    "Try": ("sandbox",),
}
"""The sections of the help, in the order in which a newcomer needs them."""

COMMANDS = {name: f"consumer.cli.{name}" for names in SECTIONS.values() for name in names}


class _Commands(click.Group):
    """Imports a command when it is asked for: `--help` needs neither Kafka nor the mapping."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Adds the command that a mistyped one is near to."""
        near = get_close_matches(args[0], COMMANDS, 1)
        if args[0] in COMMANDS or args[0].startswith("-") or not near:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]!r}?", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                rows = [(name, self.get_command(ctx, name)) for name in names]
                formatter.write_dl([(n, c.get_short_help_str(70)) for n, c in rows if c])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="yespo-bridge")
def cli() -> None:
    """Carry a shop's clickstream from Kafka into Yespo.

    Begin with `yespo-bridge demo`: the whole job on embedded parts.
    """


def main() -> None:
    """Entry point. An error that a person can mend is one clear text and an exit code, no trace."""
    safe_traceback.install()
    # As process 1 of a container nothing has a default action: until `run` sets its own handler, a
    # SIGTERM would go unheard, and the pod would wait out its grace period.
    signal.signal(signal.SIGTERM, _end)
    try:
        cli(prog_name="yespo-bridge")
    except ConfigError as findings:
        click.echo(str(findings), err=True)
        sys.exit(findings.exit_code)
    except SetupError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _end(*_: object) -> None:
    """SIGTERM before anything has begun."""
    sys.exit(EXIT_TERMINATED)
