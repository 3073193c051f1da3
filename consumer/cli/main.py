"""`yespo-bridge`: one program, a command for each thing a person wants to do."""

import importlib
import signal
import sys

import click

from consumer import __version__
from consumer.errors import EXIT_TERMINATED, ConfigError, SetupError
from consumer.privacy import safe_traceback

COMMANDS = {
    "demo": "consumer.cli.demo",
    "run": "consumer.cli.run",
    "top": "consumer.cli.top",
    "tap": "consumer.cli.tap",
    "check": "consumer.cli.check",
    "config": "consumer.cli.config",
    "mapping": "consumer.cli.mapping",
    "offsets": "consumer.cli.offsets",
    "dlq": "consumer.cli.dlq",
    "backfill": "consumer.cli.backfill",
    "sandbox": "consumer.cli.sandbox",
}


class _Commands(click.Group):
    """Imports a command when it is asked for: `--help` needs neither Kafka nor the mapping."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


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
