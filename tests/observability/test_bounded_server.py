"""Clients of the admin port take neither the process's descriptors nor its answers to probes."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from consumer.observability import bounded_server
from consumer.observability.admin_server import AdminServer, Probes

PROBES = Probes(lambda: None, lambda: None, lambda: None, dict, lambda *_: [])

DESCRIPTORS = 128
SILENT = 400

CHILD = f"""
import resource, sys, threading
resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
from prometheus_client import CollectorRegistry
from consumer.observability.admin_server import AdminServer, Probes
ok = lambda: None
server = AdminServer("127.0.0.1", 0, CollectorRegistry(), Probes(ok, ok, ok, dict, lambda *_: []))
server.start()
print(server.port, flush=True)
for line in sys.stdin:
    taken = []
    try:
        while len(taken) < int(line):
            taken.append(open("/dev/null"))
    except OSError:
        pass
    print(len(taken), threading.active_count(), flush=True)
    for each in taken:
        each.close()
"""


def test_silent_connections_leave_descriptors_for_delivery_and_answers_for_probes() -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child,
        ExitStack() as held,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        port = int(child.stdout.readline())
        for _ in range(SILENT):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        for path in ("/livez", "/metrics"):
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=5)
            assert answer.status_code == 200
        child.stdin.write("70\n")
        child.stdin.flush()
        opened, threads = map(int, child.stdout.readline().split())
        assert opened == 70, "connections to Yespo and Kafka are files as well"
        assert threads <= bounded_server.MAX_OPEN + 10
        child.stdin.close()
    assert child.returncode == 0


@pytest.fixture
def server() -> Iterator[AdminServer]:
    metrics = CollectorRegistry()
    Counter("clicks", "Clicks", registry=metrics)
    server = AdminServer("127.0.0.1", 0, metrics, PROBES)
    server.start()
    yield server
    server.stop()


def test_a_client_that_sends_a_byte_now_and_then_is_cut_at_the_deadline(
    server: AdminServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_server, "REQUEST_SECONDS", 0.5)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(b"GET /livez HTTP/1.1\r\nX: ")
        while time.monotonic() - began < 8:
            try:
                slow.sendall(b"x")
            except OSError:
                break
            time.sleep(0.05)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text; version=abc",
        "application/openmetrics-text; version=1.0.0\t; q=x",
        "text/plain; version=1.2.x",
        "text/plain;version=,,;;;=",
        "text/plain; version=1.0.0; escaping=nothing-known",
        "application/openmetrics-text; version=" + "9" * 5000,
        ";;;", "\xff\xfe", "*/*;q=none",
    ],
)  # fmt: skip
def test_an_odd_accept_header_gets_the_page(server: AdminServer, accept: str) -> None:
    headers = [(b"Accept", accept.encode("latin-1"))]
    url = f"http://127.0.0.1:{server.port}/metrics"
    answer = httpx.get(url, headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert "clicks_total 0.0" in answer.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("text/plain", "text/plain"),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2", "application/openme"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
    ],
)
def test_openmetrics_goes_to_those_that_name_it(
    server: AdminServer, accept: str, kind: str
) -> None:
    url = f"http://127.0.0.1:{server.port}/metrics"
    answer = httpx.get(url, headers={"Accept": accept}, trust_env=False)
    assert answer.headers["Content-Type"].startswith(kind)
