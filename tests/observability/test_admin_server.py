"""The side door: probes, the status for programs, and the page for people."""

import asyncio
import base64
import socket
import threading
import time
from hashlib import sha256
from html.parser import HTMLParser

import httpx
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.app import App
from consumer.delivery.endpoint.queue import EndpointQueue
from consumer.errors import PortInUseError
from consumer.model import Failure, Flight, Partition
from consumer.observability import bounded_server
from consumer.observability.admin_server import AdminServer, Probes
from consumer.observability.status_page import page
from consumer.observability.verdict import Verdict
from consumer.source.consumer import KafkaSource
from consumer.stages import Position
from consumer.startup.setup import Setup
from tests.fakes import a_record
from tests.observability.statuses import a_status

PROBES = Probes(lambda: None, lambda: None, lambda: None, dict, lambda *_: [])


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
        monkeypatch.setattr(EndpointQueue, "state", state)
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
        self.inline: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        if tag in {"img", "link", "iframe", "form", "object", "meta"}:
            self.outside += [f"{tag} {k}" for k, _ in attrs if k in {"src", "href", "http-equiv"}]
        self.outside += [v for k, v in attrs if k in {"src", "href"} and v and v[0] != "/"]
        self.outside += [k for k, _ in attrs if k.startswith("on") or k == "style"]

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"}:
            self.inline.append(base64.b64encode(sha256(data.encode()).digest()).decode())
        self._within = ""


async def test_the_page_of_people_loads_nothing_and_runs_its_own_script_alone(app: App) -> None:
    app._pipeline.assigned({Partition("shop.clicks", 2, 1): Position(0)})
    answer = await get(app, "/")
    links = Links()
    links.feed(answer.text)
    assert links.outside == []
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert len(links.inline) == 2
    assert all(f"'sha256-{digest}'" in policy for digest in links.inline)
    assert "shop.clicks/2" in answer.text
    assert "Kafka has not been reached yet" in answer.text


async def test_readiness_says_what_is_wrong_though_it_succeeds(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KafkaSource, "moved_within", lambda *_: True)
    monkeypatch.setattr(app._source, "joined", True)
    monkeypatch.setattr(type(app._source), "lags", {})
    for _ in range(100):
        app.breaker.note(failed(), "")
    app._observation._sample()
    answer = await get(app, "/readyz")
    assert answer.status_code == 200
    first, *others = answer.text.splitlines()
    assert first == "ok"
    assert any("100 records in a row became dead letters" in line for line in others)
    status = (await get(app, "/status")).json()
    assert status["dead_letters"]["stopped"] == "100 records in a row became dead letters"
    assert status["verdict"]["level"] == "stopped"
    assert "DeadLetterBreakerOpen" in [one["cause"] for one in status["verdict"]["problems"]]
    assert "100 records in a row" in (await get(app, "/")).text
    monkeypatch.setattr(app._source, "joined", False)


def failed() -> Flight:
    flight = Flight(a_record())
    flight.failures = [Failure("mapping", "missing", "price is absent")]
    return flight


async def test_a_bug_in_the_verdict_costs_a_log_line_and_not_the_process(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("ann@shop.ua")

    monkeypatch.setattr(Verdict, "update", fails)
    with capture_logs() as lines:
        app._observation._sample()
    assert [line["event"] for line in lines] == ["the state could not be read"]
    assert not app.stopping


async def test_the_heartbeat_comes_once_a_minute_and_says_what_is_wrong(app: App) -> None:
    with capture_logs() as lines:
        for _ in range(24):
            app._observation._look()
    beats = [line for line in lines if line["event"] == "heartbeat"]
    assert len(beats) == 2
    assert beats[0]["verdict"] == "stopped"
    assert beats[0]["problems"][0].startswith("Kafka has not been reached yet (since ")
    assert (beats[0]["received"], beats[0]["partitions"]) == (0, 0)


def test_the_page_says_since_when_and_what_to_do() -> None:
    verdict = Verdict()
    status = a_status(("endpoints > main/v2 > state", "misconfigured"))
    status["endpoints"]["main/v2"]["last_error"] = "401"
    verdict.update(status, 0.0)
    text = page({**status, "verdict": verdict.plain()})
    assert "main/v2 refuses every request" in text
    assert "since 1970-01-01T00:00:00Z, last answer 401" in text
    assert "docs/runbooks/YespoBridgeEndpointMisconfigured.md" in text
    assert 'class="verdict stopped"' in text


def test_the_page_of_a_healthy_bridge_says_so_with_rates_and_times() -> None:
    text = page(a_status())
    assert "<p>All is well.</p>" in text
    assert "8.3/s" in text, "500 deliveries in a minute"
    assert "0 s ago" in text
    assert 'aria-label="events delivered per minute: 3 now, 5 at most"' in text


def test_the_page_of_a_bridge_that_starts_says_so() -> None:
    assert "starting" in page({})


def test_what_stands_in_the_status_cannot_become_markup() -> None:
    text = page(a_status(("ledger > reasons > filtered", {"<script>alert(1)</script>": 1})))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
