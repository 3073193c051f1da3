"""One HTTP/1.1 connection: at most one request at a time, answered by call-back.

The answer counts as soon as its head is complete: the vendor has decided by then, so a body that
breaks off, trickles or floods changes nothing but the fate of the connection.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from consumer.delivery.http.answer import BODY_KEPT, Answer, Fault
from consumer.delivery.http.encodings import plain

HEAD_LIMIT = 32 * 1024
"""Bytes of an answer's head (interim answers included). Common servers stop at 8 KiB."""
BODY_LIMIT = 64 * 1024
"""Bytes of a body worth reading to keep a connection; beyond that a new one is cheaper."""

_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*([^\r\n]{0,64})", re.IGNORECASE)
_CONTENT_ENCODING = re.compile(rb"\r\ncontent-encoding:[ \t]*([^\r\n]{0,64})", re.IGNORECASE)
_SUCCESS = {status: Answer(status) for status in range(200, 300)}


def _header(pattern: re.Pattern[bytes], raw: bytes) -> str:
    """A header out of an answer's first bytes: interim heads, head, perhaps some body. Empty if none."""
    while raw.startswith(b"HTTP/1.1 1"):
        raw = raw.partition(b"\r\n\r\n")[2]
    found = pattern.search(raw.partition(b"\r\n\r\n")[0])
    return found[1].decode("latin-1").strip() if found else ""


class HttpExchange:
    """One POST on its way through the pool."""

    __slots__ = ("answered", "body", "connection", "dropped", "repeated", "started", "user_agent")

    def __init__(
        self,
        body: bytes,
        user_agent: str | None,
        answered: Callable[[Answer], None],
        started: float,
    ) -> None:
        self.body = body
        self.user_agent = user_agent
        self.answered = answered
        self.started = started
        self.connection: Connection | None = None
        self.repeated = False
        self.dropped = False

    def abort(self) -> None:
        self.dropped = True
        if self.connection is not None and self.connection.carries(self):
            self.connection.abort()


class ConnectionOwner(Protocol):
    """The calls that a connection makes to its pool."""

    def usable(self, connection: "Connection") -> None:
        """The connection can take the next request."""

    def gone(self, connection: "Connection") -> None:
        """The connection will take no more requests (it may be called twice)."""

    def unsent(self, exchange: HttpExchange) -> None:
        """The connection broke before the request was written whole."""


