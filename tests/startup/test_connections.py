"""What `check --connect` finds at the vendor's hosts, with each of the two clients."""

from pathlib import Path

import pytest
import trustme

from consumer.config.settings import DeliverySettings
from consumer.errors import SetupError
from consumer.startup.connections import _reachable
from tests.delivery import fault_server as server
from tests.delivery.faults import OK, serving, unanswering_port, unused_port

both_clients = pytest.mark.parametrize("client", ["pool", "httpx"])


async def found(url: str, client: str, **settings: object) -> str:
    chosen = DeliverySettings.model_validate({"client": client, **settings})
    try:
        return await _reachable(url, chosen)
    except SetupError as error:
        return str(error)


@both_clients
async def test_a_host_is_asked_without_an_event_and_without_a_key(client: str) -> None:
    async with server.running(OK) as yespo:
        assert await found(yespo.url, client) == "127.0.0.1 answers over plain HTTP"
    [request] = yespo.requests
    assert request.head.startswith(b"OPTIONS /api/v2 HTTP/1.1\r\n")
    assert b"authorization" not in request.head.lower()
    assert request.body == b""


@both_clients
@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Broken"])
async def test_any_answer_of_the_host_will_do(client: str, status: str) -> None:
    async with server.running(server.answer(status)) as yespo:
        assert await found(yespo.url, client) == "127.0.0.1 answers over plain HTTP"


@both_clients
@pytest.mark.parametrize("status", [407, 502, 503, 504])
async def test_a_gateway_that_leads_nowhere_is_no_host(client: str, status: int) -> None:
    async with server.running(server.answer(f"{status} No")) as yespo:
        assert await found(yespo.url, client) == (
            f"127.0.0.1 is not reached: something before it answers {status}"
        )


@both_clients
async def test_what_keeps_a_connection_from_standing_has_its_name(client: str) -> None:
    with unused_port() as port:
        refused = f"http://127.0.0.1:{port}/"
    assert (await found(refused, client)).startswith("connect_refused: ")
    assert (await found("http://no-such-host.invalid/", client)).startswith("dns: ")
    with unanswering_port() as port:
        text = await found(f"http://127.0.0.1:{port}/", client, connect_timeout=0.3)
    assert text.startswith("connect_timeout")


@both_clients
async def test_a_host_that_breaks_off_is_named_by_what_it_did(client: str) -> None:
    async with server.running(server.close) as yespo:
        assert await found(yespo.url, client) == "reset_before_answer"


@both_clients
async def test_a_certificate_that_is_not_trusted_is_named_and_nothing_is_sent(
    client: str, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trusting = {"ca_file": str(tmp_path / "ca.pem")}
    async with server.running(OK, tls=serving(authority, "127.0.0.1")) as yespo:
        url = f"https://127.0.0.1:{yespo.port}/"
        assert await found(url, client, **trusting) == "127.0.0.1 answers over TLS"
    for bad in (serving(trustme.CA(), "127.0.0.1"), serving(authority, "other.example")):
        async with server.running(OK, tls=bad) as yespo:
            text = await found(f"https://127.0.0.1:{yespo.port}/", client, **trusting)
            assert text.startswith("tls: ")
            assert "CERTIFICATE_VERIFY_FAILED" in text
            assert yespo.requests == []
