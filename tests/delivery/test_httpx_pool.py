"""Stock httpx behind the same seam: the reference for the pool, fault by fault."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings
from consumer.delivery.deliver import pool_opener
from consumer.delivery.destination import Destination
from consumer.delivery.endpoint.classify import Classifier, may_have_arrived
from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.http.httpx_pool import HttpxPool
from consumer.delivery.http.pool import Limits
from tests.delivery import fault_server as server
from tests.delivery.faults import (
    ANSWERS,
    IMPATIENT,
    OK,
    PATIENT,
    TIMED_BY_HTTPX,
    unanswering_port,
    until,
    unused_port,
)
from tests.delivery.makers import V2

meaning = Classifier([], "v2").meaning


@asynccontextmanager
async def httpx_pool(
    url: str,
    limits: Limits = PATIENT,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
) -> AsyncIterator[HttpxPool]:
    context = tls or ssl.create_default_context()
    pool = HttpxPool(
        url, limits, tls=lambda: context, authorization="Basic dXNlcjprZXk=", proxy=proxy
    )
    yield pool
    await pool.close()


async def post(pool: HttpxPool, body: bytes = b"{}", user_agent: str | None = None) -> Answer:
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    pool.post(body, user_agent, answered.set_result)
    assert not answered.done(), "answered from inside post"
    return await asyncio.wait_for(answered, 30)


@pytest.mark.parametrize(
    ("act", "expected", "limits"),
    [
        (act, expected, IMPATIENT if name in TIMED_BY_HTTPX else PATIENT)
        for name, act, expected, _ in ANSWERS
    ],
    ids=[name for name, *_ in ANSWERS],
)
async def test_httpx_and_the_pool_agree(act: server.Act, expected: Answer, limits: Limits) -> None:
    async with server.running(act, OK) as yespo, httpx_pool(yespo.url, limits) as pool:
        answer = await post(pool)
        if expected.fault is None:
            assert answer == expected
        else:  # httpx does not tell every fault from every other; what follows is the same
            assert answer.status == 0
            assert meaning(answer) == meaning(expected)
            assert may_have_arrived(answer) == may_have_arrived(expected)
        if limits is PATIENT:
            assert await post(pool) == Answer(200)
            assert len(yespo.requests) == 2


async def test_the_request_says_the_same() -> None:
    async with server.running(OK) as yespo, httpx_pool(yespo.url) as pool:
        await post(pool, b"{}", "Mozilla/5.0")
        pool.authorize("Basic bmV3")
        await post(pool, b"{}", "evil\r\nX-Admin: 1")
    first, second = (request.head.decode().split("\r\n") for request in yespo.requests)
    assert first[0] == "POST /api/v2 HTTP/1.1"
    assert {
        "Content-Type: application/json; charset=UTF-8",
        "Accept: application/json; charset=UTF-8",
        "Authorization: Basic dXNlcjprZXk=",
        "User-Agent: Mozilla/5.0",
        "Content-Length: 2",
    } <= set(first)
    assert "Authorization: Basic bmV3" in second
    assert "User-Agent: yespo-bridge/0.1.0" in second
    assert not any("X-Admin" in line for line in second)


async def test_failures_before_the_request_have_their_own_names() -> None:
    with unused_port() as port:
        refused = f"http://127.0.0.1:{port}/"
    async with httpx_pool(refused) as pool:
        assert await post(pool) == Answer(0, Fault.CONNECT_REFUSED)
    async with httpx_pool("http://no-such-host.invalid/") as pool:
        assert await post(pool) == Answer(0, Fault.DNS)
    with unanswering_port() as port:
        async with httpx_pool(f"http://127.0.0.1:{port}/", IMPATIENT) as pool:
            assert await post(pool) == Answer(0, Fault.CONNECT_TIMEOUT)


async def test_an_unknown_authority_is_not_trusted() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with (
        server.running(OK, tls=context) as yespo,
        httpx_pool(f"https://127.0.0.1:{yespo.port}/") as pool,
    ):
        assert await post(pool) == Answer(0, Fault.TLS)
        assert yespo.requests == []


async def test_rotated_certificates_count_and_leave_what_is_under_way_alone() -> None:
    trusted = [ssl.create_default_context(), ssl.create_default_context()]
    authority = trustme.CA()
    authority.configure_trust(trusted[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    go_on = asyncio.Event()

    async def answer_when_told(client: server.Client) -> None:
        await go_on.wait()
        await OK(client)

    async with server.running(answer_when_told, OK, tls=context) as yespo:
        inner = trusted[1]
        pool = HttpxPool(f"https://127.0.0.1:{yespo.port}/", PATIENT, tls=lambda: inner)
        waiting = asyncio.create_task(post(pool))
        await until(lambda: len(yespo.requests) == 1)
        inner = trusted[0]
        assert await post(pool) == Answer(0, Fault.TLS)
        go_on.set()
        assert await waiting == Answer(200)
        await until(lambda: not pool._tasks)  # the former client is closed
        inner = trusted[1]
        assert await post(pool) == Answer(200)
        await pool.close()


async def test_requests_go_through_the_proxy() -> None:
    async with (
        server.running(OK) as proxy,
        httpx_pool("http://yespo.example/event", proxy=f"http://127.0.0.1:{proxy.port}") as pool,
    ):
        assert await post(pool) == Answer(200)
    assert proxy.requests[0].head.startswith(b"POST http://yespo.example/event HTTP/1.1\r\n")


async def test_an_aborted_exchange_is_never_answered() -> None:
    told: list[Answer] = []
    async with server.running(server.silence, OK) as yespo, httpx_pool(yespo.url) as pool:
        exchange = pool.post(b"{}", None, told.append)
        await until(lambda: len(yespo.requests) == 1)
        exchange.abort()
        assert await post(pool) == Answer(200)
        await until(lambda: not pool._tasks)
    assert told == []


async def test_the_settings_choose_the_client() -> None:
    clock = SystemClock(asyncio.get_running_loop())
    there = Destination(V2, "https://yespo.io/api/v2/event", lambda: "key")
    chosen = pool_opener(DeliverySettings(client="httpx", proxy="http://proxy:3128"), clock)(there)
    assert isinstance(chosen, HttpxPool)
    await chosen.close()
