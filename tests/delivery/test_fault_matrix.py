"""Every fault of the list, through the whole stage and over real sockets, with both clients: the
event ends as documented, once, and is sent again only where that is right."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import pytest
import trustme

from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings, RetrySettings
from consumer.delivery.deliver import Delivery, pool_opener
from consumer.delivery.destination import Destination
from consumer.delivery.http.answer import Answer
from consumer.model import Ended, Event, Flight, Outcome
from consumer.telemetry.tallies import Tallies
from tests.delivery import fault_server as server
from tests.delivery.faults import (
    ANSWERS,
    OK,
    TIMED,
    TIMED_BY_HTTPX,
    serving,
    unanswering_port,
    until,
)
from tests.delivery.makers import V2, a_flight, a_partition, an_event

pytestmark = pytest.mark.slow

INVALID = {400, 409, 413, 422}
"""The statuses of the list that are an event's own fault; what is neither these nor 2xx is tried
again, and the second time the server is well."""
UNJUDGED = {502, 504}
"""Answers of a gateway that had none itself: the event may have arrived."""

IN_NO_HURRY = {"connect_timeout": 60.0, "response_timeout": 60.0, "total_timeout": 60.0}
"""A machine that stands still for a while is no fault."""

Client = Literal["pool", "httpx"]
both_clients = pytest.mark.parametrize("client", ["pool", "httpx"])


@dataclass
class Stage:
    """A delivery stage with one endpoint, and how the events given to it ended, by body."""

    delivery: Delivery
    tallies: Tallies
    outcomes: dict[str, Outcome]

    async def send(self, *names: str) -> list[Outcome]:
        flight = a_flight(a_partition())
        for name in names:
            self.delivery.submit(an_event(name), flight)
        await until(lambda: all(name in self.outcomes for name in names), 60)
        return [self.outcomes[name] for name in names]

    @property
    def codes(self) -> Counter[str]:
        """Attempts by the code that metrics show."""
        return Counter(
            {code: count for (_, _, code), count in self.tallies.counter("requests").items()}
        )


@asynccontextmanager
async def a_stage(url: str, client: Client, **settings: object) -> AsyncIterator[Stage]:
    outcomes: dict[str, Outcome] = {}

    def ended(flight: Flight, event: Event, outcome: Outcome) -> None:
        assert event.body.decode() not in outcomes, "an event ends once"
        outcomes[event.body.decode()] = outcome

    chosen = DeliverySettings.model_validate(
        {"client": client, "retry": RetrySettings(initial=0.01), **IN_NO_HURRY, **settings}
    )
    clock, tallies = SystemClock(asyncio.get_running_loop()), Tallies()
    delivery = Delivery(
        [Destination(V2, url, lambda: "key")],
        chosen,
        open_pool=pool_opener(chosen, clock),
        ended=ended,
        may_send=lambda: True,
        clock=clock,
        tallies=tallies,
        rng=Random(3),
    )
    yield Stage(delivery, tallies, outcomes)
    await delivery.close()


class End(NamedTuple):
    ended: Ended
    requests: int
    """That the server has read."""
    ambiguous: bool
    codes: Counter[str] | None
    """None where the client does not tell one fault from another."""


def documented(answer: Answer, client: Client) -> End:
    if 200 <= answer.status < 300:
        return End(Ended.DELIVERED, 1, False, Counter([answer.code]))
    if answer.status in INVALID:
        return End(Ended.DEAD_LETTERED, 1, False, Counter([answer.code]))
    ambiguous = answer.fault is not None or answer.status in UNJUDGED
    told = client == "pool" or answer.fault is None
    return End(Ended.DELIVERED, 2, ambiguous, Counter([answer.code, "200"]) if told else None)


async def end_of(act: server.Act, client: Client, **settings: object) -> End:
    async with server.running(act, OK) as yespo, a_stage(yespo.url, client, **settings) as stage:
        [outcome] = await stage.send("{}")
        return End(outcome.ended, len(yespo.requests), outcome.ambiguous, stage.codes)


@both_clients
async def test_each_fault_ends_as_documented(client: Client) -> None:
    cases = {
        name: (act, documented(expected, client))
        for name, act, expected, _ in ANSWERS
        if not expected.retry_after.isdigit()  # those wait for seconds: see below
    }
    timed = TIMED if client == "pool" else TIMED_BY_HTTPX
    impatient = {"response_timeout": 1.0, "total_timeout": 1.5}
    ends = await asyncio.gather(
        *[
            end_of(act, client, **impatient if name in timed else {})
            for name, (act, _) in cases.items()
        ]
    )
    for (name, (_, expected)), end in zip(cases.items(), ends, strict=True):
        if name in timed:
            # A machine that stands still makes a short time-out pass once more than the fault.
            assert (end.ended, end.ambiguous) == (Ended.DELIVERED, True), name
            assert end.requests >= 2, name
        else:
            codes = end.codes if expected.codes is not None else None
            assert end._replace(codes=codes) == expected, name
    assert len(cases) >= 40


# --- before the request: nothing is sent, and the next connection leads to where all is well

HOST = "yespo.test"
BESIDE = "127.0.0.2"
"""Where the first look-up of a name leads; the next ones lead to the server that is well."""


@dataclass
class Names:
    """Name resolution as the test says: the first look-up of a name fails, or leads beside."""

    missing: set[str] = field(default_factory=set)
    looked_up: Counter[str] = field(default_factory=Counter)

    def getaddrinfo(self, host: str | bytes, port: int, *_: Any, **__: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        self.looked_up[name] += 1
        first = self.looked_up[name] == 1
        if first and name in self.missing:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = BESIDE if first else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


Beside = Callable[[int, trustme.CA], AbstractAsyncContextManager[object]]
"""What is at this port of the address `BESIDE`."""


@asynccontextmanager
async def nobody(port: int, authority: trustme.CA) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def hanging(port: int, authority: trustme.CA) -> AsyncIterator[None]:
    with unanswering_port(BESIDE, port):
        yield


def saying(words: bytes) -> Beside:
    """Whoever connects hears this, and the connection ends."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        writer.close()

    @asynccontextmanager
    async def talking(port: int, authority: trustme.CA) -> AsyncIterator[None]:
        listening = await asyncio.start_server(say, BESIDE, port)
        yield
        listening.close()

    return talking


