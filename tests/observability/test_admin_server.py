"""The side door: probes, the status for programs, and the page for people."""

import asyncio
import socket
import threading
import time
from html.parser import HTMLParser

import httpx
import pytest
from prometheus_client import CollectorRegistry

from consumer.app import App
from consumer.delivery.endpoint.queue import EndpointLane
from consumer.errors import PortInUseError
from consumer.model import Partition
from consumer.observability import bounded_server
from consumer.observability.admin_server import AdminServer, Probes
from consumer.observability.status_page import page
from consumer.source.consumer import KafkaSource
from consumer.stages import Position
from consumer.startup.setup import Setup

PROBES = Probes(lambda: None, lambda: None, lambda: None, dict)


async def get(app: App, path: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        return await client.request(method, f"http://127.0.0.1:{app.port}{path}")


async def test_it_is_alive_and_started_and_not_ready_before_kafka_is_reached(app: App) -> None:
    assert (await get(app, "/livez")).text == "ok\n"
    assert (await get(app, "/startupz")).status_code == 200
    ready = await get(app, "/readyz")
    assert (ready.status_code, ready.text) == (503, "Kafka has not been reached yet\n")


async def test_a_loop_that_stands_still_is_not_alive(app: App) -> None:
    app._observation._beat_at = time.monotonic() - 31
    assert app._observation._live() == "the event loop has not moved for 30 s"


async def test_a_poll_loop_that_stands_still_is_not_alive(app: App) -> None:
    app._source.joined = True
    app._source._moved_at = time.monotonic() - 29
    assert app._observation._live() is None
    app._source._moved_at = time.monotonic() - 31
    assert app._observation._live() == "the poll loop has not moved for 30 s"
    app._source.joined = False


async def test_a_kafka_that_is_never_reached_is_no_reason_for_a_restart(app: App) -> None:
    app._source._moved_at = time.monotonic() - 3600
    assert (await get(app, "/livez")).status_code == 200


async def test_a_vendor_that_is_away_or_refuses_us_is_not_unreadiness(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KafkaSource, "moved_within", lambda *_: True)
    monkeypatch.setattr(app._source, "joined", True)
    for state in ("down", "misconfigured"):
        monkeypatch.setattr(EndpointLane, "state", state)
        for path in ("/readyz", "/livez", "/startupz"):
            assert (await get(app, path)).status_code == 200, (state, path)


async def test_it_is_not_started_before_everything_is_built(setup: Setup) -> None:
    app = App(setup.settings, setup.mapping)
    app._build(asyncio.get_running_loop())
    app._admin_server.start()
    try:
        answer = await get(app, "/startupz")
        assert (answer.status_code, answer.text) == (503, "starting\n")
    finally:
        app._admin_server.stop()
        await app._delivery.close()


async def test_a_loop_that_is_busy_holds_neither_scraper_nor_probe_up(app: App) -> None:
    first = await get(app, "/metrics")
    url = f"http://127.0.0.1:{app.port}"
    answered = threading.Event()

    def ask() -> tuple[str, str]:
        with httpx.Client(trust_env=False, timeout=30) as client:
            alive, metrics = client.get(f"{url}/livez").text, client.get(f"{url}/metrics").text
        answered.set()
        return alive, metrics

    asking = asyncio.get_running_loop().run_in_executor(None, ask)
    assert answered.wait(10), "a scrape may take 10 s; this wait holds the loop up"
    alive, metrics = await asking
    assert alive == "ok\n"
    assert "yespo_bridge_partitions_assigned 0.0" in metrics, "the last reading is given"
    assert first.status_code == 200


async def test_the_status_names_partitions_endpoints_and_ledgers(app: App) -> None:
    app._pipeline.assigned({Partition("shop.clicks", 2, 1): Position(0)})
    status = (await get(app, "/status")).json()
    assert status["partitions"]["shop.clicks/2"] == {
        "received": 0,
        "in_flight": 0,
        "delivered": 0,
        "filtered": 0,
        "dead_lettered": 0,
        "released": 0,
        "assigned": True,
        "lag_records": None,
        "lag_seconds": 0.0,
        "paused": False,
        "waits_for_schema": False,
    }
    assert status["endpoints"]["main/v2"]["state"] == "flowing"
    assert status["ledger"]["balanced"] is True


async def test_a_question_for_the_head_alone_gets_no_body(app: App) -> None:
    for path in ("/status", "/metrics", "/livez"):
        answer = await get(app, path, "HEAD")
        assert (answer.status_code, answer.content) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 2 or path == "/metrics"


def test_it_listens_on_ipv6_where_the_host_says_so() -> None:
    door = AdminServer("::1", 0, CollectorRegistry(), PROBES)
    door.start()
    try:
        assert httpx.get(f"http://[::1]:{door.port}/livez", trust_env=False).text == "ok\n"
    finally:
        door.stop()


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(PortInUseError, match=r"set `http\.host`"):
        AdminServer("192.0.2.1", 0, CollectorRegistry(), PROBES).start()


def test_a_client_that_says_nothing_is_let_go_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bounded_server, "REQUEST_SECONDS", 0.05)
    door = AdminServer("127.0.0.1", 0, CollectorRegistry(), PROBES)
    door.start()
    try:
        with socket.create_connection(("127.0.0.1", door.port), timeout=10) as silent:
            silent.sendall(b"GET /livez HTTP/1.1\r\nHost:")
            assert silent.recv(100) == b""
    finally:
        door.stop()
    assert capfd.readouterr().err == ""


