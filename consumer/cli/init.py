"""`yespo-bridge init`: a project to begin with, which passes `check` and `mapping test` as it is."""

import json
from pathlib import Path

import click

from consumer.cli import drafting
from consumer.cli.chosen import PATH
from consumer.demo.show import shipped
from consumer.inspect import samples
from consumer.mapping.workbench.capture import capture
from consumer.mapping.workbench.draft.draft import TOPIC

_CONFIGURATION = """\
# docs/configuration.md explains every setting.
kafka:
  bootstrap.servers: localhost:9092          # your brokers; any librdkafka property
  group.id: yespo-bridge
start: {{no_offset: latest}}                   # nothing committed yet: begin with what comes now
registry: {{url: "http://localhost:8081"}}     # your schema registry
mappings: [mappings/{name}.yaml]
yespo:
  accounts:
    main:
      legacy: {{site_id: 8A412DC}}             # yours, from Yespo's support
      v2: {{api_key: "${{file:yespo-api-key}}"}} # a file with your key: keep it out of git
dead_letters: {{topic: {name}.yespo-dlq}}
"""
_KEY = "put-your-api-key-here\n"
_TESTS = """\
# A record that was made up, and what the drafted mapping makes of it. Read it, then write your own.
mapping: ../{name}.yaml
cases:
"""


@click.command("init")
@click.argument("folder", metavar="DIR", type=PATH)
@click.option("--schema", type=PATH, help="The Avro schema of your records. Default: a shop's.")
@click.option("--type", "record_name", help="The record, where the schema holds several.")
@click.option("--topic", help="The topic that they are in. Default: named after the schema.")
def command(folder: Path, schema: Path | None, record_name: str | None, topic: str | None) -> None:
    """Write a project into DIR: configuration, schema, a drafted mapping, a record and a test of it.

    `check` and `mapping test` pass as it stands. Replaces no file that is there.
    """
    given = drafting.schema_of(schema or shipped() / "avro" / "shop_click.avsc", record_name)
    name = topic or given.name
    kept = folder / "avro" / f"{given.name}.avsc"
    drafting.write_new(kept, given.text)
    found = drafting.schema_of(kept, record_name)
    made = drafting.drafted(found, name, folder / "mappings")
    record = folder / "records" / f"{name}.json"
    mapping, tests = (folder / part / f"{name}.yaml" for part in ("mappings", "mappings/tests"))
    text = json.dumps(drafting.made_record(found, seed=1), ensure_ascii=False, indent=2)
    drafting.write_new(folder / "bridge.yaml", _CONFIGURATION.format(name=name).encode())
    drafting.write_new(folder / "yespo-api-key", _KEY.encode())
    drafting.write_new(folder / ".gitignore", b"yespo-api-key\n")
    drafting.write_new(mapping, made.text.encode())
    drafting.write_new(record, text.encode() + b"\n")
    [sample] = samples.read([record], made.unit.mappings, TOPIC)
    case = capture(made.unit, sample.record, sample.decoded, "a record that was made up")
    drafting.write_new(tests, (_TESTS.format(name=name) + case).encode())
    click.echo(drafting.summary(mapping, made))
    click.echo(
        f"\nNext:\n"
        f"  yespo-bridge mapping draft --schema {kept} --records YOURS.jsonl   sees more by values\n"
        f"  yespo-bridge check --config {folder / 'bridge.yaml'}\n"
        f"  yespo-bridge demo --mapping {mapping}   the whole job, on embedded parts"
    )
