"""The page and the control endpoint: masked, same origin only, and it works in a real browser."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from consumer.privacy.documents import DocumentMask
from consumer.sandbox import page as page_module
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.server import Sandbox
from consumer.sandbox.store import Origin
from consumer.yespo.spec import ContractViolation
from tests.parts.programs import Browser
from tests.sandbox.raw_http import AUTHORIZED, RawClient, connects, eventually
from tests.sandbox.scripted import ScriptedJudge
from tests.sandbox.vendor_bodies import CART_UPDATED, PAST_EVENTS, PRODUCT_PAGE

V2 = b"Content-Type: application/json\r\n" + AUTHORIZED

SECRETS = (
    "1234509876",
    "1-541-754-3010",
    "user@mail.com",
    "Gregori",
    "255830499",
    "CDA68358",
    "example@email.com",
    "73456712",
)
"""Every personal value in the vendor's examples."""


@pytest.fixture
def judge() -> ScriptedJudge:
    return ScriptedJudge()


@pytest.fixture
def sandbox(judge: ScriptedJudge) -> Iterator[Sandbox]:
    with Sandbox(judge) as running:
        yield running


@pytest.fixture
def console(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, timeout=5) as client:
        yield client


def fill(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        client.post("/api/v2", PRODUCT_PAGE)
        client.post("/api/v2/event", CART_UPDATED, V2)
        client.post("/api/v2/past_events", PAST_EVENTS, V2)


def state(console: httpx.Client, after: str = "0") -> Any:
    return console.get("/control/state", params={"after": after}).json()


def test_the_state_shows_what_arrived_and_nothing_personal(
    sandbox: Sandbox, console: httpx.Client
) -> None:
    fill(sandbox)
    text = console.get("/control/state").text
    assert [secret for secret in SECRETS if secret in text] == []
    shown = json.loads(text)
    assert [(one["number"], one["event"]) for one in shown["received"]] == [
        (3, "2 events"),
        (2, "cartUpdated"),
        (1, "ProductPage"),
    ]
    assert re.fullmatch(r"email #[0-9a-f]{8}", shown["received"][1]["person"])
    assert re.fullmatch(r"user_es_contact_id #[0-9a-f]{8}", shown["received"][2]["person"])
    product_page = json.loads(shown["received"][2]["body"])
    assert product_page["ProductPage"]["Product"]["price"] == "754 USD"
    assert product_page["GeneralInfo"]["siteId"] == "8A412DC"
    assert product_page["GeneralInfo"]["datetime"] == 1579622183208
    assert [(kind["api"], kind["event"], kind["taken"]) for kind in shown["kinds"]] == [
        ("legacy", "ProductPage", 1),
        ("past_events", "cartUpdated", 2),
        ("v2", "cartUpdated", 1),
    ]


def test_the_state_goes_on_after_the_last_number(sandbox: Sandbox, console: httpx.Client) -> None:
    fill(sandbox)
    assert [one["number"] for one in state(console, "2")["received"]] == [3]
    assert state(console, "3")["received"] == []
    assert len(state(console, "-1")["received"]) == 3
    assert len(state(console, "9" * 5000)["received"]) == 3


def test_the_state_tells_why_a_request_was_refused(
    sandbox: Sandbox, console: httpx.Client, judge: ScriptedJudge
) -> None:
    judge.verdict = (
        ContractViolation("params.eve@example.com", "unknown", "is no field of this event"),
    )
    fill(sandbox)
    cart = state(console)["received"][1]
    assert (cart["status"], cart["taken"]) == (400, False)
    [why] = cart["violations"]
    assert re.fullmatch(r"#[0-9a-f]{8}", why["path"])
    assert why["rule"] == "unknown"


def test_a_body_that_is_not_json_is_not_shown(sandbox: Sandbox, console: httpx.Client) -> None:
    with RawClient(sandbox.port) as client:
        client.post("/api/v2", b"email=user@mail.com")
    assert state(console)["received"][0]["body"] == "(19 bytes that are not JSON)"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"[" * 900 + b"]" * 900, "(nested too deeply to show)"),
        (b'{"a":"' + b"x" * 40_000 + b'"}', "(40008 bytes, too many to show)"),
        (b'{"a":"' + b'{\\"b\\":[' * 20 + b'"}', '{\\"b\\":['),
    ],
)
def test_a_body_made_to_hurt_the_page_does_not(
    sandbox: Sandbox, console: httpx.Client, body: bytes, shown: str
) -> None:
    with RawClient(sandbox.port) as client:
        client.post("/api/v2", body)
    assert shown in state(console)["received"][0]["body"]


