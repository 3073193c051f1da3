"""Nothing personal leaves by the side: logs, metrics, status, dead-letter headers, command output.

Records full of values that stand nowhere else go through the real program: delivered, refused by a
vendor that quotes them, broken in Kafka, sent to the dead letters. Then all output is searched.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from consumer.mapping.workbench.json_form import JsonForm
from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.poison import poison
from tests.content.make_fixtures import fixtures, load_schema
from tests.e2e.conftest import Shop
from tests.e2e.shop import ROOT, SCHEMA

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

API_KEY = "kvq7-SecretOfTheShop-9931"
PERSON = {
    "id": "CUST-zirka-558201",
    "email": "solomiya.hoverla@privat-mail.example",
    "phone": "+380671119988",
    "first_name": "Solomiya",
    "last_name": "Кручена-Зірка",
}
VISITOR = "visitor-qx77-4412-perelesnyk"
SEARCHED = "вишиванка для Перелесника"
ADDRESS = "https://shop.example.ua/search?q=perelesnyk-gown"
AGENT = "Mozilla/5.0 PerelesnykBrowser/77.1"
VALUES = (*PERSON.values(), VISITOR, SEARCHED, ADDRESS, AGENT)
SECRETS = (API_KEY, base64.b64encode(f"user:{API_KEY}".encode()).decode())
PARTS = ("hoverla", "671119988", "558201", "erelesny", "ерелесник", "Solomiya", "OfTheShop")


def spellings(value: str) -> set[str]:
    """A value as logs, pages and URLs would write it."""
    return {value, value.lower(), json.dumps(value)[1:-1], quote(value), repr(value)[1:-1]}


NEEDLES = sorted({form for value in (*VALUES, *SECRETS, *PARTS) for form in spellings(value)})


def hits(text: str) -> list[str]:
    return [needle for needle in NEEDLES if needle in text]


def test_the_search_finds_each_value_in_each_spelling() -> None:
    for value in (*VALUES, *SECRETS):
        for form in spellings(value):
            assert hits(f'{{"event": "x {form} y"}}'), form


def records() -> list[dict[str, Any]]:
    """One record of each kind, all of one person."""
    found = []
    form = JsonForm(load_schema("shop_click"))
    for file in fixtures("."):
        given = json.loads(file.read_text())
        given["visitor_id"] = VISITOR
        given["user"] = PERSON
        given["consent"] = {"marketing": True}
        given["device"] = {"platform": "Web", "user_agent": AGENT}
        if given.get("page"):
            given["page"]["url"] = ADDRESS
        if given.get("search"):
            given["search"]["query"] = SEARCHED
        found.append(form.decoded(given))
    return found


class Quoting(BaseHTTPRequestHandler):
    """A vendor that quotes what it refuses, in body, header and reason."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.asked += 1
        status = (200, 400, 200, 500, 200, 403)[server.asked % 6]
        self.send_response(status, quote(PERSON["email"]))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Quoted", quote(body[:300]))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as the base class
        """The test's own output is not searched."""


@pytest.fixture
def quoting() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quoting)
    server.asked = 0  # type: ignore[attr-defined]  # a counter of ours
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/v2/event"
    server.shutdown()
    server.server_close()


def produce(shop: Shop) -> int:
    """Good and bad records of the person; returns how many are bad."""
    write = AvroWriter(SCHEMA, shop.schema_id)
    producer = shop.kafka.producer()
    headers: list[tuple[str, str | bytes | None]] = [("person", PERSON["email"].encode())]
    for record in records():
        producer.produce(shop.clicks, write(record), VISITOR.encode(), headers=headers)
    order = next(record for record in records() if record["kind"] == "order")
    bad = [one.value for one in poison(order, write, Random(7))]
    bad.append(json.dumps(order).encode())  # not Avro, and readable
    bad.append(PERSON["email"].encode())
    for value in bad:
        producer.produce(shop.clicks, value, VISITOR.encode(), headers=headers)
    assert producer.flush(30) == 0
    return len(bad)


