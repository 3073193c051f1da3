"""httpx over our own pool: for code that wants a request and its response instead of a call-back.

    async with httpx.AsyncClient(transport=open_transport(settings, clock)) as client:
        response = await client.options(url)

Connections, time-outs (httpx's own `timeout` is not looked at) and faults are those of delivery. A
response has what the pool keeps: the status, `Retry-After`, and so much of the body as `answer` and
`connection` say; a body that breaks off is no error. Events do not come this way: the objects of
httpx cost more than all the rest of an event.
"""

import asyncio

import httpx

from consumer.clock import Clock
from consumer.config.settings import DeliverySettings
from consumer.credentials.tls import TlsFiles
from consumer.delivery.http.answer import NOTHING_ARRIVED, Answer, Fault
from consumer.delivery.http.pool import HttpPool, Limits
from consumer.delivery.http.target import Target

_RAISED: dict[Fault, type[httpx.TransportError]] = {
    Fault.DNS: httpx.ConnectError,
    Fault.CONNECT_REFUSED: httpx.ConnectError,
    Fault.CONNECT_TIMEOUT: httpx.ConnectTimeout,
    Fault.CONNECT_FAILED: httpx.ConnectError,
    Fault.TLS: httpx.ConnectError,
    Fault.NOT_SENT: httpx.WriteError,
    Fault.RESPONSE_TIMEOUT: httpx.ReadTimeout,
    Fault.RESET_BEFORE_ANSWER: httpx.RemoteProtocolError,
    Fault.RESET_IN_ANSWER: httpx.RemoteProtocolError,
    Fault.MALFORMED: httpx.RemoteProtocolError,
    Fault.OVERSIZED: httpx.RemoteProtocolError,
}
_NOT_SPOKEN = frozenset({"CONNECT", "HEAD"})
"""Methods whose answers are framed in ways of their own."""
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"accept-encoding"})
"""Headers that are ours to say: bodies go whole, connections are kept, answers come unpacked."""


def open_transport(settings: DeliverySettings, clock: Clock) -> httpx.AsyncBaseTransport:
    """What delivery itself would connect by. Raises ConfigError for certificate files."""
    files = TlsFiles("delivery", settings.ca_file, settings.certificate_file, settings.key_file)
    if settings.client == "httpx":
        return httpx.AsyncHTTPTransport(
            verify=files.context(), proxy=settings.proxy, trust_env=False
        )
    return PoolTransport(Limits.of(settings), clock, files)


class PoolTransport(httpx.AsyncBaseTransport):
    """A pool for each origin that is asked. As with `HttpPool`, the number of requests under way is
    the caller's to bound, and a call that is cancelled aborts its connection and leaks nothing."""

    def __init__(self, limits: Limits, clock: Clock, tls: TlsFiles) -> None:
        self._limits = limits
        self._clock = clock
        self._tls = tls
        self._pools: dict[str, HttpPool] = {}
        self._asked: set[asyncio.Future[Answer]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError: of its subclasses those that stock httpx would raise."""
        pool = self._pool(request.url)
        written = _written(request, await request.aread())
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked.add(answered)
        answered.add_done_callback(self._asked.discard)

        def tell(answer: Answer) -> None:
            if not answered.done():  # cancelled in this round of the loop
                answered.set_result(answer)

        exchange = pool.post(written, None, tell)
        try:
            answer = await answered
        except asyncio.CancelledError:
            exchange.abort()
            raise
        if answer.fault is not None:
            raise _raised(answer.fault, pool.not_connected)
        headers = {"Retry-After": answer.retry_after} if answer.retry_after else {}
        return httpx.Response(answer.status, headers=headers, content=answer.body)

    async def aclose(self) -> None:
        for answered in list(self._asked):
            answered.set_exception(httpx.ReadError("the client was closed"))
        for pool in self._pools.values():
            await pool.close()

    def _pool(self, url: httpx.URL) -> HttpPool:
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        pool = self._pools.get(origin)
        if pool is None:
            try:
                target = _Origin(origin)
            except ValueError as error:
                raise httpx.UnsupportedProtocol(str(error)) from error
            pool = self._pools[origin] = HttpPool(
                target, self._limits, self._clock, tls=self._tls.context, reads_success=True
            )
        return pool


class _Origin(Target):
    """A target whose requests come written out: what it is given as body is the whole of one."""

    __slots__ = ()

    def request(
        self,
        head: bytes,  # noqa: ARG002 the signature is that of Target
        body: bytes,
        user_agent: str | None,  # noqa: ARG002 as above
    ) -> bytes:
        return body


def _raised(fault: Fault, not_connected: str) -> httpx.TransportError:
    why = not_connected if fault in NOTHING_ARRIVED else ""
    return _RAISED[fault](f"{fault.value}: {why}" if why else fault.value)


def _written(request: httpx.Request, body: bytes) -> bytes:
    """Raises httpx.UnsupportedProtocol, httpx.LocalProtocolError."""
    if request.method in _NOT_SPOKEN:
        raise httpx.UnsupportedProtocol(f"no {request.method} over this transport")
    head = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    head += [
        b"%s: %s" % (name, value)
        for name, value in request.headers.raw
        if name.lower() not in _FRAMING
    ]
    head.append(b"Content-Length: %d" % len(body))
    if any(mark in line for line in head for mark in (b"\r", b"\n", b"\0")):
        raise httpx.LocalProtocolError("a line break in a header")
    return b"\r\n".join([*head, b"", body])
