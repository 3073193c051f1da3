"""Programs that a system's package manager installs: found on the path, or plainly missing."""

import os
import shutil
import subprocess
import tempfile

from tests.parts.fetch import PartUnavailableError


def find(package: str, *names: str) -> str:
    """Path of the first of `names` that is installed. Raises PartUnavailableError naming the
    Debian package that has it."""
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    raise PartUnavailableError(f"{names[0]} is not installed (Debian: apt-get install {package})")


class Browser:
    """A real browser without a window. Raises PartUnavailableError where there is none."""

    def __init__(self) -> None:
        self._program = ""

    def start(self) -> None:
        self._program = find("chromium", "chromium", "google-chrome")

    def stop(self) -> None:
        """Each page has a process of its own; nothing is left to end."""

    def rendered(self, url: str, milliseconds: int = 2500, width: int = 1280) -> str:
        """The document as it stands after the page's script has run for that (virtual) time."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            done = subprocess.run(
                [
                    self._program,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-background-networking",
                    f"--user-data-dir={profile}",
                    f"--window-size={width},900",
                    f"--virtual-time-budget={milliseconds}",
                    "--dump-dom",
                    url,
                ],
                capture_output=True,
                text=True,
                timeout=60,
                env={**os.environ, "HOME": profile},
                check=True,
            )
        return done.stdout
