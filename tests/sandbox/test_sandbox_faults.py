"""Every way in which the sandbox can misbehave, seen from the client's end of the socket."""

import asyncio
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from pydantic import ValidationError

from consumer.errors import ConfigError
from consumer.sandbox.faults import Fault, FaultEngine, FaultProfile
from consumer.sandbox.server import Sandbox
from tests.sandbox.raw_http import AUTHORIZED, RawClient, connects, eventually
from tests.sandbox.scripted import ScriptedJudge
from tests.sandbox.vendor_bodies import CART_UPDATED, PAST_EVENTS, PRODUCT_PAGE

V2 = b"Content-Type: application/json\r\n" + AUTHORIZED


class Tick:
    """A clock the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tick() -> Tick:
    return Tick()


@pytest.fixture
def sandbox(tick: Tick) -> Iterator[Sandbox]:
    with Sandbox(ScriptedJudge(), monotonic=tick) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[RawClient]:
    with RawClient(sandbox.port) as opened:
        yield opened


def test_an_error_share_of_one_refuses_all_and_takes_nothing(
    sandbox: Sandbox, client: RawClient
) -> None:
    sandbox.faults = FaultProfile(error=1, error_status=502)
    assert client.post("/api/v2", PRODUCT_PAGE).status == 502
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 502
    assert sandbox.counts() == {}
    assert [(one.status, one.fault, one.taken) for one in sandbox.received] == [
        (502, "error", False)
    ] * 2
    assert sandbox.totals.faults == {"error": 2}


def test_a_5xx_without_a_registered_name_goes_out_as_it_is(
    sandbox: Sandbox, client: RawClient
) -> None:
    sandbox.faults = FaultProfile(error=1, error_status=520)
    assert client.post("/api/v2", PRODUCT_PAGE).status == 520


def test_a_profile_can_leave_the_other_apis_alone(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(error=1, only=("v2",))
    assert client.post("/api/v2", PRODUCT_PAGE).status == 200
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 500
    assert client.post("/api/v2/past_events", PAST_EVENTS, V2).status == 200


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    profile = FaultProfile(error=0.2, hang=0.1, reset_after=0.1)

    def drawn(seed: int) -> list[Fault | None]:
        engine = FaultEngine(profile, seed, time.monotonic)
        return [engine.draw("v2") for _ in range(300)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    # 60, 30, 30 and 180 expected: four standard deviations are 28, 21, 21 and 34.
    assert 32 <= drawn(7).count(Fault.ERROR) <= 88
    assert 9 <= drawn(7).count(Fault.HANG) <= 51
    assert 9 <= drawn(7).count(Fault.RESET_AFTER) <= 51
    assert 146 <= drawn(7).count(None) <= 214


def test_bursts_fail_in_a_row_and_at_their_time(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(burst_every=5, burst_length=2, error_status=503)
    statuses = [client.post("/api/v2", PRODUCT_PAGE).status for _ in range(10)]
    assert statuses == [200, 200, 200, 503, 503, 200, 200, 200, 503, 503]


def test_above_the_rate_429_until_the_second_is_over(
    sandbox: Sandbox, client: RawClient, tick: Tick
) -> None:
    sandbox.faults = FaultProfile(throttle_above=2)
    answers = [client.post("/api/v2/event", CART_UPDATED, V2) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert "retry-after" not in answers[2].headers
    assert client.post("/api/v2", PRODUCT_PAGE).status == 200  # each API has its own window
    tick.now += 0.9
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 429
    tick.now += 0.2
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 200
    assert sandbox.counts()["v2", "cartUpdated"] == 3


def test_a_429_names_its_retry_after_if_the_profile_does(
    sandbox: Sandbox, client: RawClient
) -> None:
    sandbox.faults = FaultProfile(throttle_above=1, retry_after=3)
    client.post("/api/v2", PRODUCT_PAGE)
    answer = client.post("/api/v2", PRODUCT_PAGE)
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")


def test_a_latency_holds_the_answer_back(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(latency="0.2")
    started = time.monotonic()
    assert client.post("/api/v2", PRODUCT_PAGE).status == 200
    assert time.monotonic() - started >= 0.2


def test_one_slow_person_waits_alone(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(slow="visitor-[78]", slow_seconds=60)
    with RawClient(sandbox.port, timeout=1) as slow, pytest.raises(TimeoutError):
        slow.post("/api/v2", b'{"sc": "visitor-7"}')
    assert client.post("/api/v2", b'{"sc": "visitor-1"}').status == 200


def test_a_slow_connection_does_not_hold_up_another(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(latency="60", only=("legacy",))
    client.send(
        b"POST /api/v2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    eventually(lambda: sandbox.totals.requests == 1)
    with RawClient(sandbox.port) as other:
        assert other.post("/api/v2/event", CART_UPDATED, V2).status == 200


@pytest.mark.parametrize(
    ("text", "low", "high", "median"),
    [
        ("0.25", 0.25, 0.25, (0.25, 0.25)),
        ("0.02..0.08", 0.02, 0.08, (0.045, 0.055)),
        ("0.03 p99 0.5", 0.0, 20.0, (0.025, 0.036)),
    ],
)
def test_a_latency_is_drawn_as_it_is_written(
    text: str, low: float, high: float, median: tuple[float, float]
) -> None:
    engine = FaultEngine(FaultProfile(latency=text), 1, time.monotonic)
    drawn = sorted(engine.latency("v2") for _ in range(4000))
    assert low <= drawn[0] <= drawn[-1] <= high
    assert median[0] <= drawn[2000] <= median[1]
    if "p99" in text:
        assert 0.38 <= drawn[3960] <= 0.65


def test_a_hanging_vendor_reads_and_never_answers(sandbox: Sandbox) -> None:
    sandbox.faults = FaultProfile(hang=1)
    with RawClient(sandbox.port, timeout=0.2) as client, pytest.raises(TimeoutError):
        client.post("/api/v2", PRODUCT_PAGE)
    [one] = sandbox.received
    assert (one.body, one.status, one.taken, one.fault) == (PRODUCT_PAGE, 0, False, "hang")


def test_a_reset_before_reading_leaves_nothing_but_a_count(
    sandbox: Sandbox, client: RawClient
) -> None:
    sandbox.faults = FaultProfile(reset_before=1)
    client.send(b"POST /api/v2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        client.answer()
    assert sandbox.received == []
    assert sandbox.totals.faults == {"reset_before": 1}


def test_a_reset_after_reading_has_taken_the_event(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(reset_after=1)
    with pytest.raises(ConnectionResetError):
        client.post("/api/v2/event", CART_UPDATED, V2)
    [one] = sandbox.received
    assert (one.status, one.taken, one.fault) == (0, True, "reset_after")
    sandbox.faults = FaultProfile()
    with RawClient(sandbox.port) as again:
        again.post("/api/v2/event", CART_UPDATED, V2)
    assert sandbox.totals.repeated == 1


def test_a_slow_body_comes_in_single_bytes(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(slow_body=1, slow_body_seconds=0.3)
    started = time.monotonic()
    answer = client.post("/api/v2/event", CART_UPDATED, V2)
    assert time.monotonic() - started >= 0.29
    assert (answer.status, answer.body) == (200, b'{"status": "ok"}')
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 200
    assert [one.taken for one in sandbox.received] == [True, True]


def test_a_slow_body_of_a_refusal_keeps_its_status(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(slow_body=1, slow_body_seconds=0.05)
    answer = client.post("/api/v2/event", CART_UPDATED)
    assert (answer.status, answer.body) == (401, b"Unauthorized")


def test_a_malformed_answer_is_not_http(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(malformed=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(sandbox.legacy_url, json={})
    [one] = sandbox.received
    assert (one.status, one.taken) == (0, True)


def test_a_redirect_leads_elsewhere_and_takes_nothing(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(redirect=1)
    answer = client.post("/api/v2", PRODUCT_PAGE)
    assert (answer.status, answer.headers["location"]) == (302, "/moved/elsewhere")
    assert sandbox.counts() == {}


def test_a_proxy_page_is_html_with_503(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(proxy_page=1)
    answer = client.post("/api/v2", PRODUCT_PAGE)
    assert answer.status == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert b"<h1>503 Service Temporarily Unavailable</h1>" in answer.body


def test_a_connection_ends_with_its_nth_answer_announced_or_not(sandbox: Sandbox) -> None:
    for announced in (True, False):
        sandbox.faults = FaultProfile(close_after=3, announce_close=announced)
        with RawClient(sandbox.port) as client:
            answers = [client.post("/api/v2", PRODUCT_PAGE) for _ in range(3)]
            assert [answer.status for answer in answers] == [200, 200, 200]
            assert [answer.headers.get("connection") for answer in answers] == [
                None,
                None,
                "close" if announced else None,
            ]
            assert client.rest() == b""


def test_a_firewall_forbids_one_body_and_lets_the_next_through(
    sandbox: Sandbox, client: RawClient
) -> None:
    sandbox.faults = FaultProfile(forbid=r"(?i)' or 1=1")
    answer = client.post("/api/v2", b'{"search": "x\' OR 1=1 --"}')
    assert (answer.status, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert client.post("/api/v2", PRODUCT_PAGE).status == 200
    assert [one.taken for one in sandbox.received] == [False, True]


def test_a_revoked_key_gets_401_from_now_on(sandbox: Sandbox, client: RawClient) -> None:
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 200
    sandbox.faults = FaultProfile(unauthorized=True)
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 401
    assert client.post("/api/v2", PRODUCT_PAGE).status == 200
    sandbox.faults = FaultProfile()
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 200


def test_past_events_can_refuse_a_type_inside_a_200(sandbox: Sandbox, client: RawClient) -> None:
    sandbox.faults = FaultProfile(item_status={"cartUpdated": "EVENT_SEGMENTATION_DISABLED"})
    answer = client.post("/api/v2/past_events", PAST_EVENTS, V2)
    assert answer.status == 200
    assert answer.body == (
        b'{"results":[{"status":"EVENT_SEGMENTATION_DISABLED"},'
        b'{"status":"EVENT_SEGMENTATION_DISABLED"}],"successCount":0,"errorCount":2}'
    )
    assert sandbox.counts() == {}


def test_refused_connections_come_back_on_the_same_port(
    sandbox: Sandbox, client: RawClient
) -> None:
    client.post("/api/v2", PRODUCT_PAGE)
    sandbox.refuse_connections()
    with pytest.raises(ConnectionError):  # the open connection was reset
        client.post("/api/v2", PRODUCT_PAGE)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            RawClient(sandbox.port)
    sandbox.accept_connections()
    eventually(lambda: connects(sandbox.port))
    with RawClient(sandbox.port) as again:
        assert again.post("/api/v2", PRODUCT_PAGE).status == 200


def test_refusing_for_a_time_ends_by_itself(sandbox: Sandbox) -> None:
    started = time.monotonic()
    sandbox.refuse_connections(0.2)
    assert not connects(sandbox.port)
    eventually(lambda: connects(sandbox.port))
    assert time.monotonic() - started >= 0.2


async def test_refusing_works_from_another_thread_than_the_loops() -> None:
    async with Sandbox(ScriptedJudge()) as sandbox:
        await asyncio.to_thread(sandbox.refuse_connections)
        assert not await asyncio.to_thread(connects, sandbox.port)


async def test_refusing_works_on_the_callers_own_loop() -> None:
    async with Sandbox(ScriptedJudge()) as sandbox, httpx.AsyncClient() as client:
        sandbox.refuse_connections()
        with pytest.raises(httpx.ConnectError):
            await client.post(sandbox.legacy_url, json={})
        sandbox.accept_connections()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                answer = await client.post(sandbox.legacy_url, json={})
            except httpx.ConnectError:
                continue
            assert answer.status_code == 200
            return
        pytest.fail("connections were not accepted again")


def test_profiles_can_change_under_load_without_losing_a_request(sandbox: Sandbox) -> None:
    def load() -> None:
        with RawClient(sandbox.port) as client:
            for _ in range(200):
                client.post("/api/v2", PRODUCT_PAGE)

    workers = [threading.Thread(target=load) for _ in range(4)]
    for worker in workers:
        worker.start()
    for share in (0.5, 0.0, 1.0, 0.25):
        sandbox.faults = FaultProfile(error=share)
    for worker in workers:
        worker.join()
    assert [one.number for one in sandbox.received] == list(range(1, 801))


# -- the profile as a person writes it


def test_flags_make_the_profile_they_say() -> None:
    profile = FaultProfile.from_flags(
        [
            "error=0.05",
            "latency=0.02..0.08",
            "only=v2,past_events",
            "retry_after=3",
            "announce_close=false",
            "forbid=a=b",
            "item_status=cartUpdated:SERVER_ERROR",
        ]
    )
    assert profile == FaultProfile(
        error=0.05,
        latency="0.02..0.08",
        only=("v2", "past_events"),
        retry_after=3,
        announce_close=False,
        forbid="a=b",
        item_status={"cartUpdated": "SERVER_ERROR"},
    )


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("eror=0.1", "unknown fault; did you mean `error`?"),
        ("error", "write `error=VALUE`"),
        ("error=2", "error: Input should be less than or equal to 1"),
        ("error=nan", "error: "),
        ("latency=fast", "write seconds: `0.05`"),
        ("latency=0.5..0.1", "the range is upside down"),
        ("latency=1..2..3", "write seconds"),
        ("latency=-1", "write seconds"),
        ("latency=inf", "write seconds"),
        ("forbid=(", "not a regular expression"),
        ("only=v3", "only.0: Input should be 'legacy', 'v2' or 'past_events'"),
        ("item_status=cartUpdated", "item_status.cartUpdated: Input should be"),
        ("throttle_above=0", "throttle_above: Input should be greater than 0"),
    ],
)
def test_a_wrong_flag_says_what_to_write(flag: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FaultProfile.from_flags([flag])
    assert words in str(caught.value)
    assert str(caught.value).startswith("--fault ")


def test_shares_cannot_exceed_the_whole() -> None:
    with pytest.raises(ValidationError, match=r"the shares add up to 1\.2"):
        FaultProfile(error=0.6, hang=0.6)
    with pytest.raises(ValidationError, match="burst_length is the part of burst_every"):
        FaultProfile(burst_every=2, burst_length=3)
