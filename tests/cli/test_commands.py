"""The commands as a person types them: what they print and how they end."""

import asyncio
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from consumer.cli.main import COMMANDS, cli
from consumer.config.load import load
from consumer.errors import ConfigError
from consumer.sandbox.server import Sandbox
from consumer.source.properties import refused as properties_refused
from consumer.startup.setup import read_mapping
from consumer.yespo.judge import judge

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CONFIGURATION = """\
kafka: {bootstrap.servers: "localhost:9092", group.id: yespo-bridge, sasl.password: "${env:SASL}"}
registry: {url: "http://localhost:8081"}
mappings: [mappings/shop.yaml]
yespo: {accounts: {main: {legacy: {site_id: 8A412DC}, v2: {api_key: "${env:YESPO_API_KEY}"}}}}
dead_letters: {topic: shop.clicks.yespo-dlq}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mappings").symlink_to(ROOT / "mappings")
    (tmp_path / "avro").symlink_to(ROOT / "avro")
    file = tmp_path / "bridge.yaml"
    file.write_text(CONFIGURATION)
    monkeypatch.setenv("YESPO_API_KEY", "the-api-key-itself")
    monkeypatch.setenv("SASL", "the-password-itself")
    return file


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_the_program_starts_without_loading_kafka_for_its_help() -> None:
    program = "import sys, consumer.cli.main; sys.exit('confluent_kafka' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_sigterm_during_start_ends_the_program_even_as_process_one() -> None:
    program = (
        "import os, signal, consumer.cli.main as m\n"
        "m.cli = lambda **_: os.kill(os.getpid(), signal.SIGTERM)\n"
        "m.main()\n"
        "print('went on')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (143, "")


def test_check_accepts_the_shipped_mappings(config: Path) -> None:
    result = CliRunner().invoke(cli, ["check", "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert "ok       mappings: 12 rules" in result.output


def test_check_names_every_mistake_at_once_with_its_line(config: Path) -> None:
    text = CONFIGURATION.replace("registry:", "registri:").replace("YESPO_API_KEY", "NOBODY_SET")
    config.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "check", "--config", str(config)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SASL": "x"},
        check=False,
    )
    assert done.returncode == 3
    assert f"{config}:2:1  unknown key `registri`" in done.stderr
    assert "did you mean `registry`?" in done.stderr
    assert "the environment variable `NOBODY_SET` is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("topics", ["^shop.clicks", "^shop\\\\..*", "shop.clicks.yespo-dlq"])
def test_a_dead_letter_topic_that_a_mapping_reads_or_may_read_is_refused(
    config: Path, topics: str
) -> None:
    text = (ROOT / "mappings" / "shop.yaml").read_text()
    changed = text.replace("topics: [shop.clicks]", f'topics: ["{topics}"]')
    assert changed != text
    changed = changed.replace("../avro", str(ROOT / "avro"))
    (config.parent / "own.yaml").write_text(changed)
    config.write_text(CONFIGURATION.replace("mappings/shop.yaml", "own.yaml"))
    with pytest.raises(ConfigError) as refused:
        CliRunner().invoke(cli, ["check", "--config", str(config)], catch_exceptions=False)
    found = str(refused.value)
    assert found.startswith(f"{config}:5:23  `shop.clicks.yespo-dlq` is also ")
    assert "each dead letter would come back as a record" in found
    assert "name a topic that no mapping reads" in found
    # a reload, which has no file of settings at hand, refuses it likewise
    settings = load(config, os.environ, properties_refused)
    attempt = read_mapping(settings, ask_registry=False)
    assert attempt.unit is None
    assert "dead_letters.topic: `shop.clicks.yespo-dlq` is also " in attempt.findings


def test_check_reports_a_key_it_cannot_verify_as_unknown_and_dead_ends_as_failed(
    config: Path,
) -> None:
    nobody = CONFIGURATION.replace("localhost:9092", "127.0.0.1:1")
    nobody = nobody.replace("localhost:8081", "127.0.0.1:1")
    nobody = nobody.replace("8A412DC}", '8A412DC, url: "http://127.0.0.1:1/api/v2"}')
    nobody = nobody.replace("v2: {", 'v2: {url: "http://127.0.0.1:1/api/v2/event", ')
    config.write_text(nobody)
    result = CliRunner().invoke(cli, ["check", "--connect", "--json", "--config", str(config)])
    assert result.exit_code == 1, result.output
    found = {one["name"]: one["state"] for one in json.loads(result.stdout)["connections"]}
    assert found == {
        "kafka": "failed",
        "group": "failed",
        "dead letters": "failed",
        "registry": "failed",
        "main/legacy": "failed",
        "main/v2": "failed",
        "main/past_events": "failed",
        "main/v2 api_key": "unknown",
    }


@pytest.mark.parametrize(
    ("key", "state", "says"),
    [
        ("sandbox-key", "ok", "the vendor knows it"),
        ("wrong", "failed", "the vendor does not know it (401)"),
    ],
)
def test_check_asks_whether_the_vendor_knows_the_key(
    config: Path, monkeypatch: pytest.MonkeyPatch, key: str, state: str, says: str
) -> None:
    monkeypatch.setenv("YESPO_API_KEY", key)
    with Sandbox(judge) as sandbox:
        found = vendor(config, CONFIGURATION.replace("v2: {", f'v2: {{url: "{sandbox.v2_url}", '))
        assert sandbox.totals.requests == 0
    assert found["v2 api_key"][0] == state
    assert found["v2 api_key"][1].startswith(says)


def test_a_key_without_the_right_to_ask_stays_unknown(config: Path) -> None:
    with answering(b"403 Forbidden") as (port, lines):
        url = f'v2: {{url: "http://127.0.0.1:{port}/api/v2/event", '
        found = vendor(config, CONFIGURATION.replace("v2: {", url))
    assert found["v2 api_key"] == (
        "unknown",
        "the vendor answers 403 to a question about the account",
    )
    assert b"GET /api/v1/account/info HTTP/1.1\r\n" in lines


@pytest.mark.parametrize(("typed", "meant"), [("chek", "check"), ("ofsets", "offsets")])
def test_a_mistyped_command_gets_a_suggestion(typed: str, meant: str) -> None:
    result = CliRunner().invoke(cli, [typed])
    assert result.exit_code == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'?" in result.output


def test_the_help_is_grouped_and_names_every_command_once() -> None:
    lines = CliRunner().invoke(cli, ["--help"]).output.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and line.split()]
    assert [name for name in names if name in COMMANDS] == list(COMMANDS)
    assert {"Begin:", "Run:", "Mend:", "Try:"} <= set(lines)


@contextmanager
def answering(status: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives every request this answer; its port, and the requests' first lines."""
    lines: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    ready: queue.Queue[tuple[int, Callable[[], object]]] = queue.Queue()

    async def listen() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        port = server.sockets[0].getsockname()[1]
        ready.put((port, lambda: loop.call_soon_threadsafe(over.set)))
        await over.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(listen()), daemon=True)
    thread.start()
    port, stop = ready.get(timeout=20)
    yield port, lines
    stop()
    thread.join(20)


