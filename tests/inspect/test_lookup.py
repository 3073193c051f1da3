"""Reading records at chosen positions of the real Kafka, beside a group and without touching it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from consumer.avro.document import rabin
from consumer.avro.schema import parse
from consumer.cli.main import cli
from consumer.config.load import load
from consumer.config.settings import Settings
from consumer.errors import KafkaSetupError
from consumer.inspect import lookup
from consumer.mapping.workbench.cases import run_cases
from consumer.source.properties import refused
from tests.content.make_fixtures import FIXTURES, ROOT
from tests.parts.kafka import KafkaBroker

pytestmark = [pytest.mark.kafka]

KEY = {"YESPO_API_KEY": "key"}
KINDS = ("search", "product_view", "page_view")


class Clicks:
    """A topic with three partitions; the first holds three fixtures, the second one, the third none."""

    def __init__(self, kafka: KafkaBroker, topic: str, folder: Path) -> None:
        self.topic = topic
        kafka.create_topic(topic, 3)
        schema = (ROOT / "avro" / "shop_click.avsc").read_text()
        head = b"\xc3\x01" + rabin(parse(schema))
        producer = kafka.producer()
        for partition, kinds in ((0, KINDS), (1, KINDS[:1])):
            for kind in kinds:
                value = head + (FIXTURES / f"{kind}.bin").read_bytes()
                producer.produce(topic, value, b"visitor-417", partition, headers={"h": b"v"})
        assert producer.flush(30) == 0
        mapping = (ROOT / "mappings" / "shop.yaml").read_text()
        mapping = mapping.replace("[shop.clicks]", f"[{topic}]").replace("../avro", f"{ROOT}/avro")
        self.mapping = folder / "shop.yaml"
        self.mapping.write_text(mapping)
        settings = {
            "kafka": {"bootstrap.servers": kafka.bootstrap, "group.id": f"{topic}.group"},
            "registry": {"url": "http://127.0.0.1:1"},
            "mappings": [str(self.mapping)],
            "yespo": {
                "accounts": {
                    "main": {
                        "legacy": {"site_id": "8A412DC"},
                        "v2": {"api_key": "${env:YESPO_API_KEY}"},
                    }
                }
            },
            "dead_letters": {"topic": f"{topic}.dlq"},
        }
        self.config = folder / "bridge.yaml"
        self.config.write_text(json.dumps(settings))

    @property
    def settings(self) -> Settings:
        return load(self.config, KEY, refused)

    def run(self, *arguments: str) -> str:
        """The output of a `mapping` command that must succeed."""
        result = CliRunner(env=KEY).invoke(
            cli, ["mapping", *arguments, "--config", str(self.config)]
        )
        assert result.exit_code == 0, result.output
        return result.output


@pytest.fixture
def clicks(kafka: KafkaBroker, unique: Callable[[str], str], tmp_path: Path) -> Clicks:
    return Clicks(kafka, unique("clicks"), tmp_path)


def test_a_record_is_read_where_it_stands(clicks: Clicks) -> None:
    record = lookup.record_at(clicks.settings, lookup.RecordPosition(clicks.topic, 0, 1))
    assert record.position == f"{clicks.topic}/0@1"
    assert record.value is not None
    assert record.value[10:] == (FIXTURES / "product_view.bin").read_bytes()
    assert (record.key, list(record.headers)) == (b"visitor-417", [("h", b"v")])


@pytest.mark.parametrize(
    ("partition", "offset", "why"),
    [
        (0, 3, "has no record at 3: it holds 0 to 2"),
        (2, 0, "has no record at 0: it is empty"),
        (7, 0, "has partitions 0 to 2, no 7"),
    ],
)
def test_where_there_is_no_record_it_says_what_there_is(
    clicks: Clicks, partition: int, offset: int, why: str
) -> None:
    with pytest.raises(KafkaSetupError, match=why):
        lookup.record_at(clicks.settings, lookup.RecordPosition(clicks.topic, partition, offset))


def test_a_topic_that_is_missing_is_named(clicks: Clicks) -> None:
    with pytest.raises(KafkaSetupError, match=r"no topic `no\.such\.topic`"):
        lookup.last_records(clicks.settings, "no.such.topic", 10)


def test_the_last_records_come_from_every_partition(clicks: Clicks) -> None:
    everything = lookup.last_records(clicks.settings, clicks.topic, 1000)
    assert sorted(record.position for record in everything) == [
        f"{clicks.topic}/0@0",
        f"{clicks.topic}/0@1",
        f"{clicks.topic}/0@2",
        f"{clicks.topic}/1@0",
    ]
    last = lookup.last_records(clicks.settings, clicks.topic, 3)
    assert sorted(record.position for record in last) == [
        f"{clicks.topic}/0@2",
        f"{clicks.topic}/1@0",
    ]


def test_no_group_is_joined_and_nothing_committed(clicks: Clicks, kafka: KafkaBroker) -> None:
    lookup.last_records(clicks.settings, clicks.topic, 1000)
    assert kafka.committed(f"{clicks.topic}.group", clicks.topic) in ({}, {0: -1, 1: -1, 2: -1})


def test_a_record_in_kafka_is_explained_and_captured_as_a_case(
    clicks: Clicks, tmp_path: Path
) -> None:
    where = f"{clicks.topic}:0:1"
    explained = json.loads(clicks.run("explain", str(clicks.mapping), "--at", where, "--json"))
    assert explained["record"] == f"{clicks.topic}/0@1"
    assert [event["event"] for event in explained["events"]] == [
        "ProductPage",
        "productViewed",
    ]
    case = clicks.run("capture", str(clicks.mapping), "--at", where, "--name", "from production")
    assert "olena" not in case
    cases = tmp_path / "cases.yaml"
    cases.write_text(f"mapping: shop.yaml\ncases:\n{case}")
    report = run_cases([cases])
    assert report.passed, report.render()
    assert [result.name for result in report.results] == ["from production"]


def test_two_mappings_are_compared_over_a_stretch_of_a_topic(
    clicks: Clicks, tmp_path: Path
) -> None:
    new = tmp_path / "new.yaml"
    old = clicks.mapping.read_text()
    new.write_text(old.replace("query: search.query", "query: lower(search.query)"))
    found: dict[str, Any] = json.loads(
        clicks.run("diff", str(clicks.mapping), str(new), "--topic", clicks.topic, "--json")
    )
    assert (found["records"], found["changed"]) == (4, 0)
    new.write_text(old.replace("query: search.query", 'query: |\n          "mug"'))
    text = clicks.run("diff", str(clicks.mapping), str(new), "--topic", clicks.topic)
    assert text.startswith("2 of 4 records change")
    # What was searched for may be anything, a name as well: it is shown as a stand-in.
    assert 'SearchRequest.search: "клмна" -> "opq"  (2 records' in text
    assert "турка" not in text


@pytest.mark.parametrize("text", ["clicks", "clicks:1", "clicks:a:1", "clicks:1:-1", ":1:1"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="topic:partition:offset"):
        lookup.parse_position(text)


def test_positions_are_read_as_messages_of_ours_write_them() -> None:
    assert lookup.parse_position("shop.clicks:3:1042") == ("shop.clicks", 3, 1042)
    assert lookup.parse_position("shop.clicks/3@1042") == ("shop.clicks", 3, 1042)
