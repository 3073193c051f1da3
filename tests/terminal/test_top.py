"""`top` and `tap` over HTTP: what a person sees, on a terminal and redirected."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from consumer.cli.main import cli
from consumer.observability.verdict import Verdict
from consumer.terminal.replicas import is_well, table
from tests.observability.statuses import a_status


def ill() -> dict[str, Any]:
    verdict = Verdict()
    status = a_status(("endpoints > main/v2 > state", "down"))
    status["endpoints"]["main/v2"]["last_error"] = "503"
    verdict.update(status, 0.0)
    return {**status, "verdict": verdict.plain()}


@contextmanager
def answering(body: object, code: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_replicas_stand_side_by_side_with_what_is_wrong() -> None:
    with answering(a_status()) as well, answering(ill()) as bad:
        result = CliRunner().invoke(cli, ["top", "--once", well, f"http://{bad}/"])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[1].split() == [well, "ok", "2", "0.2", "10.0", "16.7", "0", "0%"]
    assert lines[2].split()[1] == "stopped"
    assert f"{bad}: main/v2 does not answer, or only with errors" in result.output
    assert "since 1970-01-01T00:00:00Z, last answer 503" in result.output
    assert "docs/runbooks/YespoBridgeEndpointDown.md" in result.output
    assert "\x1b" not in result.output


def test_all_is_well_where_it_is() -> None:
    with answering(a_status()) as well:
        result = CliRunner().invoke(cli, ["top", "--once", well])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "All is well.")


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [({}, 200, "starting"), ([], 200, "starting"), ({}, 500, "answers 500")],
)
def test_a_replica_that_says_nothing_is_not_well(body: object, code: int, said: str) -> None:
    with answering(body, code) as replica:
        result = CliRunner().invoke(cli, ["top", "--once", replica])
    assert result.exit_code == 1
    assert said in result.output
    assert "All is well." not in result.output


def test_nobody_there_is_said_in_words() -> None:
    result = CliRunner().invoke(cli, ["top", "--once", "http://127.0.0.1:1", "http://[::1"])
    assert result.exit_code == 1
    assert "does not answer (ConnectError)" in result.output
    assert "does not answer (InvalidURL)" in result.output


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_a_terminal_with_and_without_colours(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"http://bridge-0.shop.svc:9108": a_status(), "http://bridge-1.shop.svc:9108": ill()}
    assert not is_well(found)
    for name, colours in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", name)
        console = Console(width=width, force_terminal=True, color_system="standard")
        with console.capture() as captured:
            console.print(table(found))
        text = captured.get()
        assert ("\x1b[1;31m" in text) is colours
        plain = Console(width=width)
        with plain.capture() as captured:
            plain.print(table(found))
        assert all(len(line) <= width for line in captured.get().splitlines())


def test_tap_prints_records_and_their_events() -> None:
    record = {
        "record": "shop.clicks/0@7",
        "timestamp_ms": 1,
        "bytes": 1234,
        "events": [
            {
                "endpoint": "main/v2",
                "event": "cartUpdated",
                "rule": "cart",
                "person": "email #1f2e",
                "body": '{\n  "a": 1\n}',
            }
        ],
        "filtered": None,
        "failed": None,
    }
    failed = {"stage": "decode", "reason": "truncated", "detail": "the record ends early"}
    others = [
        {**record, "events": [], "filtered": "no_rule"},
        {**record, "events": [], "failed": failed},
    ]
    with answering([record, *others]) as bridge:
        result = CliRunner().invoke(cli, ["tap", "-n", "3", bridge])
        as_json = CliRunner().invoke(cli, ["tap", "-n", "4", "--json", bridge])
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "shop.clicks/0@7  1,234 bytes",
        "  main/v2 cartUpdated by rule cart",
        "    email #1f2e",
        "    {",
        '      "a": 1',
        "    }",
        "shop.clicks/0@7  1,234 bytes",
        "  filtered: no_rule",
        "shop.clicks/0@7  1,234 bytes",
        "  dead letter: decode, truncated: the record ends early",
    ]
    assert [json.loads(line) for line in as_json.output.splitlines()] == [record, *others, record]


def test_tap_says_so_where_no_bridge_answers() -> None:
    result = CliRunner().invoke(cli, ["tap", "http://127.0.0.1:1"])
    assert result.exit_code == 1
    assert "does not answer (ConnectError)" in result.output
