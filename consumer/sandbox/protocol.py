"""HTTP/1.1 on a socket: bytes in, `Request`s to a handler, `Reply`s out in order. No routes here.

Own code instead of a framework because this server is also the sink of benchmarks and fault tests:
it must cost little per request, and must be able to break the protocol on purpose.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, Protocol, cast

import httptools

MAX_BODY = 16 * 1024 * 1024
"""Bytes. Above the largest honest request (500 past events of 20 kB); more is answered 413."""

_MAX_PIPELINED = 64


class Ending(Enum):
    """The fate of the connection after this reply."""

    KEEP = "keep"
    CLOSE = "close"  # announced by `Connection: close`
    DROP = "drop"  # closed after the answer without a word
    RESET = "reset"  # nothing is sent, the peer sees a TCP reset
    HANG = "hang"  # nothing is sent, the connection stays open


@dataclass(slots=True)
class Request:
    """One request. Header names are lower case; `number` counts requests on the connection from 1.

    `body` is empty until the whole request has been read.
    """

    method: bytes
    path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    number: int
    body: bytes = b""
    context: Any = None
    """The handler's own note, carried from `began` to `handle`."""


@dataclass(slots=True)
class Reply:
    """`head` is the status line and headers, each with its line end, without the blank line."""

    status: int
    head: bytes
    body: bytes = b""
    delay: float = 0.0
    """Seconds before the first byte."""
    pace: float = 0.0
    """Seconds over which the body is spread, byte by byte in effect; 0 sends it at once."""
    ending: Ending = Ending.KEEP


def reply(
    status: int,
    body: bytes = b"",
    content_type: str = "text/plain; charset=utf-8",
    headers: Iterable[tuple[str, str]] = (),
    ending: Ending = Ending.KEEP,
) -> Reply:
    """A well-formed reply."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    if body:
        lines.append(f"Content-Type: {content_type}")
    if status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return Reply(status, ("\r\n".join(lines) + "\r\n").encode("latin-1"), body, ending=ending)


class Handler(Protocol):
    """Decides what a request gets. Both calls run on the loop's thread and must not block."""

    def began(self, request: Request) -> Reply | None:
        """The headers are there, the body is not. A reply ends the connection without reading it."""

    def handle(self, request: Request) -> Reply:
        """The whole request is there."""

    def rejected(self, status: int, why: str) -> Reply:
        """The bytes are not HTTP, or too large. The connection closes with this reply."""


@dataclass(slots=True)
class _Incoming:
    """The request being parsed."""

    url: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    request: Request | None = None


class HttpProtocol(asyncio.Protocol):
    """One connection. Pipelined requests are answered one after the other, in order."""

    def __init__(
        self,
        handler: Handler,
        connections: set["HttpProtocol"],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._handler = handler
        self._connections = connections
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._incoming = _Incoming()
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._busy = False
        self._deaf = False
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._parser = httptools.HttpRequestParser(self)
        self._connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None
        self._deaf = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a fault of ours: never answered as if it were the client's
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end_with(self._handler.rejected(400, "this is not an HTTP/1.1 request"))
            return
        self._work()

    # -- httptools call-backs

    def on_url(self, url: bytes) -> None:
        self._incoming.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._incoming.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        self._number += 1
        incoming = self._incoming
        path, _, query = incoming.url.partition(b"?")
        method = self._parser.get_method()
        request = Request(method, path, query, incoming.headers, self._number)
        incoming.request = request
        early = self._handler.began(request)
        if early is not None:
            self._end_with(early)
        elif incoming.headers.get(b"expect", b"").lower() == b"100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        incoming = self._incoming
        if self._deaf:
            return
        incoming.size += len(chunk)
        if incoming.size > MAX_BODY:
            why = f"the body is larger than {MAX_BODY} bytes"
            self._end_with(self._handler.rejected(413, why))
            return
        incoming.chunks.append(chunk)

    def on_message_complete(self) -> None:
        incoming, self._incoming = self._incoming, _Incoming()
        if self._deaf or incoming.request is None:
            return
        chunks = incoming.chunks
        incoming.request.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._waiting.append((incoming.request, self._parser.should_keep_alive()))
        if len(self._waiting) == _MAX_PIPELINED and self._transport is not None:
            self._transport.pause_reading()

    # -- answering

    def abort(self) -> None:
        """End the connection with a TCP reset: the peer cannot take it for an orderly end."""
        self._deaf = True
        if self._transport is None:
            return
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _work(self) -> None:
        while self._waiting and not self._busy and not self._deaf:
            if len(self._waiting) == _MAX_PIPELINED and self._transport is not None:
                self._transport.resume_reading()
            request, keep_alive = self._waiting.popleft()
            answer = self._handler.handle(request)
            if not keep_alive and answer.ending is Ending.KEEP:
                answer.ending = Ending.CLOSE
            if answer.delay > 0.0:
                self._busy = True
                self._timer = self._loop.call_later(answer.delay, self._answer_late, answer)
            else:
                self._answer(answer)

    def _answer_late(self, answer: Reply) -> None:
        self._busy = False
        self._answer(answer)
        self._work()

    def _answer(self, answer: Reply) -> None:
        if answer.ending is Ending.RESET:
            self.abort()
        elif answer.ending is Ending.HANG:
            self._deaf = True
        elif answer.pace:
            self._write(_head(answer))
            self._busy = True
            self._trickle(answer, 0, self._loop.time())
        else:
            self._write(_head(answer) + answer.body)
            if answer.ending is not Ending.KEEP:
                self._close()

    def _trickle(self, answer: Reply, due: int, started: float) -> None:
        """Send the body in single bytes, so that each gap is as long as it can be."""
        self._write(answer.body[max(0, due - 1) : due])
        if due < len(answer.body):
            when = started + answer.pace * (due + 1) / len(answer.body)
            self._timer = self._loop.call_at(when, self._trickle, answer, due + 1, started)
            return
        self._busy = False
        if answer.ending is not Ending.KEEP:
            self._close()
        self._work()

    def _end_with(self, answer: Reply) -> None:
        """Answer without having read the request to its end; the rest of it is not looked at."""
        self._deaf = True
        if answer.ending is not Ending.RESET:
            answer.ending = Ending.CLOSE
        self._answer(answer)

    def _close(self) -> None:
        self._deaf = True
        if self._transport is not None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _head(answer: Reply) -> bytes:
    if answer.ending is Ending.CLOSE:
        return answer.head + b"Connection: close\r\n\r\n"
    return answer.head + b"\r\n"
