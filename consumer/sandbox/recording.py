"""Writes what arrives to a file, one JSON object per line, from a thread of its own.

The load is never held up: where the disk cannot follow, lines are dropped and counted.
"""

import os
import queue
import threading
from pathlib import Path

import orjson
import structlog

from consumer.errors import SetupError
from consumer.sandbox.store import Received

_WAITING = 50_000
_BATCH = 1_000

log = structlog.get_logger()


class Recorder:
    """Opens `path` for appending, readable by its owner only: bodies are recorded as they came."""

    def __init__(self, path: Path) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise SetupError(f"cannot record to {path}: {error.strerror}") from error
        self.path = path
        self.dropped = 0
        self.failed = ""
        self._handle = handle
        self._queue: queue.Queue[Received | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="sandbox-recorder", daemon=True)
        self._thread.start()

    def record(self, received: Received) -> None:
        """Take a request; returns at once."""
        if self.failed:
            self.dropped += 1
            return
        try:
            self._queue.put_nowait(received)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what is waiting and close the file. Blocks."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._batch()
            try:
                self._write(b"".join(batch))
            except OSError as error:
                if not self.failed:
                    log.warning("recording stopped", path=str(self.path), reason=error.strerror)
                self.failed = error.strerror or "write failed"
                self.dropped += len(batch)
        os.close(self._handle)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def _batch(self) -> tuple[list[bytes], bool]:
        lines: list[bytes] = []
        one = self._queue.get()
        while one is not None:
            lines.append(line(one))
            if len(lines) == _BATCH:
                return lines, False
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                return lines, False
        return lines, True


def line(received: Received) -> bytes:
    """One recorded request. `body` is text; bytes that are not UTF-8 show as U+FFFD."""
    return orjson.dumps(
        {
            "number": received.number,
            "at_ms": received.at_ms,
            "api": received.api,
            "account": received.account,
            "event": received.event,
            "status": received.status,
            "taken": received.taken,
            "repeats": received.repeats,
            "fault": received.fault or None,
            "violations": [
                {"path": found.path, "rule": found.rule, "message": found.message}
                for found in received.violations
            ],
            "user_agent": received.user_agent,
            "body": received.body.decode(errors="replace"),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
