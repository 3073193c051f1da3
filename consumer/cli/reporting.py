"""Findings on stdout in the form that `--format` asks for, whatever is wrong."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import click

from consumer.documents.findings import Finding, Place
from consumer.documents.reports import as_json, sarif
from consumer.errors import SetupError

Format = Literal["text", "json", "sarif"]
_Command = Callable[..., None]

form = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How findings are printed: for people, as one JSON object, or as SARIF 2.1.0. JSON and "
    "SARIF go to stdout, whatever is wrong.",
)


def write(form: Format, findings: Sequence[Finding], more: Mapping[str, Any]) -> None:
    """Print the document of a run. `more` are the members of the JSON object beside `findings`."""
    if form == "sarif":
        document = sarif(findings)
    else:
        document = {**more, "findings": [as_json(finding) for finding in findings]}
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


@contextmanager
def failures(form: Format, path: object) -> Iterator[None]:
    """Within it, a start that is refused is a document as well; as text it goes its usual way."""
    try:
        yield
    except SetupError as error:
        if form == "text":
            raise
        found = getattr(error, "findings", ()) or (
            Finding(Place(str(path), 0, 0), "setup", str(error)),
        )
        write(form, found, {"ok": False})
        sys.exit(error.exit_code)
