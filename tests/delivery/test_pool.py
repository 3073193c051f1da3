"""The HTTP client against a scripted server on loopback: each fault ends in its class."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
import uvloop

from consumer.credentials.tls import TlsFiles
from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.http.connection import Connection
from consumer.delivery.http.pool import HttpPool, Limits
from consumer.delivery.http.target import Target
from tests.delivery import fault_server as server
from tests.delivery.faults import (
    ANSWERS,
    IMPATIENT,
    OK,
    PATIENT,
    TIMED,
    JumpingClock,
    serving,
    unanswering_port,
    until,
    unused_port,
)


class Posting:
    """A pool under test, with `await post(...)` for its call-back."""

    def __init__(self, pool: HttpPool, clock: JumpingClock) -> None:
        self.pool = pool
        self.clock = clock

    async def post(self, body: bytes = b'{"a":1}', user_agent: str | None = None) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.pool.post(body, user_agent, answered.set_result)
        assert not answered.done(), "answered from inside post"
        return await asyncio.wait_for(answered, 30)

    async def time_out(self, yespo: server.FaultServer, *, in_body: bool) -> None:
        """Let the time pass for the one request under way, once it has come as far as it comes."""
        await until(lambda: len(yespo.requests) == 1)
        if in_body:
            await until(lambda: any(each._head_done for each in self.pool._connections))
        self.clock.added += 60.0


@asynccontextmanager
async def posting(
    url: str,
    limits: Limits = PATIENT,
    tls: Callable[[], ssl.SSLContext] | None = None,
    authorization: str | None = None,
) -> AsyncIterator[Posting]:
    clock = JumpingClock(asyncio.get_running_loop())
    pool = HttpPool(Target(url), limits, clock, tls=tls, authorization=authorization)
    yield Posting(pool, clock)
    await pool.close()


async def test_a_request_reads_as_the_vendor_documents_it() -> None:
    async with (
        server.running(OK) as yespo,
        posting(yespo.url, authorization="Basic dXNlcjprZXk=") as client,
    ):
        assert await client.post(b'{"eventTypeKey":"x"}') == Answer(200)
        (request,) = yespo.requests
    assert request.head.decode() == (
        "POST /api/v2 HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{yespo.port}\r\n"
        "Content-Type: application/json; charset=UTF-8\r\n"
        "Accept: application/json; charset=UTF-8\r\n"
        "Accept-Encoding: identity\r\n"
        "Authorization: Basic dXNlcjprZXk=\r\n"
        "User-Agent: yespo-bridge/0.1.0\r\n"
        "Content-Length: 20\r\n\r\n"
    )
    assert request.body == b'{"eventTypeKey":"x"}'


@pytest.mark.parametrize(
    ("visitor", "sent"),
    [
        ("Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (X11; Linux)"),
        ("evil\r\nX-Admin: 1", "yespo-bridge/0.1.0"),
        ("tab\there", "yespo-bridge/0.1.0"),
        ("nul\x00", "yespo-bridge/0.1.0"),
        ("Оглядач", "yespo-bridge/0.1.0"),
        ("", "yespo-bridge/0.1.0"),
        ("x" * 1025, "yespo-bridge/0.1.0"),
    ],
)
async def test_a_visitors_user_agent_is_sent_only_where_it_can_be_a_header(
    visitor: str, sent: str
) -> None:
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        await client.post(user_agent=visitor)
        lines = yespo.requests[0].head.decode().split("\r\n")
    assert [line for line in lines if line.startswith("User-Agent")] == [f"User-Agent: {sent}"]
    assert not any(line.startswith("X-Admin") for line in lines)


async def test_a_new_authorization_counts_from_the_next_request() -> None:
    async with (
        server.running(OK) as yespo,
        posting(yespo.url, authorization="Basic b2xk") as client,
    ):
        await client.post()
        client.pool.authorize("Basic bmV3")
        await client.post()
    assert b"Basic b2xk" in yespo.requests[0].head
    assert b"Basic bmV3" in yespo.requests[1].head
    assert b"Basic b2xk" not in yespo.requests[1].head


async def play(name: str, act: server.Act, expected: Answer) -> tuple[Answer, int]:
    """What the pool says of this case, and the connections that it and the next request took."""
    async with server.running(act, OK) as yespo, posting(yespo.url) as client:
        asked = asyncio.create_task(client.post())
        if name in TIMED:
            await client.time_out(yespo, in_body=expected.fault is None)
        told = await asked
        # Whatever happened, the next request is served, on a connection that can be trusted.
        assert await client.post() == Answer(200)
        assert len(yespo.requests) == 2  # nothing is sent twice behind the caller's back
        return told, yespo.connections


@pytest.mark.parametrize(
    ("name", "act", "expected", "serves_on"), ANSWERS, ids=[case[0] for case in ANSWERS]
)
async def test_each_answer_and_fault_is_told_as_what_it_is(
    name: str, act: server.Act, expected: Answer, serves_on: bool
) -> None:
    assert await play(name, act, expected) == (expected, 1 if serves_on else 2)


def test_uvloop_tells_the_same() -> None:
    """The service runs on uvloop, whose transports report ends in ways of their own."""

    async def play_all() -> list[tuple[Answer, int]]:
        return await asyncio.gather(*[play(*case[:3]) for case in ANSWERS])

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(play_all())
    assert {name: told[index] for index, (name, _, _, _) in enumerate(ANSWERS)} == {
        name: (expected, 1 if serves_on else 2) for name, _, expected, serves_on in ANSWERS
    }


async def test_an_answer_before_the_request_is_complete_counts_and_ends_the_connection() -> None:
    # The server never reads the 8 MB: most of the request is still ours when the answer comes.
    async def refuse(client: server.Client) -> None:
        await client.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await server.silence(client)

    async with server.running(refuse, read_first=False) as yespo, posting(yespo.url) as client:
        assert await client.post(b"x" * 8_000_000) == Answer(413)
        assert await client.post() == Answer(413)
        assert yespo.connections == 2


async def test_a_connection_that_is_refused() -> None:
    with unused_port() as port:
        url = f"http://127.0.0.1:{port}/"
    async with posting(url) as client:
        assert await client.post() == Answer(0, Fault.CONNECT_REFUSED)


async def test_a_name_that_is_refused_at_all_its_addresses() -> None:
    with unused_port() as port:
        url = f"http://localhost:{port}/"
    async with posting(url) as client:
        assert await client.post() == Answer(0, Fault.CONNECT_REFUSED)


async def test_a_name_that_does_not_resolve() -> None:
    async with posting("http://no-such-host.invalid/") as client:
        assert await client.post() == Answer(0, Fault.DNS)


async def test_a_connection_that_hangs() -> None:
    with unanswering_port() as port:
        async with posting(f"http://127.0.0.1:{port}/", IMPATIENT) as client:
            assert await client.post() == Answer(0, Fault.CONNECT_TIMEOUT)


async def test_a_failed_connection_costs_nobody_who_can_be_served_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = asyncio.Event()

    async def answer_when_told(client: server.Client) -> None:
        await go_on.wait()
        await OK(client)

    async with server.running(answer_when_told, OK) as yespo, posting(yespo.url) as client:
        first = asyncio.create_task(client.post(b"1"))
        await until(lambda: len(yespo.requests) == 1)
        opening: list[asyncio.Future[Connection]] = []

        async def scripted() -> Connection:
            opening.append(asyncio.get_running_loop().create_future())
            return await opening[-1]

        monkeypatch.setattr(client.pool, "_open", scripted)
        second = asyncio.create_task(client.post(b"2"))
        third = asyncio.create_task(client.post(b"3"))
        await until(lambda: len(opening) == 2)
        go_on.set()  # the one connection there is serves all three in turn
        answers = await asyncio.gather(first, second, third)
        assert set(answers) == {Answer(200)}
        fourth = asyncio.create_task(client.post(b"4"))
        assert await fourth == Answer(200)
        held = client.pool._idle.pop()
        fifth = asyncio.create_task(client.post(b"5"))
        await asyncio.sleep(0)
        assert len(opening) == 2, "those that are being opened will do"
        opening[0].set_exception(ConnectionRefusedError())
        await until(lambda: client.pool._connecting == 1)
        assert not fifth.done()
        client.pool.usable(held)
        assert await fifth == Answer(200)
        opening[1].set_exception(ConnectionRefusedError())


async def test_each_refused_connection_costs_one_request_its_turn() -> None:
    with unused_port() as port:
        url = f"http://127.0.0.1:{port}/"
    async with posting(url) as client:
        answers = await asyncio.gather(*[client.post() for _ in range(20)])
    assert answers == [Answer(0, Fault.CONNECT_REFUSED)] * 20


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> Callable[[], ssl.SSLContext]:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return lambda: context


async def test_tls_to_a_server_of_a_trusted_authority(authority: trustme.CA) -> None:
    async with (
        server.running(OK, tls=serving(authority, "localhost")) as yespo,
        posting(f"https://localhost:{yespo.port}/", tls=trusting(authority)) as client,
    ):
        assert await client.post() == Answer(200)
        assert await client.post() == Answer(200)
        assert yespo.connections == 1


async def test_tls_closed_before_the_answer_is_not_repeated(authority: trustme.CA) -> None:
    async with (
        server.running(OK, server.close, OK, tls=serving(authority, "127.0.0.1")) as yespo,
        posting(f"https://127.0.0.1:{yespo.port}/", tls=trusting(authority)) as client,
    ):
        assert await client.post() == Answer(200)
        assert await client.post() == Answer(0, Fault.RESET_BEFORE_ANSWER)
        assert len(yespo.requests) == 2


async def test_tls_to_an_unknown_authority_sends_nothing(authority: trustme.CA) -> None:
    async with (
        server.running(OK, tls=serving(trustme.CA(), "127.0.0.1")) as yespo,
        posting(f"https://127.0.0.1:{yespo.port}/", tls=trusting(authority)) as client,
    ):
        assert await client.post() == Answer(0, Fault.TLS)
        assert yespo.requests == []


async def test_tls_under_another_name_sends_nothing(authority: trustme.CA) -> None:
    async with (
        server.running(OK, tls=serving(authority, "other.example")) as yespo,
        posting(f"https://127.0.0.1:{yespo.port}/", tls=trusting(authority)) as client,
    ):
        assert await client.post() == Answer(0, Fault.TLS)
        assert yespo.requests == []


async def test_rotated_certificates_count_with_the_next_connection(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    old, new = trustme.CA(), trustme.CA()
    old.cert_pem.write_to_path(str(ca_file))
    files = TlsFiles("delivery", str(ca_file))
    context = serving(old, "127.0.0.1")
    async with (
        server.running(OK, tls=context) as yespo,
        posting(f"https://127.0.0.1:{yespo.port}/", tls=files.context) as client,
    ):
        assert await client.post() == Answer(200)
        new.issue_cert("127.0.0.1").configure_cert(context)
        assert await client.post() == Answer(200), "a connection that stands goes on"
        client.clock.added += 60.0
        await until(lambda: not client.pool._connections)
        assert await client.post() == Answer(0, Fault.TLS)
        new.cert_pem.write_to_path(str(ca_file))
        assert await client.post() == Answer(200)
        assert len(yespo.requests) == 3


async def test_tls_to_a_plain_server(authority: trustme.CA) -> None:
    async with server.running(server.raw(b"HTTP/1.1 400 Bad\r\n\r\n"), read_first=False) as yespo:
        url = f"https://127.0.0.1:{yespo.port}/"
        async with posting(url, IMPATIENT, tls=trusting(authority)) as client:
            assert (await client.post()).fault in {Fault.TLS, Fault.CONNECT_TIMEOUT}


async def test_a_connection_closed_by_the_server_while_idle_is_not_used() -> None:
    async def answer_then_close(client: server.Client) -> None:
        await OK(client)
        client.writer.close()

    async with server.running(answer_then_close, OK) as yespo, posting(yespo.url) as client:
        assert await client.post() == Answer(200)
        await until(lambda: not client.pool._connections)
        assert await client.post() == Answer(200)
        assert len(yespo.requests) == 2


async def test_words_on_an_idle_connection_end_it() -> None:
    async def answer_twice(client: server.Client) -> None:
        await OK(client)
        await asyncio.sleep(0.05)
        await client.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    async with server.running(answer_twice, OK) as yespo, posting(yespo.url) as client:
        assert await client.post() == Answer(200)
        await until(lambda: not client.pool._connections)
        assert await client.post() == Answer(200)
        assert yespo.connections == 2


async def test_an_old_connection_is_renewed() -> None:
    limits = replace(PATIENT, keepalive=3600.0)
    async with server.running(OK) as yespo, posting(yespo.url, limits) as client:
        await client.post()
        client.clock.added = 59.0
        await client.post()
        assert yespo.connections == 1
        client.clock.added = 120.0
        await client.post()
        assert yespo.connections == 2


async def test_a_connection_idle_for_too_long_is_closed_without_being_used() -> None:
    limits = replace(PATIENT, connection_age=3600.0)
    async with server.running(OK) as yespo, posting(yespo.url, limits) as client:
        await client.post()
        assert len(client.pool._connections) == 1
        client.clock.added = 60.0
        await until(lambda: not client.pool._connections)
        await client.post()
        assert yespo.connections == 2


async def test_who_comes_while_a_connection_is_made_for_somebody_served_waits_for_that_one() -> (
    None
):
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        await client.post()
        (idle,) = client.pool._idle
        client.pool._idle.clear()
        second = asyncio.create_task(client.post())
        await asyncio.sleep(0)
        assert client.pool._connecting == 1
        client.pool.usable(idle)
        third = asyncio.create_task(client.post())
        assert set(await asyncio.gather(second, third)) == {Answer(200)}
        # Both may have been served before the server has taken the second connection.
        await until(lambda: yespo.connections == 2 and not client.pool._connecting)
        assert len(client.pool._connections) == 2


async def test_many_at_once_share_as_many_connections_and_no_more() -> None:
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        for _ in range(5):
            answers = await asyncio.gather(*[client.post() for _ in range(16)])
            assert answers == [Answer(200)] * 16
        assert yespo.connections <= 16
        assert len(yespo.requests) == 80


async def test_an_aborted_exchange_is_never_answered_and_its_connection_is_gone() -> None:
    told: list[Answer] = []
    async with server.running(server.silence, OK) as yespo, posting(yespo.url) as client:
        exchange = client.pool.post(b"{}", None, told.append)
        await until(lambda: len(yespo.requests) == 1)
        exchange.abort()
        assert await client.post() == Answer(200)
        client.clock.added = 60.0
        await until(lambda: not client.pool._connections)  # the sweeper has seen that time
    assert told == []


async def test_an_exchange_aborted_before_it_had_a_connection_is_never_sent() -> None:
    told: list[Answer] = []
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        client.pool.post(b"first", None, told.append).abort()
        assert await client.post(b"second") == Answer(200)
        assert [request.body for request in yespo.requests] == [b"second"]
    assert told == []


async def test_aborting_what_was_answered_leaves_the_next_request_alone() -> None:
    async with server.running(OK, server.silence) as yespo, posting(yespo.url) as client:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        told: list[Answer] = []
        first = client.pool.post(b"1", None, answered.set_result)
        await answered
        client.pool.post(b"2", None, told.append)
        await until(lambda: len(yespo.requests) == 2)
        assert yespo.connections == 1
        first.abort()
        client.clock.added = 60.0
        await until(lambda: told == [Answer(0, Fault.RESPONSE_TIMEOUT)])


async def test_closing_tells_nobody_and_leaves_nothing_open() -> None:
    told: list[Answer] = []
    async with server.running(server.silence) as yespo, posting(yespo.url) as client:
        client.pool.post(b"{}", None, told.append)
        await until(lambda: len(yespo.requests) == 1)
        client.pool.post(b"{}", None, told.append)
        await client.pool.close()
        assert not client.pool._connections
        assert not client.pool._tasks
    assert told == []


async def test_a_write_that_the_system_refuses_is_repeated_once_and_silently() -> None:
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        assert await client.post() == Answer(200)
        (connection,) = client.pool._connections
        assert connection._transport is not None
        # The system's own word for "the other side is gone" (EPIPE), at the moment of the write.
        connection._transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
        assert await client.post() == Answer(200)
        assert yespo.connections == 2
        assert len(yespo.requests) == 2


async def test_what_waited_for_a_connection_while_the_process_stood_still_is_not_sent() -> None:
    clock = JumpingClock(asyncio.get_running_loop())
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    async with server.running(OK) as yespo:
        pool = HttpPool(Target(yespo.url), PATIENT, clock)
        pool.post(b"yesterday's cart", None, answered.set_result)
        clock.added = 60.0
        assert await asyncio.wait_for(answered, 30) == Answer(0, Fault.CONNECT_TIMEOUT)
        fresh: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        pool.post(b"{}", None, fresh.set_result)
        assert await asyncio.wait_for(fresh, 30) == Answer(200)
        assert [request.body for request in yespo.requests] == [b"{}"]
        await pool.close()


async def test_what_was_to_be_written_when_the_process_stood_still_is_not_sent() -> None:
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        assert await client.post(b"1") == Answer(200)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        client.pool.post(b"yesterday's cart", None, answered.set_result)
        client.clock.added = 21.0  # and the connection is still good
        assert await asyncio.wait_for(answered, 30) == Answer(0, Fault.NOT_SENT)
        assert await client.post(b"2") == Answer(200)
        assert yespo.connections == 1
        assert [request.body for request in yespo.requests] == [b"1", b"2"]


async def test_a_request_aborted_before_it_is_written_leaves_its_connection_to_the_next() -> None:
    told: list[Answer] = []
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        assert await client.post(b"1") == Answer(200)
        client.pool.post(b"2", None, told.append).abort()
        await asyncio.sleep(0)
        assert await client.post(b"3") == Answer(200)
        assert yespo.connections == 1
        assert [request.body for request in yespo.requests] == [b"1", b"3"]
    assert told == []


async def test_a_connection_lost_before_the_request_is_written_costs_it_nothing() -> None:
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        assert await client.post(b"1") == Answer(200)
        (connection,) = client.pool._connections
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        client.pool.post(b"2", None, answered.set_result)
        connection.abort()
        assert await asyncio.wait_for(answered, 30) == Answer(200)
        assert yespo.connections == 2
        assert [request.body for request in yespo.requests] == [b"1", b"2"]


async def test_closing_forgets_what_was_to_be_written() -> None:
    told: list[Answer] = []
    async with server.running(OK) as yespo, posting(yespo.url) as client:
        assert await client.post(b"1") == Answer(200)
        client.pool.post(b"2", None, told.append)
        await client.pool.close()
        assert not client.pool._connections
        assert not client.pool._tasks
        assert len(yespo.requests) == 1
    assert told == []


@pytest.mark.parametrize(
    "url",
    [
        "yespo.io/api",
        "ftp://yespo.io/",
        "https://",
        "https://user:pass@yespo.io/",
        "https://yespo.io/#part",
        "https://yespo.io/a b",
        "https://yespo.io/шлях",
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Target(url)
