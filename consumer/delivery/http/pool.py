"""Our own lean HTTP/1.1 client: connections to one URL, an answer by call-back.

Costs 15-20 µs of CPU per request where general clients cost 130 to 4600, because it does one thing:
POST a ready body and tell the status. No timer, task or future is made per request; one sweeper
watches all deadlines. The number of requests under way is the caller's to bound: each has a
connection of its own.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from consumer.clock import Clock, Timer
from consumer.config.settings import DeliverySettings
from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.http.connection import BODY_LIMIT, Connection, HttpExchange
from consumer.delivery.http.target import Target


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. The names are those of `config.settings.DeliverySettings`."""

    connect_timeout: float
    response_timeout: float
    total_timeout: float
    connection_age: float
    keepalive: float

    @classmethod
    def of(cls, settings: DeliverySettings) -> Self:
        return cls(
            settings.connect_timeout,
            settings.response_timeout,
            settings.total_timeout,
            settings.connection_age,
            settings.keepalive,
        )

    @property
    def sweep(self) -> float:
        """Seconds between two looks at the deadlines: a timeout may be late by as much."""
        shortest = min(self.response_timeout, self.total_timeout, self.keepalive)
        return min(0.25, max(0.01, shortest / 8))


class HttpPool:
    """Implements `answer.Pool` on the running loop."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        clock: Clock,
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        authorization: str | None = None,
        reads_success: bool = False,
    ) -> None:
        """`tls` is asked with each new connection, so that rotated certificates count from the next
        one on. `reads_success`: bodies of successes matter too, and are kept."""
        if target.tls and tls is None:
            raise ValueError("an https target needs an SSL context")
        self._target = target
        self._limits = limits
        self._clock = clock
        self._tls = tls if target.tls else None
        self._head = target.head(authorization)
        self._reads_success = reads_success
        self.not_connected = ""
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []  # the last used is used next, so that surplus ones age
        self._waiting: deque[HttpExchange] = deque()  # never longer than `_connecting`
        self._outgoing: list[tuple[Connection, HttpExchange]] = []
        self._connecting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: Timer | None = None

    def authorize(self, authorization: str | None) -> None:
        self._head = self._target.head(authorization)

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> HttpExchange:
        exchange = HttpExchange(body, user_agent, answered, self._clock.monotonic())
        self._dispatch(exchange, exchange.started)
        return exchange

    async def close(self) -> None:
        self._waiting.clear()
        self._outgoing.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._connections):
            connection.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports report `connection_lost`, and free their sockets, in the loop's next rounds.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    # --- called by connections

    def usable(self, connection: Connection) -> None:
        now = self._clock.monotonic()
        while self._waiting:
            exchange = self._waiting.popleft()
            if exchange.dropped:
                continue
            if self._stood_still(exchange, now):
                exchange.answered(Answer(0, Fault.CONNECT_TIMEOUT))
                continue
            self._hand(connection, exchange)
            return
        connection.idle_since = now
        self._idle.append(connection)

    def gone(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def unsent(self, exchange: HttpExchange) -> None:
        """The one silent repeat: once, and only where nothing can have arrived."""
        if exchange.repeated:
            exchange.answered(Answer(0, Fault.NOT_SENT))
            return
        exchange.repeated = True
        exchange.connection = None
        self._dispatch(exchange, self._clock.monotonic())

    # --- connections

    def _dispatch(self, exchange: HttpExchange, now: float) -> None:
        while self._idle:
            connection = self._idle.pop()
            if self._fresh(connection, now):
                self._hand(connection, exchange)
                return
            connection.abort()
        self._waiting.append(exchange)
        if self._connecting >= len(self._waiting):
            return  # a connection opened for an exchange that has been served meanwhile
        self._connecting += 1
        task = asyncio.get_running_loop().create_task(self._connect())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hand(self, connection: Connection, exchange: HttpExchange) -> None:
        """To be written when the loop's round is over, with all that starts in it. Between decoding
        and mapping, each write would wake a receiver that has gone to sleep, at the sender's cost."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._write_out)
        self._outgoing.append((connection, exchange))

    def _write_out(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        now = self._clock.monotonic()
        for connection, exchange in outgoing:
            if exchange.dropped:
                self.usable(connection)
            elif self._stood_still(exchange, now):
                self.usable(connection)
                exchange.answered(Answer(0, Fault.NOT_SENT))
            elif connection.closing:  # in this very round, and nothing was sent
                self._dispatch(exchange, now)
            else:
                request = self._target.request(self._head, exchange.body, exchange.user_agent)
                connection.send(exchange, request, now)

    def _stood_still(self, exchange: HttpExchange, now: float) -> bool:
        """True if the process stood still since it was asked to send this. The pool cannot know whether
        it may still be sent; the caller asks again before the next attempt."""
        return now - exchange.started >= self._limits.connect_timeout

    def _fresh(self, connection: Connection, now: float) -> bool:
        limits = self._limits
        return (
            now - connection.idle_since < limits.keepalive
            and now - connection.opened < limits.connection_age
            and not connection.closing
        )

    async def _connect(self) -> None:
        """Open one connection and give it to the oldest in waiting."""
        connection: Connection | None = None
        fault = Fault.CONNECT_FAILED
        try:
            connection = await self._open()
        except OSError as error:
            fault, self.not_connected = connect_fault(error), str(error)
        except ValueError as error:  # a host name that IDNA cannot encode
            fault, self.not_connected = Fault.DNS, str(error)
        finally:
            self._connecting -= 1
        if connection is not None and not connection.closing:
            self._connections.add(connection)
            self._watch()
            self.usable(connection)
        else:
            self._not_connected(fault)

    async def _open(self) -> Connection:
        """Each time with a fresh DNS look-up; an address that does not answer leaves its share of
        the time to the others. Raises OSError, ValueError."""
        loop = asyncio.get_running_loop()
        target = self._target
        error: OSError | None = None
        async with asyncio.timeout(self._limits.connect_timeout) as limit:
            addresses = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            for left, (family, _, _, _, address) in zip(
                range(len(addresses), 0, -1), addresses, strict=True
            ):
                deadline = limit.when()
                assert deadline is not None
                try:
                    async with asyncio.timeout((deadline - loop.time()) / left):
                        _, connection = await loop.create_connection(
                            self._new_connection,
                            str(address[0]),
                            target.port,
                            family=family,
                            ssl=self._tls() if self._tls else None,
                            server_hostname=target.host if self._tls else None,
                        )
                        return connection
                except OSError as refused:
                    error = refused
        try:
            raise error or socket.gaierror("no address")
        finally:
            error = None  # it holds this frame: a cycle with the buffers of the attempt in it

    def _not_connected(self, fault: Fault) -> None:
        """A failed attempt costs the oldest in waiting its turn, unless it was served meanwhile."""
        while len(self._waiting) > self._connecting:
            exchange = self._waiting.popleft()
            if not exchange.dropped:
                exchange.answered(Answer(0, fault))

    def _new_connection(self) -> Connection:
        return Connection(
            self,
            self._clock.monotonic(),
            tls=self._tls is not None,
            success_kept=BODY_LIMIT if self._reads_success else 0,
        )

    # --- deadlines

    def _watch(self) -> None:
        if self._sweeper is None:
            self._sweeper = self._clock.call_later(self._limits.sweep, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        now = self._clock.monotonic()
        self._idle = [connection for connection in self._idle if not connection.closing]
        for connection in list(self._connections):
            if connection.busy:
                connection.check(now, self._limits.response_timeout, self._limits.total_timeout)
        stale = [connection for connection in self._idle if not self._fresh(connection, now)]
        for connection in stale:
            self._idle.remove(connection)
            connection.abort()
        if self._connections:
            self._watch()


def connect_fault(error: OSError) -> Fault:
    """The class of a failure before the connection stood."""
    if isinstance(error, TimeoutError):
        return Fault.CONNECT_TIMEOUT
    if isinstance(error, socket.gaierror):
        return Fault.DNS
    if isinstance(error, ssl.SSLError):
        return Fault.TLS
    if isinstance(error, ConnectionRefusedError):
        return Fault.CONNECT_REFUSED
    return Fault.CONNECT_FAILED
