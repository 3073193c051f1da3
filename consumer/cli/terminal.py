"""The console of a command: plain text wherever it is no terminal or `NO_COLOR` is set."""

import os

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A console that writes no escapes under `NO_COLOR` (https://no-color.org), nor to files and pipes,
    whatever else the environment says."""
    if os.environ.get("NO_COLOR"):
        return Console(stderr=stderr, color_system=None, force_terminal=False)
    made = Console(stderr=stderr)
    if not made.file.isatty():
        return Console(stderr=stderr, color_system=None, force_terminal=False)
    return made
