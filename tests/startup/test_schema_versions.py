"""Mappings against the versions that records are written with: files, settings, the registry's."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from consumer.cli.main import cli
from consumer.config.load import load
from consumer.config.settings import Settings
from consumer.errors import ConfigError
from consumer.sandbox.registry import RegistryFault, SchemaRegistryDouble
from consumer.source.properties import refused
from consumer.startup import connections
from consumer.startup.reload import Attempt
from consumer.startup.setup import load_setup, read_mapping
from tests.decode.encoding import field, record_type
from tests.parts.registry import Registry

ROOT = Path(__file__).parents[2]
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
KIND = {"type": "enum", "name": "shop.Kind", "symbols": ["view", "cart"]}
READER = {
    **record_type(
        "shop.Click",
        field("sku", "string"),
        field("price", "double"),
        field("at", MILLIS, default=0),
        field("kind", KIND, default="view"),
        field("amount", "long", default=1, aliases=["quantity"]),
    ),
    "aliases": ["old.Hit"],
}
GOOD = record_type("shop.Click", field("sku", "string"), field("price", "int"))
BAD = record_type("shop.Click", field("sku", "string"), field("price", "string"))
MAPPING = """\
version: 1
from:
  topics: [shop.clicks]
  schema: click.avsc
identity: {cookie: sku}
otherwise: drop
rules:
  - name: view
    send: [{legacy: SearchRequest, search: sku}]
