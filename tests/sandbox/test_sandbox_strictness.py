"""With the real contract: the vendor's own examples pass, and single mistakes are told apart."""

from collections.abc import Iterator

import pytest

from consumer.sandbox.server import Sandbox
from tests.sandbox.raw_http import AUTHORIZED, RawAnswer, RawClient
from tests.sandbox.vendor_bodies import CART_UPDATED, PAST_EVENTS, PRODUCT_PAGE

V2 = b"Content-Type: application/json; charset=UTF-8\r\n" + AUTHORIZED


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def post(sandbox: Sandbox, path: str, body: bytes) -> RawAnswer:
    with RawClient(sandbox.port) as client:
        return client.post(path, body, V2)


def test_the_vendors_examples_break_no_rule(sandbox: Sandbox) -> None:
    assert post(sandbox, "/api/v2", PRODUCT_PAGE).status == 200
    assert post(sandbox, "/api/v2/event", CART_UPDATED).status == 200
    assert post(sandbox, "/api/v2/past_events", PAST_EVENTS).status == 200
    assert sandbox.violations == []
    assert sandbox.counts() == {
        ("legacy", "ProductPage"): 1,
        ("v2", "cartUpdated"): 1,
        ("past_events", "cartUpdated"): 2,
    }


@pytest.mark.parametrize(
    ("right", "wrong", "path", "rule"),
    [
        (b'"productKey"', b'"product_id"', "ProductPage.Product.productKey", "required"),
        (b'"72354"', b'""', "ProductPage.Product.productKey", "blank"),
        (b"1579622183208", b"1579622183", "GeneralInfo.datetime", "millis"),
        (b'"siteId"', b'"siteID"', "GeneralInfo.siteId", "required"),
        (b'"ProductPage",', b'"ProductPages",', "GeneralInfo.eventName", "value"),
        (b'  "ProductPage": {', b'  "Productpage": {', "ProductPage", "required"),
    ],
)
def test_the_tracker_takes_what_the_contract_refuses_and_the_verdict_names_it(
    sandbox: Sandbox, right: bytes, wrong: bytes, path: str, rule: str
) -> None:
    assert PRODUCT_PAGE.count(right) == 1
    assert post(sandbox, "/api/v2", PRODUCT_PAGE.replace(right, wrong)).status == 200
    assert (path, rule) in [(found.path, found.rule) for found in sandbox.violations]
    assert sandbox.totals.violating == 1


@pytest.mark.parametrize(
    ("right", "wrong", "path"),
    [
        (b'"recycleStateId"', b'"recycleStateID"', "params.recycleStateId"),
        (b'"eventTypeKey"', b'"eventType"', "eventTypeKey"),
        (b'\\"quantity\\":1,', b"", "params.products[0].quantity"),
        (b'"value": "USD"', b'"value": "US dollars"', "params.currencyCode"),
        (b'{\n      "name": "email"', b'{\n      "name": "phone"', "params.phone"),
    ],
)
def test_v2_refuses_a_single_mistake_and_names_the_field(
    sandbox: Sandbox, right: bytes, wrong: bytes, path: str
) -> None:
    assert CART_UPDATED.count(right) == 1
    answer = post(sandbox, "/api/v2/event", CART_UPDATED.replace(right, wrong))
    assert answer.status == 400
    assert answer.body.startswith(b"The event should have the following params: [")
    assert b'"name":"%b"' % path.encode() in answer.body
    assert sandbox.counts() == {}


def test_v2_takes_20000_bytes_and_refuses_one_more(sandbox: Sandbox) -> None:
    name = b',{"name":"note","value":"'
    room = 20_000 - len(CART_UPDATED) - len(name) - len(b'"}')
    head, _, tail = CART_UPDATED.rpartition(b"\n  ]")
    fits = head + name + b"x" * room + b'"}' + b"\n  ]" + tail
    assert len(fits) == 20_000
    assert post(sandbox, "/api/v2/event", fits).status == 200
    assert post(sandbox, "/api/v2/event", fits.replace(b"xxx", b"xxxx", 1)).status == 413


def test_past_events_gives_the_vendors_status_for_a_wrong_time(sandbox: Sandbox) -> None:
    without = PAST_EVENTS.replace(b',"occurred":"2026-11-20T10:00"', b"")
    answer = post(sandbox, "/api/v2/past_events", without)
    assert answer.body == (
        b'{"results":[{"status":"OCCURRED_DATE_IS_REQUIRED"},{"status":"ACCEPTED"}],'
        b'"successCount":1,"errorCount":1}'
    )
    seconds = PAST_EVENTS.replace(b"10:05", b"10:05:00")
    answer = post(sandbox, "/api/v2/past_events", seconds)
    assert answer.body == (
        b'{"results":[{"status":"ACCEPTED"},{"status":"INCORRECT_OCCURRED_DATE_FORMAT"}],'
        b'"successCount":1,"errorCount":1}'
    )
    assert sandbox.counts() == {("past_events", "cartUpdated"): 2}


def test_past_events_takes_500_and_not_501(sandbox: Sandbox) -> None:
    item = PAST_EVENTS[len(b'{"events":[') : PAST_EVENTS.index(b',{\n  "eventTypeKey"')]
    for count, status in ((500, 200), (501, 400)):
        body = b'{"events":[' + b",".join([item] * count) + b"]}"
        assert post(sandbox, "/api/v2/past_events", body).status == status
    assert sandbox.counts() == {("past_events", "cartUpdated"): 500}


@pytest.mark.parametrize(
    ("api", "status"), [("/api/v2", 200), ("/api/v2/event", 400), ("/api/v2/past_events", 400)]
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[" * 19_000,
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"eventTypeKey":"a","keyValue":"k","params":[],"\\udfff":1}',
        b'{"events":[7,null]}',
        b'{"GeneralInfo":[],"GeneralInfo":{}}',
        b'{"eventTypeKey":{},"params":[7,{"name":[]},{"name":"a"}]}',
    ],
    ids=range(12),
)
def test_any_bytes_get_an_answer_and_a_verdict(
    sandbox: Sandbox, api: str, status: int, body: bytes
) -> None:
    assert post(sandbox, api, body).status == status
    assert sandbox.violations != []
