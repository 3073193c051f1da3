"""The program as a user starts it: `yespo-bridge run` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.parts.ports import free_port, wait_until

ROOT = Path(__file__).parents[2]


@dataclass
class Bridge:
    """One bridge process. `settings` become its configuration file."""

    folder: Path
    settings: dict[str, Any]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    program: tuple[str, ...] = ("consumer",)
    """What follows `python -m`, before the command."""

    def write_config(self) -> Path:
        self.settings["http"] = {"host": "127.0.0.1", "port": self.port}
        config = self.folder / "bridge.yaml"
        config.write_text(json.dumps(self.settings, indent=1))  # JSON is YAML
        return config

    @staticmethod
    def environment() -> dict[str, str]:
        return {**os.environ, "YESPO_API_KEY": "sandbox-key", "PYTHONPATH": str(ROOT)}

    def start(self) -> None:
        config = self.write_config()
        with (
            (self.folder / "bridge.log").open("ab") as log,
            (self.folder / "ledger").open("wb") as out,
        ):
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", *self.program, "run"),
                    *("--json", "--config", str(config)),
                ],
                stdout=out,
                stderr=log,
                env=self.environment(),
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def terminate(self, seconds: float = 60) -> tuple[int, float]:
        """SIGTERM; returns the exit code and the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process = None
        return code, time.monotonic() - began

    def freeze(self) -> None:
        """SIGSTOP: it stands still and knows nothing of it. `wake` lets it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End it in whatever state it is."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def log(self) -> str:
        return (self.folder / "bridge.log").read_text()

    @property
    def ledger(self) -> dict[str, Any]:
        """The summary printed at shutdown."""
        lines = (self.folder / "ledger").read_text().strip().splitlines()
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    @property
    def memory(self) -> int:
        """Resident bytes."""
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    @property
    def peak_memory(self) -> int:
        """The most resident bytes so far."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [each for each in status.splitlines() if each.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def status(self) -> dict[str, Any]:
        answer = httpx.get(f"http://127.0.0.1:{self.port}/status", trust_env=False, timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False, timeout=10).text

    def ready(self) -> bool:
        self.must_run()
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=5)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def must_run(self) -> None:
        """Fail if it has ended by itself; one that was ended, or never started, is well."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the bridge ended with {self.process.returncode}:\n{self.log}")

    def wait_ready(self, seconds: float = 90) -> None:
        wait_until(self.ready, seconds, "the bridge to be ready")