def command(config: Path, *arguments: str) -> str:
    """What a command prints, to both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "consumer", *arguments, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def looked_at(shop: Shop, config: Path, verb: str, kind: str) -> str:
    """What `mapping explain` or `capture` says of the record of this kind where it lies in Kafka."""
    [partition] = [n for n, end in shop.kafka.end_offsets(shop.clicks).items() if end]
    offset = [record["kind"] for record in records()].index(kind)
    where = f"{shop.clicks}:{partition}:{offset}"
    return command(config, "mapping", verb, str(shop.folder / "mapping.yaml"), "--at", where)


def differing(shop: Shop, config: Path) -> str:
    """What `mapping diff` says of a mapping that names people otherwise, over the topic's records."""
    now = shop.folder / "mapping.yaml"
    changed = shop.folder / "changed.yaml"
    text = now.read_text()
    assert text.count("  cookie: visitor_id\n") == 1
    changed.write_text(text.replace("  cookie: visitor_id\n", "  cookie: user.email\n"))
    return command(config, "mapping", "diff", str(now), str(changed), "--topic", shop.clicks)


def test_no_output_holds_anything_personal(shop: Shop, quoting: str) -> None:
    shop.sandbox.faults = FaultProfile(error=0.2, reset_after=0.1, malformed=0.1)
    mapping = (ROOT / "mappings" / "shop.yaml").read_text()
    mapping = mapping.replace("[shop.clicks]", f"[{shop.clicks}]")
    mapping = mapping.replace("../avro", str(ROOT / "avro")).replace(
        "max_age: 24h", "max_age: 9000d"
    )
    settings = shop.settings()
    (shop.folder / "key").write_text(API_KEY)
    account = settings["yespo"]["accounts"]["main"]
    account["v2"] = {"url": quoting, "api_key": f"${{file:{shop.folder / 'key'}}}"}
    settings["log"]["level"] = "debug"
    bridge = shop.bridge(**{key: settings[key] for key in ("yespo", "log")})
    (shop.folder / "mapping.yaml").write_text(mapping)
    bad = produce(shop)
    bridge.start()
    shop.wait_committed()
    letters = shop.dead_letters(bad)
    pages = {
        path: httpx.get(f"http://127.0.0.1:{bridge.port}{path}", trust_env=False, timeout=10).text
        for path in ("/", "/status", "/metrics", "/livez", "/readyz", "/startupz", "/nowhere")
    }
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    ledger = bridge.ledger
    events = ledger["events"].values()
    assert sum(event["delivered"] for event in events) > 10
    assert sum(event["dead_lettered"] for event in events) > 0, "nothing was refused"
    assert ledger["outcomes"]["dead_lettered"] >= bad

    config = bridge.folder / "bridge.yaml"
    broken = bridge.folder / "broken.yaml"
    text = json.loads(config.read_text())
    text["yespo"]["accounts"]["main"]["v2"]["api_kee"] = API_KEY
    text["kafka"]["sasl.password"] = API_KEY
    broken.write_text(json.dumps(text))
    outputs = {
        "log": bridge.log,
        "ledger": (bridge.folder / "ledger").read_text(),
        "check": command(config, "check", "--connect"),
        "config": command(config, "config"),
        "broken check": command(broken, "check"),
        "broken run": command(broken, "run"),
        "dlq ls": command(config, "dlq", "ls", "--json"),
        "dlq show": command(config, "dlq", "show", "--limit", "100", "--json"),
        "dlq replay": command(config, "dlq", "replay", "--dry-run", "--json"),
        "dry run": command(config, "run", "--dry-run", "--from", "earliest", "--json"),
        "offsets": command(config, "offsets"),
        "explain a search": looked_at(shop, config, "explain", "search"),
        "explain a registration": looked_at(shop, config, "explain", "sign_up"),
        # It keeps what only a person can know to be personal: so its help and docs/privacy.md say.
        "capture a registration": looked_at(shop, config, "capture", "sign_up").replace(
            ADDRESS, "the address"
        ),
        "diff": differing(shop, config),
        **pages,
    }
    assert "api_kee" in outputs["broken check"]
    assert "unknown_framing" in outputs["dlq ls"]
    assert outputs["dlq show"].count("unknown_framing") > 1
    assert '"eventTypeKey": "searchRequest"' in outputs["explain a search"]
    assert '"eventName": "CustomerData"' in outputs["explain a registration"]
    assert "CustomerData" in outputs["capture a registration"]
    assert "CustomerData" in outputs["diff"]
    assert "searchRequest" in outputs["dry run"]
    assert "unknown_framing" in outputs["dlq replay"]
    for name, ours in headers_of(letters):
        outputs[f"dead letter header {name}"] = outputs.get(f"dead letter header {name}", "") + ours
    for path in ("/", "/control/state"):
        outputs[f"sandbox {path}"] = httpx.get(
            shop.sandbox.url + path, trust_env=False, timeout=10
        ).text
    assert VISITOR not in outputs["sandbox /"]
    found = {name: hits(text) for name, text in outputs.items() if hits(text)}
    assert found == {}


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("answers", 7),
        pytest.param("mapping", 0, marks=pytest.mark.soak),
        pytest.param("decoding", 0, marks=pytest.mark.soak),
        pytest.param("pages", 0, marks=pytest.mark.soak),
        pytest.param("arrivals", 7, marks=pytest.mark.soak),
        pytest.param("kafka_thread", 7, marks=pytest.mark.soak),
        pytest.param("main_thread", 1, marks=pytest.mark.soak),
    ],
)
def test_a_bug_that_quotes_its_record_is_told_without_the_quotation(
    shop: Shop, place: str, code: int
) -> None:
    mapping = (ROOT / "mappings" / "shop.yaml").read_text()
    mapping = mapping.replace("[shop.clicks]", f"[{shop.clicks}]")
    mapping = mapping.replace("../avro", str(ROOT / "avro"))
    bridge = shop.bridge(
        delivery={"connect_timeout": "1s", "response_timeout": "2s", "total_timeout": "2s"},
        drain={"shutdown": "3s"},
        log={"level": "debug", "format": "json"},
    )
    (shop.folder / "mapping.yaml").write_text(mapping)
    bridge.program = ("tests.e2e.buggy", place)
    bad = produce(shop)
    bridge.start()
    outputs = {}
    reasons = set()
    if code == 0:
        shop.wait_committed()
        letters = shop.dead_letters(bad if place == "pages" else bad + len(records()))
        ours = list(headers_of(letters))
        outputs["letters"] = " ".join(value for _, value in ours)
        reasons = {value for name, value in ours if name == "yespo.dlq.reason"}
        outputs["status"] = httpx.get(
            f"http://127.0.0.1:{bridge.port}/status", trust_env=False, timeout=10
        ).text
        assert bridge.terminate()[0] == 0
    else:
        assert bridge.process is not None
        assert bridge.process.wait(60) == code
        bridge.process = None
    outputs["log"] = bridge.log
    outputs["ledger"] = (bridge.folder / "ledger").read_text()
    assert {name: hits(text) for name, text in outputs.items() if hits(text)} == {}
    assert "Quoting at tests/e2e/buggy.py:" in bridge.log, bridge.log
    assert ("internal" in reasons) is (place in {"mapping", "decoding"})


def headers_of(letters: list[Any]) -> Iterator[tuple[str, str]]:
    """The headers that we added. The others are the source's own."""
    for letter in letters:
        for name, value in letter.headers() or []:
            if name.startswith("yespo.dlq."):
                yield name, (value or b"").decode()
