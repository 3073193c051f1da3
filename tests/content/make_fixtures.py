"""The shipped fixtures, and the script that writes the binary beside each JSON file:

python -m tests.content.make_fixtures
"""

import io
import json
from pathlib import Path
from typing import Any

from fastavro import parse_schema, schemaless_writer

from consumer.avro.document import document
from consumer.mapping.check.avro_types import reader_schema
from consumer.mapping.workbench.json_form import JsonForm

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "avro" / "fixtures"
# Folder below avro/fixtures -> schema file, record.
RECORDS = {
    ".": ("shop_click", "shop.Click"),
    "flat": ("flat_events", "web.FlatEvent"),
    "segment": ("segment_events", "segment.Event"),
    "union": ("union_events", "market.Envelope"),
    "union_catalogue": ("union_events", "market.CatalogueChanged"),
}


def load_schema(name: str, record: str | None = None) -> Any:
    """A shipped schema (`shop_click`, `versions/shop_click.v1`) as fastavro has it parsed."""
    path = ROOT / "avro" / f"{name}.avsc"
    root = reader_schema([(path.name, path.read_bytes())], record)
    return parse_schema(document(root), _write_hint=False)


def encode(schema: Any, decoded: Any) -> bytes:
    """The record as bare Avro."""
    buffer = io.BytesIO()
    schemaless_writer(buffer, schema, decoded)
    return buffer.getvalue()


def fixtures(folder: str) -> list[Path]:
    """The JSON fixtures of one folder."""
    return sorted((FIXTURES / folder).glob("*.json"))


def main() -> None:
    for folder, (schema_name, record) in RECORDS.items():
        schema = load_schema(schema_name, record)
        form = JsonForm(schema)
        for path in fixtures(folder):
            decoded = form.decoded(json.loads(path.read_text()))
            path.with_suffix(".bin").write_bytes(encode(schema, decoded))


if __name__ == "__main__":
    main()
