"""The schema registry double answers as the Confluent API does."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from consumer.sandbox.registry import RegistryFault, SchemaRegistryDouble

VIEW = {"type": "record", "name": "View", "fields": [{"name": "sku", "type": "string"}]}
CART = {"type": "record", "name": "Cart", "fields": [{"name": "total", "type": "double"}]}
VIEW_TEXT = '{"type":"record","name":"View","fields":[{"name":"sku","type":"string"}]}'


@pytest.fixture
def double() -> Iterator[SchemaRegistryDouble]:
    with SchemaRegistryDouble() as running:
        yield running


@pytest.fixture
def client(double: SchemaRegistryDouble) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=double.url, timeout=5) as opened:
        yield opened


def test_a_posted_schema_is_read_back_by_id_version_and_guid(
    double: SchemaRegistryDouble, client: httpx.Client
) -> None:
    posted = client.post("/subjects/clicks-value/versions", json={"schema": VIEW_TEXT})
    assert posted.json() == {"id": 1}
    assert client.get("/schemas/ids/1").json()["schema"] == VIEW_TEXT
    assert client.get(f"/schemas/guids/{double.guid(1)}").json()["schema"] == VIEW_TEXT
    latest = client.get("/subjects/clicks-value/versions/latest").json()
    assert (latest["subject"], latest["version"], latest["id"]) == ("clicks-value", 1, 1)


def test_the_same_schema_keeps_its_id_and_a_new_one_adds_a_version(
    double: SchemaRegistryDouble, client: httpx.Client
) -> None:
    assert double.register("a-value", VIEW) == 1
    assert double.register("b-value", VIEW) == 1
    assert double.register("a-value", CART) == 2
    assert client.get("/subjects/a-value/versions").json() == [1, 2]
    assert client.get("/subjects").json() == ["a-value", "b-value"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/schemas/ids/9", 40403),
        ("/schemas/guids/00000000-0000-0000-0000-000000000000", 40403),
        ("/subjects/none/versions", 40401),
        ("/subjects/a-value/versions/7", 40402),
        ("/wrong/path", 404),
    ],
)
def test_what_is_not_there_is_404_with_confluents_code(
    double: SchemaRegistryDouble, client: httpx.Client, path: str, code: int
) -> None:
    double.register("a-value", VIEW)
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, code)


def test_a_body_that_is_no_schema_is_refused(client: httpx.Client) -> None:
    answer = client.post("/subjects/a/versions", content=b"{}")
    assert (answer.status_code, answer.json()["error_code"]) == (422, 42201)


def test_a_fault_takes_the_place_of_the_answer_until_it_is_lifted(
    double: SchemaRegistryDouble, client: httpx.Client
) -> None:
    double.register("a-value", VIEW)
    double.fail_with(RegistryFault(status=500, path="/schemas"))
    assert client.get("/schemas/ids/1").status_code == 500
    assert client.get("/subjects").status_code == 200
    double.fail_with(None)
    assert client.get("/schemas/ids/1").status_code == 200
    assert double.requests == ["GET /schemas/ids/1", "GET /subjects", "GET /schemas/ids/1"]


def test_a_stopped_double_refuses_connections_and_starts_again_on_its_port() -> None:
    double = SchemaRegistryDouble().start()
    url = double.url
    double.register("a-value", VIEW)
    double.stop()
    port = int(url.rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    double.start()
    assert double.url == url
    assert httpx.get(f"{url}/schemas/ids/1", timeout=5).status_code == 200
    double.stop()