def behind(make: Callable[[trustme.CA], ssl.SSLContext]) -> Beside:
    """A server with this certificate, in a world where `authority` is trusted."""

    @asynccontextmanager
    async def refused(port: int, authority: trustme.CA) -> AsyncIterator[None]:
        context = make(authority)
        async with server.running(OK, tls=context, host=BESIDE, port=port) as wrong:
            yield
            assert wrong.requests == [], "nothing may be sent to whom we do not trust"

    return refused


def expired(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    authority.issue_cert(HOST, not_after=yesterday).configure_cert(context)
    return context


def outdated(authority: trustme.CA) -> ssl.SSLContext:
    """It knows one cipher, for certificates of another kind than its own: no client can choose it."""
    context = serving(authority, HOST)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    return context


def asking_for_ours(authority: trustme.CA, name: str = HOST) -> ssl.SSLContext:
    context = serving(authority, name)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class Trouble(NamedTuple):
    code: str
    beside: Beside
    tls: bool = True
    or_code: str = ""
    """Its code where the end of the connection is seen before the reason for it."""


TROUBLES = {
    "no such name": Trouble("dns", nobody, tls=False),
    "refused": Trouble("connect_refused", nobody, tls=False),
    "no answer to the connection": Trouble("connect_timeout", hanging, tls=False),
    "an unknown authority": Trouble("tls", behind(lambda _: serving(trustme.CA(), HOST))),
    "a certificate of another name": Trouble("tls", behind(lambda ca: serving(ca, "x.example"))),
    "an expired certificate": Trouble("tls", behind(expired)),
    "no cipher in common": Trouble("tls", behind(outdated), or_code="connect_failed"),
    "plain HTTP where TLS is spoken": Trouble("tls", saying(b"HTTP/1.1 400 Bad\r\n\r\n")),
    "closed in the handshake": Trouble("connect_failed", saying(b""), or_code="tls"),
}


@both_clients
@pytest.mark.parametrize("fault", TROUBLES)
async def test_before_a_connection_stands_nothing_is_sent_and_nothing_is_lost(
    client: Client, fault: str, names: Names, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trouble = TROUBLES[fault]
    if fault == "no such name":
        names.missing.add(HOST)
    hangs = trouble.code == "connect_timeout"
    settings = {"ca_file": str(tmp_path / "ca.pem"), "connect_timeout": 0.5 if hangs else 60.0}
    well = serving(authority, HOST) if trouble.tls else None
    async with server.running(OK, tls=well) as yespo, trouble.beside(yespo.port, authority):
        url = f"http{'s' if trouble.tls else ''}://{HOST}:{yespo.port}/api/v2/event"
        async with a_stage(url, client, **settings) as stage:
            [outcome] = await stage.send("{}")
        assert (outcome.ended, outcome.ambiguous) == (Ended.DELIVERED, False)
        assert len(yespo.requests) == 1
        codes = stage.codes
        # Half a second may also pass on the good connection, on a machine that stands still.
        assert codes.total() == 2 or hangs
        assert codes.keys() in ({trouble.code, "200"}, {trouble.or_code, "200"})


@both_clients
async def test_a_gateway_that_wants_a_certificate_of_ours_loses_nothing(
    client: Client, names: Names, tmp_path: Path
) -> None:
    """TLS 1.3 tells of it only once the request may be under way."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    well, beside = serving(authority, HOST), behind(asking_for_ours)
    async with server.running(OK, tls=well) as yespo, beside(yespo.port, authority):
        url = f"https://{HOST}:{yespo.port}/api/v2/event"
        async with a_stage(url, client, ca_file=str(tmp_path / "ca.pem")) as stage:
            [outcome] = await stage.send("{}")
        assert outcome.ended is Ended.DELIVERED
        assert len(yespo.requests) == 1


@both_clients
async def test_a_gateway_that_wants_a_certificate_of_ours_is_shown_the_one_we_have(
    client: Client, tmp_path: Path
) -> None:
    authority, files = trustme.CA(), {name: str(tmp_path / name) for name in ("ca", "ours", "key")}
    ours = authority.issue_cert("bridge.example")
    authority.cert_pem.write_to_path(files["ca"])
    ours.cert_chain_pems[0].write_to_path(files["ours"])
    ours.private_key_pem.write_to_path(files["key"])
    settings = {
        "ca_file": files["ca"],
        "certificate_file": files["ours"],
        "key_file": files["key"],
    }
    async with server.running(OK, tls=asking_for_ours(authority, "127.0.0.1")) as gateway:
        url = f"https://127.0.0.1:{gateway.port}/api/v2/event"
        async with a_stage(url, client, **settings) as stage:
            [outcome] = await stage.send("{}")
        assert outcome == Outcome(Ended.DELIVERED, 1)
        assert len(gateway.requests) == 1


# --- one event, one moment, one connection


@both_clients
@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found"])
async def test_an_answer_to_one_event_alone_costs_that_event_alone(
    client: Client, status: str
) -> None:
    async def by_body(asked: server.Client) -> None:
        await (server.answer(status) if asked.body == b"odd" else OK)(asked)

    others = [f"event {number}" for number in range(40)]
    async with (
        server.running(by_body) as yespo,
        a_stage(yespo.url, client, max_in_flight=4) as stage,
    ):
        odd, *rest = await stage.send("odd", *others)
        assert odd.ended is Ended.DEAD_LETTERED
        assert odd.failure is not None
        assert odd.failure.detail == f"answered {status[:3]}; others were taken"
        assert {outcome.ended for outcome in rest} == {Ended.DELIVERED}
        asked = Counter(request.body.decode() for request in yespo.requests)
    assert asked.pop("odd") == 2, "tried once more, after others were taken"
    assert asked == Counter(others)


async def waited(client: Client, status: str, form: str) -> float:
    """Seconds between an answer that names a time, and the next attempt."""
    asked: list[float] = []

    async def later(one: server.Client) -> None:
        asked.append(asyncio.get_running_loop().time())
        # The date is of whole seconds: between one and two from now.
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        wait = "1" if form == "seconds" else date
        await server.answer(status, b"", f"Retry-After: {wait}\r\n")(one)

    async def well(one: server.Client) -> None:
        asked.append(asyncio.get_running_loop().time())
        await OK(one)

    async with server.running(later, well) as yespo, a_stage(yespo.url, client) as stage:
        [outcome] = await stage.send("{}")
    assert outcome.ended is Ended.DELIVERED
    first, second = asked
    return second - first


@both_clients
async def test_a_server_that_names_a_time_is_not_asked_before_it(client: Client) -> None:
    answers = [
        (status, form) for status in ("429 Too Many", "503 Busy") for form in ("seconds", "date")
    ]
    pauses = await asyncio.gather(*[waited(client, *each) for each in answers])
    assert min(pauses) >= 0.9, dict(zip(answers, pauses, strict=True))


@both_clients
async def test_an_answer_before_the_request_has_come_is_the_answer(client: Client) -> None:
    large = "x" * 1_000_000
    refused = server.early(server.answer("413 Too Large"))
    async with (
        server.running(refused, read_first=False) as yespo,
        a_stage(yespo.url, client) as stage,
    ):
        [outcome] = await stage.send(large)
        assert (outcome.ended, len(yespo.requests)) == (Ended.DEAD_LETTERED, 1)
    busy, well = server.early(server.answer("503 Busy")), server.early(OK)
    async with (
        server.running(busy, well, read_first=False) as yespo,
        a_stage(yespo.url, client) as stage,
    ):
        [outcome] = await stage.send(large)
        assert (outcome.ended, len(yespo.requests)) == (Ended.DELIVERED, 2)
        assert stage.codes == Counter(["503", "200"])


@both_clients
async def test_a_kept_connection_that_was_closed_meanwhile_carries_nothing(client: Client) -> None:
    async def answer_then_close(one: server.Client) -> None:
        await OK(one)
        one.writer.close()

    async with server.running(answer_then_close, OK) as yespo, a_stage(yespo.url, client) as stage:
        await stage.send("first")
        [outcome] = await stage.send("second")
        assert outcome.ended is Ended.DELIVERED
        assert [request.body for request in yespo.requests] == [b"first", b"second"]


@both_clients
async def test_a_kept_connection_that_closes_on_a_request_repeats_it_as_ambiguous(
    client: Client,
) -> None:
    async with (
        server.running(OK, server.close, OK) as yespo,
        a_stage(yespo.url, client) as stage,
    ):
        await stage.send("first")
        [outcome] = await stage.send("second")
        assert (outcome.ended, outcome.ambiguous) == (Ended.DELIVERED, True)
        assert [request.body for request in yespo.requests] == [b"first", b"second", b"second"]
        assert stage.codes == Counter(["200", "reset_before_answer", "200"])