"""
CONFIGURATION = """\
kafka: {{bootstrap.servers: "127.0.0.1:1", group.id: g}}
registry: {{url: "{url}", timeout: 0.5s}}
mappings: [shop.yaml]
yespo: {{accounts: {{main: {{legacy: {{site_id: 8A412DC}}}}}}}}
dead_letters: {{topic: dead}}
"""


class Shop:
    """A folder with a configuration and a mapping of `READER`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.config = folder / "bridge.yaml"
        self.write("click.avsc", json.dumps(READER))
        self.write("shop.yaml", MAPPING)
        self.config.write_text(CONFIGURATION.format(url=url))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def mapping(self, old: str, new: str) -> None:
        assert old in MAPPING
        self.write("shop.yaml", MAPPING.replace(old, new))

    def configure(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def start(self) -> Attempt:
        """What `run` makes of it before it begins."""
        return read_mapping(self.settings(), ask_registry=True)

    def settings(self) -> Settings:
        return load(self.config, os.environ, refused)


@pytest.fixture
def registered() -> Iterator[SchemaRegistryDouble]:
    with SchemaRegistryDouble() as double:
        yield double


@pytest.fixture
def shop(tmp_path: Path, registered: SchemaRegistryDouble, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, registered.url)


def test_versions_that_all_resolve_are_counted_and_nothing_is_said(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    registered.register("shop.clicks-value", GOOD)
    registered.register("shop.clicks-value", READER)
    attempt = shop.start()
    assert attempt.unit is not None
    assert attempt.findings == ""
    assert attempt.versions == {"shop.clicks-value": 2}


def test_a_latest_version_that_cannot_be_read_is_an_error_that_names_it(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    registered.register("shop.clicks-value", GOOD)
    number = registered.register("shop.clicks-value", BAD)
    attempt = shop.start()
    assert attempt.unit is None
    assert attempt.findings.splitlines()[:3] == [
        (
            f"shop.yaml:4:11  shop.clicks-value version 2 (schema {number}): its records cannot be "
            "read: price: written as string, read as double  [version]"
        ),
        "    4 |   schema: click.avsc",
        "      |           ^^^^^^^^^^",
    ]
    assert "a default for a field that is missing" in attempt.findings


def test_an_older_version_that_cannot_be_read_is_a_warning(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    registered.register("shop.clicks-value", BAD)
    registered.register("shop.clicks-value", GOOD)
    attempt = shop.start()
    assert attempt.unit is not None
    assert "warning: shop.clicks-value version 1 (schema 1): its records cannot" in attempt.findings
    assert "version 2" not in attempt.findings


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            [field("kind", {**KIND, "symbols": ["view", "gone"]})],
            (
                "some of its records may not be read: kind: a symbol that `shop.Kind` lacks, and it has "
                "no default (gone)"
            ),
        ),
        ([field("at", "long")], "at: written as a plain long, taken for timestamp-millis"),
        ([field("amount", ["null", "long"])], "amount: written as null, read as long"),
    ],
)
def test_what_only_some_records_suffer_from_is_a_warning(
    shop: Shop, registered: SchemaRegistryDouble, written: list[Any], says: str
) -> None:
    fields = [*GOOD["fields"], *written]
    registered.register("shop.clicks-value", record_type("shop.Click", *fields))
    attempt = shop.start()
    assert attempt.unit is not None
    assert "warning: shop.clicks-value version 1 (schema 1): " in attempt.findings
    assert says in attempt.findings


def test_a_type_that_no_mapping_reads_is_a_warning(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    registered.register("shop.clicks-value", ["null", GOOD, record_type("shop.Other")])
    attempt = shop.start()
    assert attempt.unit is not None
    assert "version 1 (schema 1): no mapping reads `shop.Other`" in attempt.findings


@pytest.mark.parametrize(
    ("kind", "schema", "says"),
    [
        ("PROTOBUF", 'syntax = "proto3";', "it is of type PROTOBUF, not AVRO"),
        ("AVRO", {"type": "record", "name": "A"}, "no schema that can be read: `A` lacks `fields`"),
    ],
)
def test_a_latest_version_that_is_no_avro_is_an_error(
    shop: Shop, registered: SchemaRegistryDouble, kind: str, schema: Any, says: str
) -> None:
    registered.register("shop.clicks-value", schema, kind=kind)
    attempt = shop.start()
    assert attempt.unit is None
    assert f"shop.clicks-value version 1 (schema 1): {says}" in attempt.findings


@pytest.mark.parametrize(
    ("strategy", "topics", "subject"),
    [
        ("topic_name", "shop.clicks", "shop.clicks-value"),
        ("record_name", "shop.clicks", "shop.Click"),
        ("topic_record_name", "shop.clicks", "shop.clicks-shop.Click"),
        ("topic_name", "'^shop'", "shop.ua-value"),
        ("topic_record_name", "'^shop'", "shop.ua-shop.Click"),
    ],
)
def test_the_subject_is_that_of_the_producers_strategy(
    shop: Shop, registered: SchemaRegistryDouble, strategy: str, topics: str, subject: str
) -> None:
    shop.configure("timeout:", f"subject_name_strategy: {strategy}, timeout:")
    shop.mapping("shop.clicks", topics)
    for other in ("other-value", "shop.clicks-key", "other.Click", "other-shop.Click"):
        registered.register(other, BAD)
    registered.register(subject, GOOD)
    attempt = shop.start()
    assert attempt.findings == ""
    assert attempt.versions == {subject: 1}


def test_a_subject_that_is_not_there_is_a_warning_with_the_setting_to_look_at(shop: Shop) -> None:
    attempt = shop.start()
    assert attempt.unit is not None
    assert "the registry has no subject `shop.clicks-value`" in attempt.findings
    assert "registry.subject_name_strategy" in attempt.findings


@pytest.mark.parametrize("status", [500, 403])
def test_a_registry_that_cannot_be_asked_keeps_nobody_from_starting(
    shop: Shop, registered: SchemaRegistryDouble, status: int
) -> None:
    registered.register("shop.clicks-value", BAD)
    registered.fail_with(RegistryFault(status))
    attempt = shop.start()
    assert attempt.unit is not None
    assert attempt.findings == (
        f"registry  warning: the versions of the schemas are not checked: {registered.url}: "
        f"status {status}  [version]"
    )


def test_schemas_that_a_version_refers_to_are_read_as_well(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    registered.register("kind", {**KIND, "symbols": ["view"]})
    written = record_type("shop.Click", *GOOD["fields"], field("kind", "shop.Kind"))
    refers = [{"name": "shop.Kind", "subject": "kind", "version": 1}]
    registered.register("shop.clicks-value", written, references=refers)
    assert shop.start().findings == ""


def test_files_of_versions_are_checked_without_a_registry(shop: Shop) -> None:
    shop.write("click.v1.avsc", json.dumps(GOOD))
    shop.write("click.v2.avsc", json.dumps(BAD))
    shop.mapping("  schema: click.avsc\n", "  schema: click.avsc\n  versions: [click.*.avsc]\n")
    result = CliRunner().invoke(cli, ["mapping", "check", "shop.yaml"])
    assert result.exit_code == 3
    assert result.output.splitlines()[:3] == [
        (
            "shop.yaml:5:14  click.v2.avsc: its records cannot be read: price: written as string, read "
            "as double  [version]"
        ),
        "    5 |   versions: [click.*.avsc]",
        "      |              ^^^^^^^^^^^^",
    ]
    shop.write("click.v2.avsc", json.dumps(READER))
    result = CliRunner().invoke(cli, ["mapping", "check", "shop.yaml"])
    assert result.exit_code == 0, result.output
    assert "1 rules, 2 versions of schemas" in result.output
    files = read_mapping(shop.settings(), ask_registry=False).files
    assert {file.name for file in files} >= {"click.v1.avsc", "click.v2.avsc"}  # watched


def test_a_version_that_is_nowhere_is_an_error(shop: Shop) -> None:
    shop.mapping("  schema: click.avsc\n", "  schema: click.avsc\n  versions: [gone.avsc]\n")
    result = CliRunner().invoke(cli, ["mapping", "check", "shop.yaml"])
    assert result.exit_code == 3
    assert "shop.yaml:5:14  there is no such file" in result.output


def test_topics_of_bare_avro_are_checked_against_their_writer_schema_and_no_subject(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    shop.write("writer.avsc", json.dumps(GOOD))
    text = shop.config.read_text()
    shop.config.write_text(text + "decode: {framing: bare, writer_schema: writer.avsc}\n")
    assert shop.start().findings == ""
    assert registered.requests == []
    shop.write("writer.avsc", json.dumps(BAD))
    with pytest.raises(ConfigError, match=r"writer\.avsc: its records cannot be read: price"):
        load_setup(shop.config)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "the schema file cannot be read: No such file"),
        (b"\xff{}", "no schema that can be read: the schema is not UTF-8"),
    ],
)
def test_a_writer_schema_that_cannot_be_read_is_named(
    shop: Shop, data: bytes | None, why: str
) -> None:
    text = shop.config.read_text()
    shop.config.write_text(text + "decode: {framing: bare, writer_schema: writer.avsc}\n")
    file = shop.config.parent / "writer.avsc"
    file.write_bytes(b"{}")
    settings = shop.settings()
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    attempt = read_mapping(settings, ask_registry=False)
    assert attempt.unit is None
    assert "writer.avsc" in attempt.findings
    assert why in attempt.findings


def test_certificate_files_of_the_registry_that_are_broken_keep_no_mapping_from_being_taken(
    shop: Shop,
) -> None:
    shop.write("ca.pem", "half")
    text = shop.config.read_text()
    shop.config.write_text(text.replace("registry: {", "registry: {ca_file: ca.pem, "))
    attempt = shop.start()
    assert attempt.unit is not None
    assert "the versions of the schemas are not checked: registry: certificate" in attempt.findings


def test_check_shows_versions_and_warnings(
    shop: Shop, registered: SchemaRegistryDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.5)  # for a Kafka that is not there
    registered.register("shop.clicks-value", BAD)
    registered.register("shop.clicks-value", GOOD)
    shop.mapping("otherwise: drop", "define: {unused: sku}\notherwise: drop")
    arguments = ["check", "--connect", "--warn-only", "--config", str(shop.config)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert "warning: nothing uses `unused`" in result.output
    assert "warning: shop.clicks-value version 1" in result.output
    assert "ok       schemas: 2 versions of shop.clicks-value" in result.output
    document = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert document["versions"] == {"shop.clicks-value": 2}
    assert "nothing uses `unused`" in document["warnings"]


def test_a_latest_version_that_cannot_be_read_keeps_check_from_passing_and_no_bridge_from_running(
    shop: Shop, registered: SchemaRegistryDouble
) -> None:
    registered.register("shop.clicks-value", BAD)
    with pytest.raises(ConfigError, match=r"shop\.clicks-value version 1 \(schema 1\)"):
        load_setup(shop.config, ask_registry=True)
    setup = load_setup(shop.config, ask_registry=True, strict=False)
    assert "warning: shop.clicks-value version 1 (schema 1)" in setup.warnings


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_run_is_not_strict_about_registered_versions(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    asked: list[dict[str, Any]] = []

    def setup(_: Path, **options: Any) -> None:
        asked.append(options)
        raise ConfigError("far enough")

    monkeypatch.setattr("consumer.cli.run.load_setup", setup)
    CliRunner().invoke(cli, ["run", *more, "--config", str(shop.config)])
    assert asked == [{"ask_registry": True, "strict": False, "only": ()}]


@pytest.mark.registry
def test_the_shipped_mapping_reads_every_version_of_its_schema_on_a_real_registry(
    registry: Registry,
    tmp_path: Path,
    unique: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_KEY", "key")
    topic = unique("clicks")
    text = (ROOT / "mappings" / "shop.yaml").read_text()
    shop = Shop(tmp_path, registry.url)
    shop.write("shop.yaml", text.replace("shop.clicks", topic).replace("../avro", f"{ROOT}/avro"))
    shop.configure("timeout: 0.5s", "timeout: 30s")
    shop.configure("site_id: 8A412DC}", 'site_id: 8A412DC}, v2: {api_key: "${env:API_KEY}"}')
    for number in (1, 2, 3):
        file = ROOT / "avro" / "versions" / f"shop_click.v{number}.avsc"
        registry.register(f"{topic}-value", file.read_text())
    attempt = shop.start()
    assert attempt.findings == ""
    assert attempt.versions == {f"{topic}-value": 3}

    broken = json.loads((ROOT / "avro" / "shop_click.avsc").read_text())
    [time] = [one for one in broken["fields"] if one["name"] == "event_time"]
    time["type"] = "string"
    number = registry.register(f"{topic}-value", json.dumps(broken))
    attempt = shop.start()
    assert attempt.unit is None
    assert f"{topic}-value version 4 (schema {number}): its records cannot be read" in (
        attempt.findings
    )
    assert "event_time: written as string, read as timestamp-millis" in attempt.findings
