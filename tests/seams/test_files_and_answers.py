"""Files, vendor answers and HTTP requests that raise cost one look, one attempt or one page."""

import ssl
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.commit import completed_map
from consumer.config.secrets import LiveText
from consumer.credentials.kafka_login import KafkaLogin
from consumer.credentials.tls import TlsFiles
from consumer.delivery.http import connection
from consumer.delivery.http.answer import Answer, Fault
from consumer.delivery.http.authorization import Authorization
from consumer.delivery.past_events import read_statuses
from consumer.observability.admin_server import AdminServer, Probes
from consumer.startup import reload
from tests.credentials.test_tls import Files
from tests.delivery import fault_server
from tests.delivery import test_httpx_pool as by_httpx
from tests.delivery.faults import OK
from tests.delivery.makers import V2, ScriptedPool
from tests.delivery.test_pool import posting
from tests.fakes import ManualClock
from tests.seams.foreign import FOREIGN, SECRET, Once, raising
from tests.startup.test_reload import MAPPING, Watched


@pytest.mark.parametrize("kind", FOREIGN)
async def test_mapping_files_that_raise_leave_the_old_mapping(
    tmp_path: Path, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    watched.write("shop.yaml", MAPPING.replace("NAME", "other"))
    with monkeypatch.context() as broken, capture_logs() as lines:
        broken.setattr(reload, "_digest", raising(kind))
        await watched.look()
    watched.fault = kind(SECRET)
    with capture_logs() as more:
        await watched.look(2)
    assert SECRET not in str([lines, more])
    assert watched.rules("view") == ["NAME"]
    watched.fault = None
    await watched.look(at_once=True)
    assert watched.rules("view") == ["other"]


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_secret_that_raises_leaves_the_last_one(kind: type[Exception]) -> None:
    pool = ScriptedPool()
    one = Authorization(V2, pool, Once(kind, lambda: "Basic bmV3"), 0.0)
    with capture_logs() as lines:
        one.renew(31.0, at_once=False)
    assert pool.authorizations == []
    assert [line["event"] for line in lines] == ["secret not readable, keeping the last one"]
    assert SECRET not in str(lines)
    one.renew(62.0, at_once=False)
    assert pool.authorizations == ["Basic bmV3"]


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_kafka_password_that_raises_leaves_the_last_one(kind: type[Exception]) -> None:
    live = LiveText("old", Once(kind, lambda: "new"))
    one = KafkaLogin({"sasl.username": "bridge", "sasl.password": live}, ManualClock().monotonic)
    with capture_logs() as lines:
        assert one.properties()["sasl.password"] == "old"
    assert SECRET not in str(lines)
    assert one.properties()["sasl.password"] == "new"


@pytest.mark.parametrize("kind", FOREIGN)
def test_certificate_files_that_raise_leave_the_last_ones(
    tmp_path: Path, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(tmp_path)
    tls = files.open()
    before = tls.context()
    files.write(files.issue())
    with monkeypatch.context() as broken, capture_logs() as lines:
        broken.setattr(TlsFiles, "_read", raising(kind))
        assert tls.context() is before
    assert SECRET not in str(lines)
    assert isinstance(tls.context(), ssl.SSLContext)


BROKEN = fault_server.answer("500 Internal Server Error", b"x")


@pytest.mark.parametrize("kind", FOREIGN)
async def test_an_answer_whose_bytes_raise_costs_its_own_attempt(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(connection.Connection, "on_headers_complete", raising(kind))
        async with fault_server.running(OK, OK) as yespo, posting(yespo.url) as client:
            assert (await client.post()).fault is Fault.MALFORMED
            broken.undo()
            assert await client.post() == Answer(200)


@pytest.mark.parametrize("kind", FOREIGN)
async def test_an_answer_whose_body_raises_keeps_its_status(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "plain", raising(kind))
    async with fault_server.running(BROKEN, OK) as yespo, posting(yespo.url) as client:
        assert await client.post() == Answer(500)
        assert await client.post() == Answer(200)


@pytest.mark.parametrize("kind", FOREIGN)
async def test_an_answer_that_httpx_cannot_read_costs_its_own_attempt(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpx.AsyncClient, "stream", Once(kind, httpx.AsyncClient.stream))
    async with fault_server.running(OK) as yespo, by_httpx.httpx_pool(yespo.url) as pool:
        assert (await by_httpx.post(pool)).fault is Fault.MALFORMED


@pytest.mark.parametrize("kind", FOREIGN)
def test_statuses_of_past_events_that_raise_are_unknown(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.delivery.past_events.orjson.loads", raising(kind))
    assert read_statuses(b'{"results": []}') is None


@pytest.mark.parametrize("kind", FOREIGN)
def test_commit_metadata_that_raises_is_as_if_absent(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = completed_map.encode(5, "id", [6, 7])
    assert set(completed_map.decode(5, "id", text)) == {6, 7}
    monkeypatch.setattr("consumer.commit.completed_map.base64.b64decode", raising(kind))
    assert set(completed_map.decode(5, "id", text)) == set()


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_page_that_raises_costs_that_page(kind: type[Exception]) -> None:
    probes = Probes(lambda: None, lambda: None, lambda: None, raising(kind), raising(kind))
    server = AdminServer("127.0.0.1", 0, CollectorRegistry(), probes)
    server.start()
    url = f"http://127.0.0.1:{server.port}"
    with capture_logs(), httpx.Client(trust_env=False, timeout=10) as client:
        for path in ("/status", "/", "/tap?records=1&seconds=1"):
            answer = client.get(url + path)
            assert (answer.status_code, answer.text) == (500, "see the log\n")
        assert client.get(url + "/livez").text == "ok\n"
    server.stop()