class Connection(asyncio.Protocol):
    """The protocol of one transport. Owned by a pool; `opened` and `idle_since` are monotonic s."""

    __slots__ = (
        "_body",
        "_complete",
        "_eof",
        "_exchange",
        "_head",
        "_head_done",
        "_keep_alive",
        "_owner",
        "_parser",
        "_received",
        "_success_kept",
        "_surplus",
        "_tls",
        "_transport",
        "_written",
        "idle_since",
        "opened",
    )

    def __init__(
        self, owner: ConnectionOwner, now: float, *, tls: bool, success_kept: int = 0
    ) -> None:
        """`success_kept`: bytes kept of a success's body."""
        self._owner = owner
        self._success_kept = success_kept
        self._tls = tls
        self._transport: asyncio.Transport | None = None
        self._exchange: HttpExchange | None = None
        self._eof = False
        self.opened = now
        self.idle_since = now
        self._written = now
        self._forget_answer()

    @property
    def busy(self) -> bool:
        return self._exchange is not None

    @property
    def closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def carries(self, exchange: HttpExchange) -> bool:
        return self._exchange is exchange

    def send(self, exchange: HttpExchange, request: bytes, now: float) -> None:
        """Write a whole request. The connection must be neither busy nor closing."""
        assert self._transport is not None
        assert self._exchange is None
        self._exchange = exchange
        exchange.connection = self
        self._written = now
        self._transport.write(request)

    def check(self, now: float, response_timeout: float, total_timeout: float) -> None:
        """End an exchange that has taken too long."""
        exchange = self._exchange
        if exchange is None or self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._written = now  # the answer's time runs from the last byte of the request
        late = now - exchange.started >= total_timeout
        if late and self._head_done:
            self._answer()
        elif late or (not self._head_done and now - self._written >= response_timeout):
            self._fail(Fault.RESPONSE_TIMEOUT)

    def abort(self) -> None:
        """Close at once, unsent bytes and all, without a word to the exchange."""
        self._exchange = None
        self._owner.gone(self)
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without inheriting from it.
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:  # an answer nobody asked for: whatever follows is not ours
            self.abort()
            return
        self._received += len(data)
        if not self._head_done:
            self._head.append(data)
        try:
            self._parser.feed_data(data)
        except Exception:  # noqa: BLE001 whatever an answer leads to costs its own request
            if not self._head_done:
                self._fail(Fault.MALFORMED)
            else:
                self._answer()
            return
        if self._complete:
            self._answer()
        elif self._head_done:
            if self._received > HEAD_LIMIT + BODY_LIMIT:
                self._answer()
        elif self._received > HEAD_LIMIT:
            self._fail(Fault.OVERSIZED)

    def eof_received(self) -> None:
        self._eof = True  # returning None closes the transport; `connection_lost` says the rest

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.gone(self)
        if self._exchange is not None:
            self._lost(self._exchange, exc)
        # The parser holds our methods. Left to the garbage collector, which looks seldom, a
        # connection would keep 60 KiB of TLS buffers for as long.
        del self._parser
        self._transport = None

    def _lost(self, exchange: HttpExchange, exc: Exception | None) -> None:
        if self._head_done:  # includes bodies that are delimited by the end of the connection
            self._answer()
        elif self._received:
            self._fail(Fault.RESET_IN_ANSWER)
        elif isinstance(exc, BrokenPipeError) and not (self._eof or self._tls):
            # EPIPE comes from a write that the system refused, so the request was not handed over
            # whole. Under TLS it may stem from a later record (close_notify): no proof there.
            self._exchange = None
            self._owner.unsent(exchange)
        else:
            self._fail(Fault.RESET_BEFORE_ANSWER)

    # --- httptools

    def on_message_begin(self) -> None:
        if self._complete:
            self._surplus = True

    def on_headers_complete(self) -> None:
        # 1xx announces an answer, it is none.
        self._head_done = self._parser.get_status_code() >= 200

    def on_body(self, body: bytes) -> None:
        kept = self._kept(self._parser.get_status_code())
        if len(self._body) < kept:
            self._body += body[: kept - len(self._body)]

    def _kept(self, status: int) -> int:
        """Bytes of the body that are read further on."""
        return BODY_KEPT if status >= 300 else self._success_kept

    def on_message_complete(self) -> None:
        if self._head_done:
            self._complete = True
            self._keep_alive = self._parser.should_keep_alive()

    # --- ends of an exchange

    def _answer(self) -> None:
        exchange = self._exchange
        assert exchange is not None
        assert self._transport is not None
        status = self._parser.get_status_code()
        answer = _SUCCESS.get(status)
        if answer is None or self._body:
            answer = self._read_answer(status)
        clean = self._complete and self._keep_alive and not self._surplus
        # A server that answers before it has read the request leaves the rest of it in the way.
        if clean and not self._transport.get_write_buffer_size() and not self.closing:
            self._exchange = None
            self._forget_answer()
            self._owner.usable(self)
        else:
            self.abort()
        exchange.answered(answer)

    def _read_answer(self, status: int) -> Answer:
        """The status counts, whatever becomes of headers and body."""
        try:
            head = b"".join(self._head)
            body = plain(self._body, _header(_CONTENT_ENCODING, head), self._kept(status))
            return Answer(status, None, _header(_RETRY_AFTER, head), body)
        except Exception:  # noqa: BLE001 whatever an answer leads to costs its own request
            return Answer(status)

    def _fail(self, fault: Fault) -> None:
        exchange = self._exchange
        assert exchange is not None
        self.abort()
        exchange.answered(Answer(0, fault))

    def _forget_answer(self) -> None:
        self._head: list[bytes] = []
        self._body = b""
        self._received = 0
        self._head_done = False
        self._complete = False
        self._surplus = False
        self._keep_alive = False