def hosts(config: Path, text: str) -> dict[str, tuple[str, str]]:
    """What `check --connect` says of the vendor's hosts; Kafka and registry fail at once."""
    found = vendor(config, text)
    return {name: one for name, one in found.items() if "api_key" not in name}


def vendor(config: Path, text: str) -> dict[str, tuple[str, str]]:
    """The same, with what it says of the keys."""
    text = text.replace("localhost:8081", "127.0.0.1:1").replace(
        "sasl.password:", "security.protocol: ssl, ssl.ca.location: /nowhere, sasl.password:"
    )
    config.write_text(text)
    result = CliRunner().invoke(cli, ["check", "--connect", "--json", "--config", str(config)])
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)["connections"]
    return {
        one["name"].removeprefix("main/"): (one["state"], one["text"])
        for one in found
        if one["name"].startswith("main/")
    }


def test_check_asks_the_vendors_hosts_without_sending_an_event(config: Path) -> None:
    with Sandbox(judge) as yespo:
        text = CONFIGURATION.replace("8A412DC}", f"8A412DC, url: {yespo.legacy_url}}}")
        text = text.replace("v2: {", f"v2: {{url: {yespo.v2_url}, ")
        answers = ("ok", "127.0.0.1 answers over plain HTTP")
        assert hosts(config, text) == {"legacy": answers, "v2": answers, "past_events": answers}
        assert yespo.received == []


