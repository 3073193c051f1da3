"""What a server can do to a client, and what each client must say of it."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trustme

from consumer.clock import SystemClock
from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.http.pool import Limits
from tests.delivery import fault_server as server

OK = server.answer("200 OK", b"{}")
PATIENT = Limits(
    connect_timeout=20.0,
    response_timeout=20.0,
    total_timeout=20.0,
    connection_age=60.0,
    keepalive=30.0,
)
"""For whatever ends by itself: a machine that stands still for a while changes nothing."""
IMPATIENT = Limits(
    connect_timeout=0.3,
    response_timeout=0.2,
    total_timeout=0.4,
    connection_age=60.0,
    keepalive=30.0,
)
"""For what a time-out ends."""
TIMED = frozenset({"a body that never ends", "no answer", "a head that trickles"})
"""The cases below that a time-out ends."""
TIMED_BY_HTTPX = TIMED | {"not HTTP", "a head without end"}
"""httpx goes on waiting for the head to end where the pool sees that none will come."""


HTML = b"<html>busy</html>"

ANSWERS: list[tuple[str, server.Act, Answer, bool]] = [
    # name, what the server does, what the client says, whether the connection serves on
    ("200 with garbage", server.answer("200 OK", b"\x00\xff no json"), Answer(200), True),
    ("204", server.raw(b"HTTP/1.1 204 No Content\r\n\r\n"), Answer(204), True),
    (
        "chunked",
        server.pieces(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n"
        ),
        Answer(200),
        True,
    ),
    (
        "head and body in single bytes",
        server.pieces(
            *[bytes([b]) for b in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], gap=0.001
        ),
        Answer(200),
        True,
    ),
    (
        "connection: close",
        server.answer("200 OK", b"{}", "Connection: close\r\n"),
        Answer(200),
        False,
    ),
    (
        "HTTP/1.0 body up to the end of the connection",
        server.raw_then_close(b"HTTP/1.0 200 OK\r\n\r\nhello"),
        Answer(200),
        False,
    ),
    (
        "reset after the head",
        server.raw_then_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"),
        Answer(200),
        False,
    ),
    (
        "chunks that break off",
        server.raw_then_close(b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        Answer(503, None, "", b"hel"),
        False,
    ),
    (
        "garbage after the head",
        server.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Answer(200),
        False,
    ),
    (
        "301",
        server.answer("301 Moved", b"", "Location: http://127.0.0.1:1/\r\n"),
        Answer(301),
        True,
    ),
    ("400 with text", server.answer("400 Bad", b"why"), Answer(400, None, "", b"why"), True),
    ("401", server.answer("401 Unauthorized"), Answer(401), True),
    ("403", server.answer("403 Forbidden"), Answer(403), True),
    ("404", server.answer("404 Not Found"), Answer(404), True),
    ("405", server.answer("405 Method Not Allowed"), Answer(405), True),
    ("409", server.answer("409 Conflict"), Answer(409), True),
    ("413", server.answer("413 Too Large"), Answer(413), True),
    ("415", server.answer("415 Media"), Answer(415), True),
    ("429", server.answer("429 Too Many"), Answer(429), True),
    ("408", server.answer("408 Request Timeout"), Answer(408), True),
    ("422", server.answer("422 Unprocessable"), Answer(422), True),
    ("500", server.answer("500 Oops"), Answer(500), True),
    ("502", server.answer("502 Bad Gateway"), Answer(502), True),
    ("504", server.answer("504 Gateway Timeout"), Answer(504), True),
    (
        "429 with seconds",
        server.answer("429 Too Many", b"x", "RETRY-AFTER:  7 \r\n"),
        Answer(429, None, "7", b"x"),
        True,
    ),
    (
        "429 with a date",
        server.answer("429 Slow", b"", "Retry-After: Fri, 21 Nov 2025 10:00:00 GMT\r\n"),
        Answer(429, None, "Fri, 21 Nov 2025 10:00:00 GMT"),
        True,
    ),
    (
        "Retry-After in the body is none",
        server.answer("503 No", b"\r\nRetry-After: 9\r\n"),
        Answer(503, None, "", b"\r\nRetry-After: 9\r\n"),
        True,
    ),
    (
        "HTML 503",
        server.answer("503 No", HTML, "Content-Type: text/html\r\n"),
        Answer(503, None, "", HTML),
        True,
    ),
    (
        "a large error is cut",
        server.answer("500 Oops", b"x" * 20_000),
        Answer(500, None, "", b"x" * 4096),
        True,
    ),
    (
        "a flood of body",
        server.answer("200 OK", b"x" * 1_000_000),
        Answer(200),
        False,
    ),
    (
        "a body that never ends",
        server.pieces(b"HTTP/1.1 502 No\r\nContent-Length: 9\r\n\r\nx", gap=9),
        Answer(502, None, "", b"x"),
        False,
    ),
    (
        "100 before the answer",
        server.pieces(
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
        ),
        Answer(429, None, "3"),
        True,
    ),
    (
        "100 and 103 with the answer in one piece",
        server.raw(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        ),
        Answer(200),
        True,
    ),
    (
        "two answers for one request",
        server.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2),
        Answer(200),
        False,
    ),
    ("reset before the answer", server.reset, Answer(0, Fault.RESET_BEFORE_ANSWER), False),
    ("closed before the answer", server.close, Answer(0, Fault.RESET_BEFORE_ANSWER), False),
    (
        "closed in the head",
        server.raw_then_close(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Answer(0, Fault.RESET_IN_ANSWER),
        False,
    ),
    (
        "closed after 100",
        server.raw_then_close(b"HTTP/1.1 100 Continue\r\n\r\n"),
        Answer(0, Fault.RESET_IN_ANSWER),
        False,
    ),
    ("not HTTP", server.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Answer(0, Fault.MALFORMED), False),
    (
        "switching protocols",
        server.raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        Answer(0, Fault.MALFORMED),
        False,
    ),
    (
        "a head without end",
        server.raw(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: aaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 2000),
        Answer(0, Fault.OVERSIZED),
        False,
    ),
    ("no answer", server.silence, Answer(0, Fault.RESPONSE_TIMEOUT), False),
    (
        "a head that trickles",
        server.pieces(*[bytes([b]) for b in b"HTTP/1.1 200 OK\r\nContent-Length: 0"], gap=0.05),
        Answer(0, Fault.RESPONSE_TIMEOUT),
        False,
    ),
]


class JumpingClock(SystemClock):
    """The real time, and what the test adds to it: time-outs pass without being waited for, and
    never because the machine stood still."""

    added = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.added


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a client signals nothing to wait for
            await asyncio.sleep(0.005)


@contextmanager
def unused_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


@contextmanager
def unanswering_port(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A listener whose queue is full: the system lets further SYNs go unanswered."""
    with socket.socket() as listener:
        listener.bind((host, port))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        try:
            yield address[1]
        finally:
            for filler in fillers:
                filler.close()
