"""Questions and commands of the runbooks."""

import re
import shlex
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
PROGRAMS = ("yespo-bridge", "kubectl", "kafka-consumer-groups.sh")


def questions(alert: str) -> list[str]:
    """The PromQL of an alert's runbook, in order."""
    text = (FOLDER / f"{alert}.md").read_text()
    return [found.strip() for found in re.findall(r"^```promql\n(.*?)^```", text, re.M | re.S)]


def commands() -> list[tuple[str, list[str]]]:
    """(runbook, words) of every command line that any runbook names."""
    return [
        (file.name, shlex.split(text))
        for file in sorted(FOLDER.glob("*.md"))
        for text in re.findall(r"`([^`\n]+)`", file.read_text())
        if text.startswith(PROGRAMS)
    ]
