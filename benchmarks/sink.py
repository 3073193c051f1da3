"""A vendor that costs next to nothing: answers every POST with 200, in a process of its own.

    python -m benchmarks.sink          prints its port, then takes one JSON command a line

A bare epoll loop, since a framework's cost per request would be what the fast contenders are measured
by. One run begins with `begin` and ends with the `target`-th request; `report` tells of it:

    {"begin": {"target": 100000, "delay": 0.05, "look": "order"}}
    {"watch": 4711}                    whose CPU is read at the first and the last request
    {"report": true}

`look` is what is read out of each body: `order` holds each visitor's events against the order in which
they were produced, `arrival` notes when each event came, null reads nothing.
"""

import json
import os
import re
import select
import socket
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_LENGTH = b"ength: "
_VISITOR = re.compile(rb'"sc": ?"([^"]+)"')
_EVENT = re.compile(rb'"event": ?\["(\d+)"')


@dataclass
class Run:
    """Times are wall-clock seconds, CPU is seconds of the watched process and of the sink itself."""

    target: int = 0
    delay: float = 0.0
    look: str | None = None
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    cpu_first: float = 0.0
    cpu_last: float = 0.0
    sink_first: float = 0.0
    sink_last: float = 0.0
    most_at_once: int = 0
    overtaken: int = 0
    """Events that came, for the first time, after a later one of the same visitor."""
    repeated: int = 0
    unread: int = 0
    """Bodies in which what is looked for was not found."""
    arrivals: dict[int, float] = field(default_factory=dict)
    """By number of the event."""


class Sink:
    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._server.setblocking(False)
        self.port = self._server.getsockname()[1]
        self._epoll = select.epoll()
        self._clients: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        self._due: deque[tuple[float, int, socket.socket]] = deque()
        self._newest: dict[bytes, bytes] = {}
        self._seen: set[bytes] = set()
        self._run = Run()
        self._watched: int | None = None

    def serve(self) -> None:
        self._epoll.register(self._server.fileno(), select.EPOLLIN)
        self._epoll.register(0, select.EPOLLIN)
        server, clients = self._server.fileno(), self._clients
        while True:
            for number, _ in self._epoll.poll(self._wait()):
                client = clients.get(number)
                if client is not None:
                    self._read(number, client)
                elif number == server:
                    self._accept()
                elif not self._command():
                    return
            while self._due and self._due[0][0] <= time.monotonic():
                _, number, client = self._due.popleft()
                if clients.get(number) is client:
                    self._answer(number, client)

    def _wait(self) -> float:
        """Seconds until the next answer is due, in whole milliseconds as epoll has them: rounded down,
        and the rest is spun away. Rounded up, a vendor of 50 ms would take 51."""
        if not self._due:
            return -1.0
        return max(0, int((self._due[0][0] - time.monotonic()) * 1000)) / 1000

    def _accept(self) -> None:
        client, _ = self._server.accept()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[client.fileno()] = client
        self._epoll.register(client.fileno(), select.EPOLLIN)

    def _read(self, number: int, client: socket.socket) -> None:
        try:
            data = client.recv(65_536)  # more than 128 KiB would be mapped and unmapped each time
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._forget(number, client)
            return
        if self._partial and number in self._partial:
            data = self._partial.pop(number) + data
        while data:
            head = data.find(b"\r\n\r\n")
            at = data.rfind(_LENGTH, 0, head) + len(_LENGTH)
            size = head + 4 + int(data[at : data.find(b"\r", at)]) if head > 0 else len(data) + 1
            if len(data) < size:
                self._partial[number] = data
                return
            self._request(number, client, data if len(data) == size else data[:size])
            data = data[size:] if len(data) > size else b""

    def _request(self, number: int, client: socket.socket, data: bytes) -> None:
        run = self._run
        run.count += 1
        if run.count == 1:
            run.first, run.cpu_first, run.sink_first = time.time(), self._cpu(), time.process_time()
        if run.look is not None:
            self._look(data)
        if run.delay:
            self._due.append((time.monotonic() + run.delay, number, client))
            run.most_at_once = max(run.most_at_once, len(self._due))
        else:
            self._answer(number, client)
        if run.count == run.target:
            run.last, run.cpu_last, run.sink_last = time.time(), self._cpu(), time.process_time()

    def _look(self, data: bytes) -> None:
        run = self._run
        event = _EVENT.search(data)
        visitor = _VISITOR.search(data) if run.look == "order" else None
        if event is None or (run.look == "order" and visitor is None):
            run.unread += 1
            return
        if visitor is None:
            run.arrivals[int(event[1])] = time.time()
            return
        if event[1] in self._seen:
            run.repeated += 1
        elif event[1] < self._newest.get(visitor[1], b""):
            run.overtaken += 1
        else:
            self._newest[visitor[1]] = event[1]
        self._seen.add(event[1])

    def _answer(self, number: int, client: socket.socket) -> None:
        try:
            client.send(ANSWER)
        except ConnectionError:
            self._forget(number, client)

    def _forget(self, number: int, client: socket.socket) -> None:
        self._partial.pop(number, None)
        if self._clients.pop(number, None) is not None:
            self._epoll.unregister(number)
            client.close()

    def _cpu(self) -> float:
        """Seconds of CPU of the watched process with its threads, to the nanosecond: /proc counts in
        ticks of 10 ms, which is a tenth of the least that is measured."""
        if self._watched is None:
            return 0.0
        return time.clock_gettime(
            ~self._watched << 3 | 2
        )  # as clock_getcpuclockid(3) of Linux has it

    def _command(self) -> bool:
        line = os.read(0, 65_536)
        if not line:
            return False
        command: dict[str, Any] = json.loads(line)
        answer: dict[str, Any] = {}
        if "begin" in command:
            self._run, self._watched = Run(**command["begin"]), None
            self._newest, self._seen = {}, set()
        elif "watch" in command:
            self._watched = int(command["watch"])
            if self._run.count:
                self._run.cpu_first = self._cpu()
        elif "count" in command:
            answer = {"count": self._run.count, "over": self._run.last > 0}
        else:
            answer = asdict(self._run)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        return True


def main() -> None:
    sink = Sink()
    print(sink.port, flush=True)
    sink.serve()


if __name__ == "__main__":
    main()