def test_check_goes_through_the_proxy_and_believes_what_it_says(config: Path) -> None:
    """A connection to the proxy, or to the sidecar of a mesh, stands whatever is behind it."""
    with answering(b"204 No Content") as (port, lines), answering(b"503 No") as (broken, _):
        text = CONFIGURATION.replace("8A412DC}", '8A412DC, url: "http://tracker.example/api/v2"}')
        text = text.replace("v2: {", 'v2: {url: "http://yespo.example/api/v2/event", ')
        through = f"delivery: {{client: httpx, proxy: 'http://127.0.0.1:{port}'}}\n"
        assert hosts(config, text + through) == {
            "legacy": ("ok", "tracker.example answers over plain HTTP"),
            "v2": ("ok", "yespo.example answers over plain HTTP"),
            "past_events": ("ok", "yespo.example answers over plain HTTP"),
        }
        assert sorted(lines) == [
            b"GET http://yespo.example/api/v1/account/info HTTP/1.1\r\n",
            b"OPTIONS http://tracker.example/api/v2 HTTP/1.1\r\n",
            b"OPTIONS http://yespo.example/api/v2/event HTTP/1.1\r\n",
            b"OPTIONS http://yespo.example/api/v2/past_events HTTP/1.1\r\n",
        ]
        found = hosts(config, text + through.replace(str(port), str(broken)))
        assert found["legacy"] == (
            "failed",
            "tracker.example is not reached: something before it answers 503",
        )


@pytest.mark.parametrize("arguments", [["config"], ["config", "--json"]])
def test_config_shows_everything_but_secrets(config: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, [*arguments, "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert "max_in_flight" in result.output
    assert "itself" not in result.output


def test_config_schema_is_json_schema() -> None:
    result = CliRunner().invoke(cli, ["config", "schema"])
    assert json.loads(result.output)["$schema"].startswith("https://json-schema.org/")


def test_mapping_check_and_test_pass_for_what_is_shipped() -> None:
    mappings = [str(path) for path in sorted((ROOT / "mappings").glob("*.yaml"))]
    cases = [str(path) for path in sorted((ROOT / "mappings" / "tests").glob("*.yaml"))]
    checked = CliRunner().invoke(cli, ["mapping", "check", "--strict", *mappings])
    assert checked.exit_code == 0, checked.output
    tested = CliRunner().invoke(cli, ["mapping", "test", "--every-rule", *cases])
    assert tested.exit_code == 0, tested.output
    assert "cases passed" in tested.output


def test_mapping_check_ends_with_3_and_the_finding(tmp_path: Path) -> None:
    mapping = (ROOT / "mappings" / "shop.yaml").read_text()
    mapping = mapping.replace("../avro", str(ROOT / "avro"))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(mapping.replace("product.sku", "product.skuu"))
    result = CliRunner().invoke(cli, ["mapping", "check", str(wrong)])
    assert result.exit_code == 3
    assert "did you mean `product.sku`?" in result.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("sandbox", "--port", "99999"), "99999 is not in the range 0<=x<=65535"),
        (("sandbox", "--port", "-1"), "-1 is not in the range 0<=x<=65535"),
        (("sandbox", "--keep", "-1"), "-1 is not in the range x>=0"),
        (("demo", "--port", "99999"), "99999 is not in the range 0<=x<=65535"),
        (("demo", "--sandbox-port", "99999"), "99999 is not in the range 0<=x<=65535"),
        (("demo", "--events", "-5"), "-5 is not in the range x>=0"),
        (("demo", "--rate", "-1"), "-1.0 is not in the range x>=0"),
        (("demo", "--rate", "nan"), "nan is not a number of events"),
        (
            ("dlq", "replay", "--config", "none.yaml", "--rate", "nan"),
            "nan is not a number of events",
        ),
    ],
)
def test_a_number_out_of_bounds_is_wrong_usage(arguments: tuple[str, ...], why: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert why in " ".join(result.output.split())


def test_config_without_a_file_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YESPO_BRIDGE_CONFIG", raising=False)
    result = CliRunner().invoke(cli, ["config"])
    assert result.exit_code == 2
    assert "name the configuration file with --config" in result.output


@pytest.mark.parametrize("place", ["x", "1@", "@2", "²@1"])
def test_a_dead_letter_named_wrongly_is_wrong_usage(config: Path, place: str) -> None:
    result = CliRunner().invoke(cli, ["dlq", "show", "--config", str(config), place])
    assert result.exit_code == 2
    assert f"{place}: write PARTITION@OFFSET" in result.output
