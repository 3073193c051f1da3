"""`yespo-bridge sandbox`: the vendor's double."""

from pathlib import Path

import click

from consumer.cli import options
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.serve import DEFAULT_PORT, SandboxOptions, serve
from consumer.sandbox.vendor_apis import DEFAULT_KEY


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=options.PORT,
    default=DEFAULT_PORT,
    show_default=True,
    help="0: a free one.",
)
@click.option("--api-key", default=DEFAULT_KEY, show_default=True, help="What v2 asks for.")
@click.option(
    "--legacy-status", type=click.Choice(["200", "204"]), default="200", show_default=True
)
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Requests held for the page.",
)
@click.option(
    "--record", type=click.Path(path_type=Path), help="Append every request to this file."
)
@click.option("--seed", default=0, show_default=True, help="Of the faults.")
@click.option("--allow-host", multiple=True, help="A `Host` to accept beside loopback.")
@click.option("--fault", multiple=True, help="e.g. error=0.05, latency=0.02..0.08, only=v2.")
def command(
    host: str,
    port: int,
    api_key: str,
    legacy_status: str,
    keep: int,
    record: Path | None,
    seed: int,
    allow_host: tuple[str, ...],
    fault: tuple[str, ...],
) -> None:
    """Be a strict local double of Yespo's tracker, Generate event and past_events APIs.

    It judges every request by the documented rules and shows on a page what arrived. Point
    `legacy.url` and `v2.url` of a configuration at it. Recorded files hold personal data.
    """
    serve(
        SandboxOptions(
            host=host,
            port=port,
            api_key=api_key,
            legacy_status=int(legacy_status),
            keep=keep,
            record=record,
            seed=seed,
            allowed_hosts=allow_host,
            faults=FaultProfile.from_flags(fault),
        )
    )