def test_masking_reaches_into_text_that_is_json_and_knows_the_vendors_aliases() -> None:
    masker = DocumentMask(b"key")
    shown = masker.masked(
        {
            "params": [
                {"name": "UserEmail", "value": "a@b.ua"},
                {"name": "SMS", "value": 380501234567},
                {"name": "note", "value": "write to a@b.ua or call +380 50 123 45 67 now"},
                {"name": "buyer", "value": '{"phone":"380501234567","sku":"380501234567"}'},
                {"name": "contactJson", "value": {"firstName": "Olena", "x": [1, None]}},
            ],
            "user_phone": "",
        }
    )
    params = {param["name"]: param["value"] for param in shown["params"]}
    email = masker.hashed("a@b.ua")
    assert params["UserEmail"] == email
    assert params["note"].startswith(f"write to {email} or call #")
    assert params["note"].endswith(" now")
    assert params["SMS"] == masker.hashed(380501234567)
    assert json.loads(params["buyer"]) == {
        "phone": masker.hashed("380501234567"),
        "sku": "380501234567",
    }
    assert "Olena" not in str(params["contactJson"])
    assert shown["user_phone"] == ""


@pytest.mark.parametrize(
    ("text", "before", "personal", "after"),
    [
        ("https://shop.ua/?mail=ann%40shop.ua", "https://shop.ua/?mail=", "ann@shop.ua", ""),
        ("?tel=%2B380671234567&x=1", "?tel=", "+380671234567", "&x=1"),
        ("тел.0671234567", "тел.", "0671234567", ""),
        ("call 067/123/45/67", "call ", "067/123/45/67", ""),
        ("id_380671234567", "id_", "380671234567", ""),
        ("380671234567", "", "380671234567", ""),
        ("ann@localhost", "", "ann@localhost", ""),
    ],
)
def test_addresses_and_numbers_are_masked_however_they_are_written(
    text: str, before: str, personal: str, after: str
) -> None:
    masker = DocumentMask(b"key")
    hashed = masker.hashed(personal)
    assert masker.masked({"note": text}) == {"note": f"{before}{hashed}{after}"}


def test_keys_and_long_whole_numbers_are_masked_but_not_what_is_numbered() -> None:
    masker = DocumentMask(b"key")
    shown = masker.masked({"380671234567": 1, "customerPhone": 380671234567, "price": "1234567.50"})
    assert shown == {
        masker.hashed("380671234567"): 1,
        "customerPhone": masker.hashed(380671234567),
        "price": "1234567.50",
    }
    open_ = {"datetime": 1795165200000, "productKey": "4820000000017", "sku": 4820000000017}
    assert masker.masked(open_) == open_
    assert masker.masked({"on": "2026-11-20", "was": "20.11.2026"}) == {
        "on": "2026-11-20",
        "was": "20.11.2026",
    }


def test_hashes_cannot_be_compared_between_two_runs() -> None:
    assert DocumentMask().hashed("380501234567") != DocumentMask().hashed("380501234567")


def test_the_state_is_filtered_by_api_event_and_person(
    sandbox: Sandbox, console: httpx.Client
) -> None:
    fill(sandbox)
    person = state(console)["received"][1]["person"]

    def numbers(**wanted: str) -> list[int]:
        found = console.get("/control/state", params={"after": "0", **wanted}).json()
        return [one["number"] for one in found["received"]]

    assert numbers() == [3, 2, 1]
    assert numbers(api="legacy") == [1]
    assert numbers(event="cart") == [2]
    assert numbers(event="PRODUCT") == [1]
    assert numbers(person=person) == [2]
    assert numbers(person="email #") == [2]
    assert numbers(api="v2", event="ProductPage") == []
    assert numbers(person="user@mail.com") == [], "nobody is found by what is masked"


