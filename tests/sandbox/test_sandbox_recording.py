"""What is recorded to a file, and that a failing disk is not the load's problem."""

import json
import os
from pathlib import Path

import pytest

from consumer.sandbox.recording import Recorder
from consumer.sandbox.server import Sandbox
from tests.sandbox.raw_http import AUTHORIZED, RawClient
from tests.sandbox.scripted import MISSING_KEY, ScriptedJudge
from tests.sandbox.vendor_bodies import CART_UPDATED, PRODUCT_PAGE

V2 = b"Content-Type: application/json\r\n" + AUTHORIZED


def test_every_request_is_one_line_with_body_and_verdict(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.jsonl"
    judge = ScriptedJudge()
    with Sandbox(judge, record=path) as sandbox, RawClient(sandbox.port) as client:
        client.post("/api/v2", PRODUCT_PAGE, V2 + b"User-Agent: Firefox\r\n")
        judge.verdict = (MISSING_KEY,)
        client.post("/api/v2/event", CART_UPDATED, V2)
        client.post("/api/v2", b"\xff", V2)
    first, second, third = (json.loads(text) for text in path.read_text().splitlines())
    assert isinstance(first.pop("at_ms"), int)
    assert first == {
        "number": 1,
        "api": "legacy",
        "account": "8A412DC",
        "event": "ProductPage",
        "status": 200,
        "taken": True,
        "repeats": None,
        "fault": None,
        "violations": [],
        "user_agent": "Firefox",
        "body": PRODUCT_PAGE.decode(),
    }
    assert (second["status"], second["taken"]) == (400, False)
    assert second["violations"] == [
        {"path": "eventTypeKey", "rule": "required", "message": "is required"}
    ]
    assert third["body"] == "\N{REPLACEMENT CHARACTER}"


def test_the_file_is_the_owners_alone_and_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.jsonl"
    for _ in range(2):
        with Sandbox(ScriptedJudge(), record=path) as sandbox, RawClient(sandbox.port) as client:
            client.post("/api/v2", PRODUCT_PAGE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_stops_the_recording_and_nothing_else() -> None:
    sandbox = Sandbox(ScriptedJudge(), record=Path("/dev/full"))
    with sandbox, RawClient(sandbox.port) as client:
        for _ in range(20):
            assert client.post("/api/v2", PRODUCT_PAGE).status == 200
        assert sandbox.totals.requests == 20
    assert sandbox.recorder is not None
    assert sandbox.recorder.failed == "No space left on device"
    assert sandbox.recorder.dropped == 20


def test_more_than_the_disk_can_take_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # a reader that reads nothing
    monkeypatch.setattr("consumer.sandbox.recording._WAITING", 100)
    with Sandbox(ScriptedJudge(), keep=10) as sandbox, RawClient(sandbox.port) as client:
        client.post("/api/v2", PRODUCT_PAGE + b" " * 10_000)
        [one] = sandbox.received
    recorder = Recorder(fifo)
    # The pipe holds 64 kB, a batch of these more than that: the thread stands still in its write.
    for _ in range(1_000):
        recorder.record(one)
    assert 0 < recorder.dropped < 1_000
    os.set_blocking(reader, True)
    lines = 0
    while lines < 1_000 - recorder.dropped:
        lines += os.read(reader, 65536).count(b"\n")
    recorder.close()
    os.close(reader)
    assert lines == 1_000 - recorder.dropped