async def test_the_port_is_for_reading(app: App) -> None:
    assert (await get(app, "/status", "POST")).status_code == 405
    assert (await get(app, "/nowhere")).status_code == 404


class Links(HTMLParser):
    """Whatever a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "img", "link", "iframe", "form", "object"}:
            self.outside.append(tag)
        self.outside += [v for k, v in attrs if k in {"src", "href"} and v and v[0] != "/"]


async def test_the_page_of_people_loads_nothing_and_runs_nothing(app: App) -> None:
    app._pipeline.assigned({Partition("shop.clicks", 2, 1): Position(0)})
    answer = await get(app, "/")
    links = Links()
    links.feed(answer.text)
    assert links.outside == []
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "shop.clicks/2" in answer.text
    assert "Kafka has not been reached yet" in answer.text


STATUS = {
    "version": "1.0",
    "mapping": "abc",
    "mapping_refused": False,
    "joined": True,
    "partitions": {},
    "endpoints": {"main/v2": {"state": "flowing", "in_flight": 1, "waiting": 0, "last_error": ""}},
    "dead_letters": {"outstanding": 0, "failing": "", "stopped": ""},
    "registry_reachable": True,
    "unacknowledged_requests": 0,
    "ledger": {
        "received": 1,
        "outcomes": {"delivered": 1},
        "in_flight": 0,
        "reasons": {"filtered": {"<script>alert(1)</script>": 1}, "dead_lettered": {}},
        "events": {},
        "imbalance": [],
    },
}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "All is well."),
        ({"joined": False}, "Kafka has not been reached yet"),
        ({"registry_reachable": False}, "the schema registry cannot be asked"),
        (
            {"dead_letters": {"outstanding": 3, "failing": "MSG_SIZE_TOO_LARGE", "stopped": ""}},
            "dead letters cannot be written (MSG_SIZE_TOO_LARGE)",
        ),
        (
            {
                "endpoints": {
                    "main/v2": {
                        "state": "misconfigured",
                        "in_flight": 0,
                        "waiting": 9,
                        "last_error": "401",
                    }
                }
            },
            "main/v2 is misconfigured (last answer: 401)",
        ),
    ],
)
def test_the_verdict_names_what_is_wrong(change: dict[str, object], verdict: str) -> None:
    assert f'">{verdict}</p>' in page({**STATUS, **change})


def test_what_stands_in_the_status_cannot_become_markup() -> None:
    assert "<script>" not in page(STATUS)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(STATUS)
