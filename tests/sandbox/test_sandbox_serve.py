"""The command, as a process: it says where it is, serves, and ends in order."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PROGRAM = """
import sys
from pathlib import Path
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.serve import SandboxOptions, serve
serve(SandboxOptions(port=0, api_key="k", record=Path(sys.argv[1]),
                     faults=FaultProfile.from_flags(["error=1", "only=v2"])))
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path, end: signal.Signals) -> None:
    recorded = tmp_path / "requests.jsonl"
    command = [sys.executable, "-u", "-c", PROGRAM, str(recorded)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(5))
        addresses = re.findall(r"http://127\.0\.0\.1:\d+(/\S*)", told)
        assert addresses == ["/", "/api/v2", "/api/v2/event", "/api/v2/past_events"]
        base = re.findall(r"http://127\.0\.0\.1:\d+", told)[0]
        assert httpx.post(f"{base}/api/v2", json={"a": 1}).status_code == 200
        assert httpx.post(f"{base}/api/v2/event", json={}, auth=("", "k")).status_code == 500
        process.send_signal(end)
        rest, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert rest == "2 requests, 1 taken, 2 breaking a rule, 0 repeated\n"
    assert len(recorded.read_text().splitlines()) == 2
