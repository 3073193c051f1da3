"""A connection leaves nothing to the garbage collector, however it ends.

The bridge lets Python look for cycles seldom, so whatever hangs in one stays for long: under TLS
60 KiB for each connection.
"""

import asyncio
import gc
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import trustme
import uvloop

from consumer.clock import SystemClock
from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.http.pool import HttpPool
from consumer.delivery.http.target import Target
from tests.delivery import fault_server as server
from tests.delivery.faults import PATIENT, unused_port

CONNECTIONS = 50
ONE_ANSWER = server.answer("200 OK", headers="Connection: close\r\n")


async def garbage(url: str, expected: Answer, tls: ssl.SSLContext | None = None) -> int:
    """Objects in cycles after so many requests, each on a connection of its own."""
    loop = asyncio.get_running_loop()
    pool = HttpPool(Target(url), PATIENT, SystemClock(loop), tls=lambda: tls or ssl.SSLContext())

    async def post(count: int) -> None:
        for _ in range(count):
            answered: asyncio.Future[Answer] = loop.create_future()
            pool.post(b"{}", None, answered.set_result)
            assert await answered == expected
        await asyncio.sleep(0.1)  # the loop closes its handles in the rounds after

    await post(5)
    gc.collect()
    gc.disable()
    try:
        await post(CONNECTIONS)
        return gc.collect()
    finally:
        gc.enable()
        await pool.close()


async def after_answers() -> int:
    async with server.running(ONE_ANSWER) as yespo:
        found = await garbage(yespo.url, Answer(200))
        assert yespo.connections == CONNECTIONS + 5
        return found


async def after_breaks() -> int:
    async with server.running(server.close) as yespo:
        return await garbage(yespo.url, Answer(0, Fault.RESET_BEFORE_ANSWER))


async def after_refusals() -> int:
    with unused_port() as port:
        return await garbage(f"http://127.0.0.1:{port}/", Answer(0, Fault.CONNECT_REFUSED))


async def over_tls(expected: Answer, *, trusted: bool) -> int:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    if trusted:
        authority.configure_trust(ours)
    async with server.running(ONE_ANSWER, tls=theirs) as yespo:
        return await garbage(f"https://127.0.0.1:{yespo.port}/", expected, ours)


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(after_answers, id="closed after the answer"),
        pytest.param(after_breaks, id="broken before the answer"),
        pytest.param(after_refusals, id="refused"),
        pytest.param(lambda: over_tls(Answer(200), trusted=True), id="closed under TLS"),
        pytest.param(
            lambda: over_tls(Answer(0, Fault.TLS), trusted=False), id="a certificate not trusted"
        ),
    ],
)
def test_a_connection_leaves_no_cycles(ending: Callable[[], Coroutine[Any, Any, int]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ending()) < CONNECTIONS
