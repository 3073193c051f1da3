"""The sandbox answers as the vendor does, and does not trust what it gets (literal HTTP)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from consumer.errors import PortInUseError, SetupError
from consumer.sandbox.server import Sandbox
from consumer.yespo.spec import ContractViolation
from tests.sandbox.raw_http import AUTHORIZED, RawClient
from tests.sandbox.scripted import MISSING_KEY, TOO_LARGE, ScriptedJudge
from tests.sandbox.vendor_bodies import CART_UPDATED, PAST_EVENTS, PRODUCT_PAGE

JSON = b"Content-Type: application/json; charset=UTF-8\r\n"
V2 = JSON + AUTHORIZED


@pytest.fixture
def judge() -> ScriptedJudge:
    return ScriptedJudge()


@pytest.fixture
def sandbox(judge: ScriptedJudge) -> Iterator[Sandbox]:
    with Sandbox(judge) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[RawClient]:
    with RawClient(sandbox.port) as opened:
        yield opened


@pytest.mark.parametrize("key", [b"", b"Authorization: Basic dXNlcjpvdGhlcg==\r\n"])
def test_the_tracker_takes_an_event_with_and_without_a_key(
    sandbox: Sandbox, client: RawClient, key: bytes
) -> None:
    answer = client.post("/api/v2", PRODUCT_PAGE, JSON + key)
    assert (answer.status, answer.body) == (200, b"")
    [one] = sandbox.received
    assert (one.number, one.api, one.event, one.account) == (1, "legacy", "ProductPage", "8A412DC")
    assert (one.body, one.status, one.taken) == (PRODUCT_PAGE, 200, True)
    assert sandbox.counts() == {("legacy", "ProductPage"): 1}


@pytest.mark.parametrize("path", ["/", "/api/v2/", "/api/v1", "/api/v2/events", "/api/v1/event"])
def test_another_path_than_the_documented_ones_is_not_there(
    sandbox: Sandbox, client: RawClient, path: str
) -> None:
    assert client.post(path, PRODUCT_PAGE).status in {404, 405}
    assert sandbox.received == []


def test_the_tracker_may_answer_204_as_one_vendor_page_says() -> None:
    with Sandbox(ScriptedJudge(), legacy_status=204) as sandbox, RawClient(sandbox.port) as client:
        answer = client.post("/api/v2", PRODUCT_PAGE)
        assert answer.status == 204
        assert "content-length" not in answer.headers
        assert client.post("/api/v2", PRODUCT_PAGE).status == 204


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"null", b'{"GeneralInfo": 7}', b"{"])
def test_the_tracker_says_nothing_of_a_broken_body_and_the_verdict_is_kept(
    sandbox: Sandbox, client: RawClient, judge: ScriptedJudge, body: bytes
) -> None:
    judge.verdict = (MISSING_KEY,)
    assert client.post("/api/v2", body).status == 200
    [one] = sandbox.received
    assert (one.event, one.taken) == ("?", True)
    [violation] = sandbox.violations
    assert (violation.number, violation.path, violation.rule) == (1, "eventTypeKey", "required")
    assert sandbox.totals.violating == 1


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/event", "/api/v2/past_events"])
def test_a_question_of_what_may_be_asked_is_no_event(sandbox: Sandbox, path: str) -> None:
    answer = httpx.options(sandbox.url + path)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "POST")
    assert sandbox.received == []


def test_v2_takes_an_event_with_any_user_and_the_key(sandbox: Sandbox) -> None:
    for user in ("shop", "", "anything"):
        answer = httpx.post(
            sandbox.v2_url,
            content=CART_UPDATED,
            auth=(user, "sandbox-key"),
            headers={"Content-Type": "application/json; charset=UTF-8"},
        )
        assert (answer.status_code, answer.content) == (200, b"")
    assert [one.account for one in sandbox.received] == ["shop", "", "anything"]
    assert sandbox.counts() == {("v2", "cartUpdated"): 3}


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Authorization: Basic dXNlcjp3cm9uZw==\r\n",  # user:wrong
        b"Authorization: Basic c2FuZGJveC1rZXk6\r\n",  # sandbox-key: (the key as the user)
        b"Authorization: Basic c2FuZGJveC1rZXk=\r\n",  # sandbox-key, no colon
        b"Authorization: Basic !!!\r\n",
        b"Authorization: Basic /////w==\r\n",  # not UTF-8
        b"Authorization: Bearer sandbox-key\r\n",
    ],
)
@pytest.mark.parametrize("path", ["/api/v2/event", "/api/v2/past_events"])
def test_v2_refuses_a_wrong_key_and_takes_nothing(
    sandbox: Sandbox, client: RawClient, path: str, authorization: bytes
) -> None:
    answer = client.post(path, CART_UPDATED, JSON + authorization)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert sandbox.counts() == {}
    assert [(one.status, one.taken) for one in sandbox.received] == [(401, False)]


def test_a_rotated_key_is_the_only_one_from_then_on(sandbox: Sandbox, client: RawClient) -> None:
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 200
    sandbox.api_key = "new-key"
    assert client.post("/api/v2/event", CART_UPDATED, V2).status == 401
    new = JSON + b"Authorization: Basic dXNlcjpuZXcta2V5\r\n"  # user:new-key
    assert client.post("/api/v2/event", CART_UPDATED, new).status == 200


def test_v2_answers_a_broken_rule_with_the_vendors_sentence(
    sandbox: Sandbox, client: RawClient, judge: ScriptedJudge
) -> None:
    judge.verdict = (MISSING_KEY,)
    answer = client.post("/api/v2/event", b'{"params":[]}', V2)
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == (
        b"The event should have the following params: "
        b'[{"name":"eventTypeKey","required":true,"rule":"required","details":"is required"}]'
    )
    assert sandbox.counts() == {}


def test_v2_answers_413_above_the_documented_size(
    sandbox: Sandbox, client: RawClient, judge: ScriptedJudge
) -> None:
    judge.verdict = (TOO_LARGE,)
    assert client.post("/api/v2/event", b'{"eventTypeKey":"x"}', V2).status == 413
    assert sandbox.received[0].taken is False


def test_other_methods_get_405_and_are_told_the_right_one(client: RawClient) -> None:
    for path in (b"/api/v2/event", b"/api/v2/past_events", b"/api/v2"):
        client.send(b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (path, AUTHORIZED))
        answer = client.answer()
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Content-Type: text/plain\r\n",
        b"Content-Type: application/json; charset=windows-1251\r\n",
        b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
    ],
)
def test_what_is_not_declared_as_plain_utf8_json_is_refused_by_v2_and_noted_by_the_tracker(
    sandbox: Sandbox, client: RawClient, header: bytes
) -> None:
    assert client.post("/api/v2/event", CART_UPDATED, header + AUTHORIZED).status == 415
    assert client.post("/api/v2", PRODUCT_PAGE, header).status == 200
    assert [(found.api, found.rule) for found in sandbox.violations] == [
        ("v2", "header"),
        ("legacy", "header"),
    ]


def test_past_events_gives_a_status_per_event(sandbox: Sandbox, client: RawClient) -> None:
    answer = client.post("/api/v2/past_events", PAST_EVENTS, V2)
    assert answer.status == 200
    assert answer.body == (
        b'{"results":[{"status":"ACCEPTED"},{"status":"ACCEPTED"}],"successCount":2,"errorCount":0}'
    )
    assert sandbox.counts() == {("past_events", "cartUpdated"): 2}
    assert sandbox.received[0].event == "2 events"


def test_past_events_names_the_item_whose_time_is_wrong(
    sandbox: Sandbox, client: RawClient, judge: ScriptedJudge
) -> None:
    judge.verdict = (
        ContractViolation("events[0].occurred", "required", "is required"),
        ContractViolation("events[1].occurred", "format", "has not the documented form"),
    )
    answer = client.post("/api/v2/past_events", PAST_EVENTS, V2)
    assert answer.status == 200
    assert answer.body == (
        b'{"results":[{"status":"OCCURRED_DATE_IS_REQUIRED"},'
        b'{"status":"INCORRECT_OCCURRED_DATE_FORMAT"}],"successCount":0,"errorCount":2}'
    )
    assert sandbox.counts() == {}
    assert sandbox.kinds()["past_events", "cartUpdated"].violating == 2


def test_past_events_with_another_broken_rule_is_refused_as_a_whole(
    sandbox: Sandbox, client: RawClient, judge: ScriptedJudge
) -> None:
    judge.verdict = (ContractViolation("events[1].keyValue", "required", "is required"),)
    answer = client.post("/api/v2/past_events", PAST_EVENTS, V2)
    assert answer.status == 400
    assert answer.body.startswith(b"The event should have the following params: [")
    assert sandbox.counts() == {}


def test_a_repeated_body_is_marked_once_the_first_was_taken(
    sandbox: Sandbox, client: RawClient
) -> None:
    wrong = JSON + b"Authorization: Basic dXNlcjp3cm9uZw==\r\n"
    client.post("/api/v2/event", CART_UPDATED, wrong)
    client.post("/api/v2/event", CART_UPDATED, V2)
    client.post("/api/v2/event", CART_UPDATED.replace(b"45.5", b"46"), V2)
    client.post("/api/v2/event", CART_UPDATED, V2)
    client.post("/api/v2/event", CART_UPDATED, wrong)
    assert [one.repeats for one in sandbox.received] == [None, None, None, 2, None]
    assert sandbox.totals.repeated == 1


def test_the_same_body_at_another_api_is_no_repetition(sandbox: Sandbox, client: RawClient) -> None:
    client.post("/api/v2", CART_UPDATED)
    client.post("/api/v2/event", CART_UPDATED, V2)
    assert sandbox.totals.repeated == 0


def test_the_visitors_user_agent_is_kept(sandbox: Sandbox, client: RawClient) -> None:
    client.post("/api/v2", PRODUCT_PAGE, JSON + b"User-Agent: Mozilla/5.0 (X11)\r\n")
    client.post("/api/v2", PRODUCT_PAGE, JSON)
    assert [one.user_agent for one in sandbox.received] == ["Mozilla/5.0 (X11)", None]


def test_only_so_many_requests_are_held_and_the_counts_go_on() -> None:
    with Sandbox(ScriptedJudge(), keep=2) as sandbox, RawClient(sandbox.port) as client:
        for number in range(5):
            client.post("/api/v2", b'{"n":%d}' % number)
        assert [one.body for one in sandbox.received] == [b'{"n":3}', b'{"n":4}']
        assert sandbox.totals.requests == 5


def test_clear_forgets_bodies_counts_and_repetitions(sandbox: Sandbox, client: RawClient) -> None:
    client.post("/api/v2", PRODUCT_PAGE)
    sandbox.clear()
    assert (sandbox.received, sandbox.counts(), sandbox.totals.requests) == ([], {}, 0)
    client.post("/api/v2", PRODUCT_PAGE)
    assert [(one.number, one.repeats) for one in sandbox.received] == [(1, None)]


# -- HTTP itself


def test_pipelined_requests_are_answered_in_order(sandbox: Sandbox, client: RawClient) -> None:
    request = b"POST /api/v2 HTTP/1.1\r\nHost: localhost\r\n%bContent-Length: %d\r\n\r\n%b"
    other = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
    body = PRODUCT_PAGE
    client.send((request % (JSON, len(body), body) + other) * 100)
    assert [client.answer().status for _ in range(200)] == [200, 404] * 100
    assert sandbox.totals.requests == 100


def test_a_body_in_pieces_chunked_or_announced_with_expect_arrives_whole(
    sandbox: Sandbox, client: RawClient
) -> None:
    head = b"POST /api/v2 HTTP/1.1\r\nHost: localhost\r\n" + JSON
    client.send(head + b"Content-Length: 11\r\n\r\n")
    for piece in (b'{"a"', b":12", b"345}"):
        client.send(piece)
    assert client.answer().status == 200
    client.send(head + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"b\r\n4\r\n":1}\r\n0\r\n\r\n')
    assert client.answer().status == 200
    client.send(head + b"Expect: 100-continue\r\nContent-Length: 7\r\n\r\n")
    assert client.answer().status == 100
    client.send(b'{"c":1}')
    assert client.answer().status == 200
    assert [one.body for one in sandbox.received] == [b'{"a":12345}', b'{"b":1}', b'{"c":1}']


def test_a_client_that_asks_to_close_is_told_so(client: RawClient) -> None:
    answer = client.post("/api/v2", PRODUCT_PAGE, JSON + b"Connection: close\r\n")
    assert answer.headers["connection"] == "close"
    assert client.rest() == b""


def test_what_is_not_http_gets_400_and_the_end(sandbox: Sandbox, client: RawClient) -> None:
    client.send(b"\x16\x03\x01 this is TLS\r\n\r\n")
    assert client.answer().status == 400
    assert client.rest() == b""
    assert sandbox.totals.requests == 0


def test_a_body_without_end_is_cut_off(sandbox: Sandbox, client: RawClient) -> None:
    client.send(b"POST /api/v2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000000\r\n\r\n")
    # Whether the 413 can still be read is up to TCP; the end of the connection is not.
    with pytest.raises(ConnectionError):
        client.send(b"x" * 98_000_000)
    assert sandbox.totals.requests == 0


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/event", "/", "/control/state"])
@pytest.mark.parametrize("host", [b"Host: evil.example\r\n", b"Host: localhost.evil\r\n", b""])
def test_a_foreign_host_name_is_refused_everywhere(
    sandbox: Sandbox, client: RawClient, path: str, host: bytes
) -> None:
    client.send(b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), host))
    assert client.answer().status == 421
    assert sandbox.totals.requests == 0


def test_loopback_names_and_named_hosts_are_served() -> None:
    judge = ScriptedJudge()
    with Sandbox(judge, allowed_hosts=("sandbox.test",)) as sandbox:
        port = str(sandbox.port).encode()
        for host in (b"localhost", b"127.0.0.1", b"[::1]", b"LOCALHOST", b"sandbox.test"):
            for name in (host, host + b":" + port):
                with RawClient(sandbox.port) as client:
                    client.send(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % name)
                    assert client.answer().status == 200


# -- running


def test_a_port_in_use_is_a_clear_error(sandbox: Sandbox) -> None:
    with pytest.raises(PortInUseError, match=f"127.0.0.1:{sandbox.port} is in use"):
        Sandbox(ScriptedJudge(), port=sandbox.port).start_in_thread()


def test_an_address_that_is_not_ours_is_a_clear_error() -> None:
    with pytest.raises(SetupError, match=r"cannot listen on 192\.0\.2\.1"):
        Sandbox(ScriptedJudge(), host="192.0.2.1").start_in_thread()


async def test_it_runs_on_the_callers_loop_too() -> None:
    async with Sandbox(ScriptedJudge()) as sandbox, httpx.AsyncClient() as client:
        answer = await client.post(sandbox.legacy_url, json={"a": 1})
        assert answer.status_code == 200
        assert sandbox.totals.requests == 1
        await sandbox.stop()
        with pytest.raises(httpx.HTTPError):
            await client.post(sandbox.legacy_url, json={"a": 1})


def test_a_file_that_cannot_be_recorded_to_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot record to"):
        Sandbox(ScriptedJudge(), record=tmp_path / "missing" / "file.jsonl")


async def test_many_connections_at_once_lose_nothing() -> None:
    with Sandbox(ScriptedJudge()) as sandbox:
        async with httpx.AsyncClient(timeout=60) as client:
            posts = (client.post(sandbox.legacy_url, json={"n": n}) for n in range(200))
            answers = await asyncio.gather(*posts)
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(one.number for one in sandbox.received) == list(range(1, 201))
        assert len({one.body for one in sandbox.received}) == 200
