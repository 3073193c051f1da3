"""The same code on httpx over stock connections and over ours: it cannot tell them apart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx
import pytest
import trustme

from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings
from consumer.credentials.tls import TlsFiles
from consumer.delivery.http.answer import Answer
from consumer.delivery.http.transport import PoolTransport, open_transport
from tests.delivery import fault_server as server
from tests.delivery.faults import (
    ANSWERS,
    OK,
    PATIENT,
    TIMED,
    TIMED_BY_HTTPX,
    JumpingClock,
    serving,
    unanswering_port,
    until,
    unused_port,
)

CUT_OFF = "a body that never ends"
LOST = httpx.RemoteProtocolError
RAISED: dict[str, type[httpx.TransportError]] = {
    "reset before the answer": LOST,
    "closed before the answer": LOST,
    "closed in the head": LOST,
    "closed after 100": LOST,
    "not HTTP": LOST,
    "switching protocols": LOST,
    "a head without end": LOST,
    "no answer": httpx.ReadTimeout,
    "a head that trickles": httpx.ReadTimeout,
}
WAITED_FOR = {"not HTTP": httpx.ReadTimeout, "a head without end": httpx.ReadTimeout}
"""Where stock httpx goes on waiting for the head to end."""

Clients = Literal["pool", "httpx"]
Told = tuple[int, str] | type[httpx.TransportError]


async def told(transport: httpx.AsyncBaseTransport, url: str, seconds: float = 20.0) -> Told:
    """What a caller sees of one POST: status and `Retry-After`, or the exception."""
    async with httpx.AsyncClient(transport=transport, timeout=seconds) as client:
        try:
            async with client.stream("POST", url, content=b"{}") as response:
                return response.status_code, response.headers.get("Retry-After", "")
        except httpx.TransportError as error:
            return type(error)


def over_pool(clock: SystemClock | None = None) -> PoolTransport:
    clock = clock or SystemClock(asyncio.get_running_loop())
    return PoolTransport(PATIENT, clock, TlsFiles("delivery"))


async def told_by_pool(name: str, act: server.Act) -> tuple[Told, int]:
    clock = JumpingClock(asyncio.get_running_loop())
    transport = over_pool(clock)
    async with server.running(act, OK) as yespo:
        asked = asyncio.create_task(told(transport, yespo.url))
        if name in TIMED:
            await until(lambda: len(yespo.requests) == 1)
            if name == CUT_OFF:
                (pool,) = transport._pools.values()
                await until(lambda: any(each._head_done for each in pool._connections))
            clock.added += 60.0
        return await asked, len(yespo.requests)


async def told_by_httpx(name: str, act: server.Act) -> tuple[Told, int]:
    waits = name in TIMED_BY_HTTPX and name != CUT_OFF  # whose body is not read here
    async with server.running(act, OK) as yespo:
        stock = httpx.AsyncHTTPTransport(trust_env=False)
        return await told(stock, yespo.url, 0.3 if waits else 20.0), len(yespo.requests)


@pytest.mark.parametrize(
    ("name", "act", "answer"), [case[:3] for case in ANSWERS], ids=[case[0] for case in ANSWERS]
)
async def test_each_answer_and_fault_is_told_as_by_stock_httpx(
    name: str, act: server.Act, answer: Answer
) -> None:
    expected = RAISED.get(name) or (answer.status, answer.retry_after)
    assert await told_by_pool(name, act) == (expected, 1)
    assert await told_by_httpx(name, act) == (WAITED_FOR.get(name, expected), 1)


@asynccontextmanager
async def client_of(client: Clients, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    """As `check --connect` opens it."""
    clock = SystemClock(asyncio.get_running_loop())
    chosen = DeliverySettings.model_validate({"client": client, **settings})
    transport = open_transport(chosen, clock)
    assert isinstance(transport, PoolTransport) is (client == "pool")
    async with httpx.AsyncClient(transport=transport, timeout=20.0) as opened:
        yield opened


@pytest.mark.parametrize("client", ["pool", "httpx"])
async def test_a_request_says_what_the_caller_wrote(client: Clients) -> None:
    async with server.running(OK) as yespo, client_of(client) as opened:
        answer = await opened.post(
            f"{yespo.url}?page=2", json={"a": 1}, headers={"X-Trace": "7"}, auth=("user", "key")
        )
        assert (answer.status_code, answer.json()) == (200, {})
        assert answer.request.url == f"{yespo.url}?page=2"
        await opened.request("OPTIONS", yespo.url)
        assert yespo.connections == 1
    first, second = yespo.requests
    lines = first.head.decode().split("\r\n")
    assert lines[0] == "POST /api/v2?page=2 HTTP/1.1"
    assert {
        f"Host: 127.0.0.1:{yespo.port}",
        "X-Trace: 7",
        "Authorization: Basic dXNlcjprZXk=",
        "Content-Type: application/json",
        "Content-Length: 7",
    } <= set(lines)
    assert first.body == b'{"a":1}'
    assert second.head.startswith(b"OPTIONS /api/v2 HTTP/1.1\r\n")


@pytest.mark.parametrize("client", ["pool", "httpx"])
async def test_what_keeps_a_connection_from_standing_has_its_class(client: Clients) -> None:
    async with client_of(client, connect_timeout=0.3) as opened:
        with unused_port() as port:
            refused = f"http://127.0.0.1:{port}/"
        with pytest.raises(httpx.ConnectError):
            await opened.post(refused)
        with pytest.raises(httpx.ConnectError):
            await opened.post("http://no-such-host.invalid/")
        with unanswering_port() as port, pytest.raises(httpx.ConnectTimeout):
            await opened.post(f"http://127.0.0.1:{port}/", timeout=0.3)
        with pytest.raises(httpx.UnsupportedProtocol):
            await opened.post("ftp://127.0.0.1/")


@pytest.mark.parametrize("client", ["pool", "httpx"])
async def test_a_certificate_that_is_not_trusted_is_named_and_nothing_is_sent(
    client: Clients, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with client_of(client, ca_file=str(tmp_path / "ca.pem")) as opened:
        async with server.running(OK, tls=serving(authority, "127.0.0.1")) as yespo:
            url = f"https://127.0.0.1:{yespo.port}/"
            assert (await opened.post(url)).status_code == 200
        for bad in (serving(trustme.CA(), "127.0.0.1"), serving(authority, "other.example")):
            async with server.running(OK, tls=bad) as yespo:
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    await opened.post(f"https://127.0.0.1:{yespo.port}/")
                assert yespo.requests == []


@pytest.mark.parametrize("client", ["pool", "httpx"])
@pytest.mark.parametrize("header", [{"X-A": "b\r\nX-Admin: 1"}, {"X-A\r\nX-Admin": "1"}])
async def test_a_header_that_would_be_two_is_not_sent(
    client: Clients, header: dict[str, str]
) -> None:
    async with server.running(OK) as yespo, client_of(client) as opened:
        with pytest.raises(httpx.LocalProtocolError):
            await opened.post(yespo.url, headers=header)
        assert yespo.requests == []


async def test_calls_that_are_cancelled_cost_the_pool_nothing() -> None:
    """Stock httpx may lose a place in its pool with each."""
    transport = over_pool()
    async with (
        server.running(*[server.silence] * 30, OK) as yespo,
        httpx.AsyncClient(transport=transport) as client,
    ):
        calls = [asyncio.create_task(client.post(yespo.url)) for _ in range(30)]
        await until(lambda: len(yespo.requests) == 30)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert all(call.cancelled() for call in calls)
        (pool,) = transport._pools.values()
        assert not pool._connections
        assert (await client.post(yespo.url)).status_code == 200


async def test_closing_ends_what_is_under_way() -> None:
    async with server.running(server.silence) as yespo:
        client = httpx.AsyncClient(transport=over_pool())
        call = asyncio.create_task(client.post(yespo.url))
        await until(lambda: len(yespo.requests) == 1)
        await client.aclose()
        with pytest.raises(httpx.ReadError, match="closed"):
            await call


async def test_what_an_answer_to_head_looks_like_is_not_known_here() -> None:
    async with server.running(OK) as yespo, httpx.AsyncClient(transport=over_pool()) as client:
        with pytest.raises(httpx.UnsupportedProtocol, match="HEAD"):
            await client.head(yespo.url)
        assert yespo.requests == []
