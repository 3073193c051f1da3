"""`yespo-bridge sandbox`: runs the double until a signal."""

import asyncio
import signal
from dataclasses import dataclass, field
from pathlib import Path

import click
import uvloop

from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.server import Sandbox
from consumer.sandbox.vendor_apis import DEFAULT_KEY

DEFAULT_PORT = 8088


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """The command's flags; see `Sandbox` for what they mean."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    api_key: str = DEFAULT_KEY
    legacy_status: int = 200
    keep: int = 1_000
    record: Path | None = None
    seed: int = 0
    allowed_hosts: tuple[str, ...] = ()
    faults: FaultProfile = field(default_factory=FaultProfile)


def serve(options: SandboxOptions) -> None:
    """Serve until SIGINT or SIGTERM. Raises PortInUseError, SetupError."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options))


async def _serve(options: SandboxOptions) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sandbox = Sandbox(
        host=options.host,
        port=options.port,
        api_key=options.api_key,
        legacy_status=options.legacy_status,
        keep=options.keep,
        record=options.record,
        faults=options.faults,
        seed=options.seed,
        allowed_hosts=options.allowed_hosts,
    )
    async with sandbox:
        click.echo(_welcome(sandbox))
        await stopped.wait()
        totals = sandbox.totals
    click.echo(
        f"{totals.requests} requests, {totals.taken} taken, {totals.violating} breaking a rule, "
        f"{totals.repeated} repeated"
    )


def _welcome(sandbox: Sandbox) -> str:
    return (
        "Yespo sandbox (Ctrl-C stops it)\n"
        f"  page         {sandbox.url}/\n"
        f"  legacy       {sandbox.legacy_url}  (any site id)\n"
        f"  v2           {sandbox.v2_url}  (api_key: {sandbox.api_key})\n"
        f"  past events  {sandbox.past_events_url}"
    )