def test_a_request_is_copied_as_a_command_that_sends_such_a_one(
    sandbox: Sandbox, console: httpx.Client
) -> None:
    fill(sandbox)
    rows = state(console)["received"]
    for row in rows:
        assert [secret for secret in SECRETS if secret in row["curl"]] == []
        done = subprocess.run(
            [*shlex.split(row["curl"]), "-s", "-o", "/dev/null", "-w", "%{http_code}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.stdout == "200"
    again = state(console, "3")["received"]
    assert [(one["api"], one["event"]) for one in reversed(again)] == [
        (one["api"], one["event"]) for one in rows
    ]
    assert [one["taken"] for one in again] == [True] * 3
    with RawClient(sandbox.port) as client:
        client.post("/api/v2", b"no JSON")
    assert state(console, "6")["received"][0]["curl"] == ""


def test_the_record_that_made_a_request_is_shown_masked_where_it_is_known(
    sandbox: Sandbox, console: httpx.Client
) -> None:
    made = {"user": {"email": "user@mail.com", "id": 1234509876}, "kind": "cart"}
    sandbox.origins = lambda body: (
        Origin("shop.clicks/3@42", made) if body == CART_UPDATED else None
    )
    fill(sandbox)
    past, cart, page = state(console)["received"]
    assert (past["record"], page["record"]) == (None, None)
    assert cart["record"]["position"] == "shop.clicks/3@42"
    assert json.loads(cart["record"]["value"])["kind"] == "cart"
    assert "user@mail.com" not in cart["record"]["value"]


# -- control


def test_faults_are_set_read_and_taken_back_over_http(
    sandbox: Sandbox, console: httpx.Client
) -> None:
    answer = console.put("/control/faults", json={"error": 1, "latency": 0.01})
    assert answer.status_code == 200
    assert sandbox.faults == FaultProfile(error=1, latency="0.01")
    assert console.get("/control/faults").json()["error"] == 1
    assert console.post("/api/v2", json={}).status_code == 500
    assert state(console)["injected"] == {"error": 1}
    console.put("/control/faults", json={})
    assert console.post("/api/v2", json={}).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": 2}', "error: Input should be less than or equal to 1"),
        ('{"eror": 0.1}', "eror: Extra inputs are not permitted"),
        ("[]", "Input should be a valid dictionary"),
        ("{", "the body is not JSON"),
        ("", "the body is not JSON"),
    ],
)
def test_a_wrong_profile_is_refused_with_a_reason_and_changes_nothing(
    sandbox: Sandbox, console: httpx.Client, body: str, words: str
) -> None:
    sandbox.faults = FaultProfile(error=0.5)
    answer = console.put(
        "/control/faults", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert any(words in error for error in answer.json()["errors"])
    assert sandbox.faults == FaultProfile(error=0.5)


def test_refusing_over_http_answers_first(sandbox: Sandbox, console: httpx.Client) -> None:
    answer = console.post("/control/refuse", json={"seconds": 0.3})
    assert answer.json() == {"refusing_seconds": 0.3}
    eventually(lambda: not connects(sandbox.port))
    eventually(lambda: connects(sandbox.port))
    assert console.post("/control/refuse", json={"seconds": 0}).status_code == 400


def test_clear_over_http_starts_from_one(sandbox: Sandbox, console: httpx.Client) -> None:
    fill(sandbox)
    assert console.post("/control/clear", json={}).status_code == 200
    assert state(console)["requests"] == 0


def test_another_site_in_the_browser_cannot_steer(sandbox: Sandbox, console: httpx.Client) -> None:
    foreign = {"Origin": "http://evil.example"}
    answer = console.put("/control/faults", json={"error": 1}, headers=foreign)
    assert answer.status_code == 403
    # What a foreign form can send without asking first: no JSON content type.
    answer = console.post("/control/clear", content="{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    own = {"Origin": sandbox.url}
    assert console.put("/control/faults", json={"error": 1}, headers=own).status_code == 200
    assert console.delete("/control/faults").status_code == 405


# -- the page


def test_the_page_loads_nothing_from_elsewhere_and_allows_only_its_own_script(
    console: httpx.Client,
) -> None:
    answer = console.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.findall(r"(?:src|href|action)=[\"'](?!data:)", answer.text) == []
    assert "innerHTML" not in answer.text


def test_a_real_browser_shows_what_arrived_masked_and_as_text(
    sandbox: Sandbox, judge: ScriptedJudge, browser: Browser
) -> None:
    fill(sandbox)
    judge.verdict = (ContractViolation("params.isFound", "type", "takes <0 or 1>"),)
    with RawClient(sandbox.port) as client:
        evil = b'{"eventTypeKey":"<img src=x onerror=document.title=1>","params":[]}'
        client.post("/api/v2/event", evil, V2)
    page = browser.rendered(sandbox.url)
    assert '<p id="status" role="status" aria-live="polite">Live.</p>' in page
    assert "<dt>requests</dt><dd>4</dd>" in page
    assert '<div class="alarm"><dt>breaking a rule</dt><dd>1</dd></div>' in page
    assert "<td>ProductPage</td>" in page
    assert "<code>params.isFound</code> takes &lt;0 or 1&gt; (type)" in page
    assert "<td>&lt;img src=x onerror=document.title=1&gt;</td>" in page
    assert "<title>Yespo sandbox</title>" in page
    assert [secret for secret in SECRETS if secret in page] == []


OPENED = """
setTimeout(() => {
  const row = document.querySelector("#received tr:not(.refused)");
  row.querySelector("summary").click();
  row.querySelector("details").open = true;
  row.id = "opened";
  for (let n = 0; n < 260; n++) showReceived([{number: 1000 + n, at_ms: 0, api: "v2", account: "",
    event: "x", person: "", violations: [], taken: true, body: "{}", status: 200}]);
  document.documentElement.style.width = "390px";
  document.title = `${document.getElementById("opened")?.querySelector("details").open},` +
    `${document.getElementById("received").rows.length},` +
    `${document.body.scrollWidth}`;
}, 1500);
"""


def test_an_opened_row_stays_and_a_narrow_page_does_not_overflow(
    sandbox: Sandbox, browser: Browser, tmp_path: Path
) -> None:
    fill(sandbox)
    content, _ = page_module.load()
    copy = content.decode().replace("</script>", OPENED + "</script>")
    copy = copy.replace("fetch(`control/state", f"fetch(`{sandbox.url}/control/state")
    state_text = httpx.get(f"{sandbox.url}/control/state").text
    copy = copy.replace("await answer.json()", state_text).replace(
        f"await fetch(`{sandbox.url}/control/state?${{asked}}`)", "0"
    )
    (tmp_path / "page.html").write_text(copy)
    shown = browser.rendered(f"file://{tmp_path}/page.html", width=390)
    assert re.findall("<title>(.*?)</title>", shown) == ["true,201,390"]


def test_the_page_is_in_the_package() -> None:
    assert (Path(__file__).parents[2] / "consumer/sandbox/page.html").is_file()
