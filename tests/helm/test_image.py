"""The image: what its Dockerfile says, and the installed wheel run as Kubernetes would run it."""

import json
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.helm.chart import Rendered, case_values, changed, pod_of, render
from tests.helm.pod import REPOSITORY, lay_out
from tests.parts.container import Container, Image, instructions
from tests.parts.ports import free_port, wait_until

pytestmark = pytest.mark.slow

DOCKERFILE = instructions((REPOSITORY / "Dockerfile").read_text())


def _all(word: str) -> list[str]:
    return [rest for name, rest in DOCKERFILE if name == word]


# ---- what it says --------------------------------------------------------------------------


def test_the_base_is_an_exact_version_in_both_stages() -> None:
    assert _all("ARG")[0] == "PYTHON=3.11.14-slim-bookworm"
    assert _all("FROM") == ["python:${PYTHON} AS build", "python:${PYTHON}"]


def test_everything_from_the_network_is_locked_by_hash() -> None:
    for run in _all("RUN"):
        for command in run.split("&&"):
            if " install " in command or " wheel " in command:
                assert "--require-hashes" in command or "--no-index" in command, command


def test_it_is_not_root_and_has_no_shell_in_between() -> None:
    assert _all("USER") == ["10001:10001"]
    assert json.loads(_all("ENTRYPOINT")[0]) == ["/opt/yespo-bridge/venv/bin/yespo-bridge"]
    assert _all("STOPSIGNAL") == ["SIGTERM"]


def test_the_chart_runs_the_user_and_port_of_the_image() -> None:
    context = render(case_values("minimal")).pod["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == _all("USER")[0]
    assert _all("EXPOSE") == ["9108"]


# ---- what it does --------------------------------------------------------------------------


def test_the_demo_runs_on_a_read_only_root_without_rights(image: Image) -> None:
    code, output = image.run(["demo", "--events", "300", "--rate", "0", "--json"]).end(90)
    assert code == 0, output
    assert json.loads(output.splitlines()[-1])["received"] == 300


def test_the_program_is_process_one_and_can_write_nowhere(image: Image) -> None:
    """Keeps the test above honest: what it ran under is what Kubernetes gives."""
    code = (
        "import os\n"
        "print(os.getpid(), os.getuid(), os.getgid(), os.getgroups())\n"
        "print([line for line in open('/proc/self/status') if line.startswith('CapEff')])\n"
        "for folder in ('/', '/tmp', '/opt/yespo-bridge', '/etc'):\n"
        "    try: open(folder + '/x', 'w')\n"
        "    except OSError as error: print(error.strerror)\n"
    )
    python = "/opt/yespo-bridge/venv/bin/python"
    _, output = image.run(["-c", code], entrypoint=[python]).end()
    assert output.splitlines() == [
        "1 10001 10001 []",
        r"['CapEff:\t0000000000000000\n']",
        *["Read-only file system"] * 4,
    ]


def test_only_the_wheel_is_installed_and_everything_is_compiled(image: Image) -> None:
    packages = next(image.root.glob("opt/yespo-bridge/venv/lib/python3*/site-packages"))
    assert (packages / "consumer/shipped/mappings/shop.yaml").is_file()
    assert list(packages.glob("consumer/__pycache__/app.*.pyc"))
    assert not list(packages.glob("pip"))
    assert not list(packages.glob("pytest"))
    assert not (image.root / "src").exists()


def _away(connections: str, port: int = 9108) -> Rendered:
    """A release whose Kafka, registry and vendor are away."""
    values = changed(case_values("minimal"), "check.connections", connections)
    values["kafka"]["bootstrapServers"] = "127.0.0.1:1"
    values["registry"]["url"] = "http://127.0.0.1:1"
    apis = {api: {"url": "http://127.0.0.1:1/event"} for api in ("legacy", "v2")}
    values["config"] = {"http": {"port": port}, "yespo": {"accounts": {"main": apis}}}
    return render(values)


@pytest.fixture(scope="module")
def checks(image: Image, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Container]:
    """The check's job for each way of taking an outage, running side by side: each waits for 10 s."""
    started = {}
    for connections in ("warn", "fail", "skip"):
        rendered = _away(connections)
        folder = tmp_path_factory.mktemp(connections)
        pod = lay_out(rendered, pod_of(rendered.one("Job")), "check", folder, contained=True)
        started[connections] = image.run(
            pod.arguments, environment=pod.environment, mounts=pod.mounts
        )
    return started


@pytest.mark.usefixtures("checks")
def test_with_kafka_away_it_lives_is_not_ready_and_stops_in_time(
    image: Image, tmp_path: Path
) -> None:
    port = free_port()
    rendered = _away("skip", port)
    pod = lay_out(rendered, rendered.pod, "bridge", tmp_path, contained=True)
    with (tmp_path / "log").open("wb") as log:
        running = image.run(
            pod.arguments, environment=pod.environment, mounts=pod.mounts, output=log
        )
    try:
        wait_until(lambda: _answers(port, "/startupz") == 200, 30, "the start-up probe")
        assert _answers(port, "/livez") == 200
        assert _answers(port, "/readyz") == 503
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        code, _ = running.end()
    finally:
        running.stop()
    output = (tmp_path / "log").read_text()
    assert code == 0, output
    assert time.monotonic() - began < pod.spec["terminationGracePeriodSeconds"] - 5
    assert json.loads(output.splitlines()[-1])["received"] == 0


def _answers(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code
    except httpx.TransportError:
        return 0


@pytest.mark.parametrize(("connections", "code"), [("warn", 0), ("fail", 1), ("skip", 0)])
def test_an_outage_stops_an_upgrade_only_where_asked(
    connections: str, code: int, checks: dict[str, Container]
) -> None:
    found, output = checks[connections].end()
    assert found == code, output
    assert "ok       mappings" in output
    assert ("failed   kafka" in output) is (connections != "skip")
