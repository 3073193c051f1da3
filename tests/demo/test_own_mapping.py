"""`demo --mapping`: one's own mapping on records made for it; and output that fits 80 columns."""

import json
import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from consumer.demo.made_records import Maker, compared_texts
from consumer.demo.samples import fitted, print_samples
from consumer.mapping.unit import load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.sandbox.broker import AvroWriter
from tests.content.make_fixtures import ROOT

MAPPING = """
version: 1
from: {topics: [till.receipts], schema: receipt.avsc}
identity:
  externalCustomerId: customer_id
  email: buyer.email
  cookie: visitor
time: at
otherwise: drop
rules:
  - name: paid
    when: status == "paid"
    send:
      - legacy: CustomEvent
        EventName: status
  - name: other
    when: status in ["new", "returned"]
    send:
      - v2: searchRequest
        search: status
"""
SCHEMA = {
    "type": "record",
    "name": "Receipt",
    "namespace": "till",
    "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "status", "type": "string"},
        {"name": "customer_id", "type": "string"},
        {"name": "visitor", "type": "string"},
        {
            "name": "buyer",
            "type": {
                "type": "record",
                "name": "Buyer",
                "fields": [{"name": "email", "type": ["null", "string"]}],
            },
        },
        {
            "name": "total",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        },
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "tags", "type": {"type": "map", "values": ["null", "int", "boolean"]}},
        {"name": "lines", "type": {"type": "array", "items": ["null", "till.Buyer"]}},
        {"name": "till", "type": {"type": "enum", "name": "Till", "symbols": ["A", "B"]}},
        {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 4}},
    ],
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "receipt.avsc").write_text(json.dumps(SCHEMA))
    path = tmp_path / "receipts.yaml"
    path.write_text(MAPPING)
    return path


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "consumer", "demo", "--rate", "0", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **variables},
        timeout=110,
        check=False,
    )


def test_ones_own_mapping_is_shown_on_records_made_for_it(own: Path) -> None:
    done = run("--mapping", str(own), "--events", "300", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["produced"], found["received"], found["in_flight"]) == (300, 300, 0)
    assert set(found["events"]) == {"legacy/CustomEvent", "v2/searchRequest"}
    assert sum(found["events"].values()) > 200
    assert found["contract_violations"] == 0


def test_what_the_conditions_compare_is_what_the_records_hold(own: Path) -> None:
    mapping = load_unit([own], TEST_ACCOUNTS).mappings[0]
    assert compared_texts(mapping) == {"status": ["paid", "new", "returned"]}
    made = list(islice(Maker(SCHEMA, mapping, seed=3).records(), 200))
    held = [record["status"] for _, record in made]
    assert sum(status in {"paid", "new", "returned"} for status in held) > 150
    write = AvroWriter(SCHEMA, 1)
    for _, record in made:
        write(record)
    again = list(islice(Maker(SCHEMA, mapping, seed=3).records(), 200))
    assert [record["customer_id"] for _, record in again] == [
        record["customer_id"] for _, record in made
    ]


def test_a_schema_without_a_mapping_and_a_broken_one_are_refused(own: Path) -> None:
    alone = run("--schema", str(own.parent / "receipt.avsc"))
    assert alone.returncode == 2
    assert "--schema needs --mapping" in alone.stderr
    (own.parent / "other.avsc").write_text('{"type": "record"}')
    broken = run("--mapping", str(own), "--schema", str(own.parent / "other.avsc"))
    assert broken.returncode == 3, broken.stderr
    assert "other.avsc" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_the_whole_demo_fits_80_columns_without_escapes_and_says_what_to_do_next() -> None:
    done = run("--events", "400", COLUMNS="80", NO_COLOR="1", FORCE_COLOR="1")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    tables = [line for line in done.stdout.splitlines() if line[:1] in "┏┃┡│└├"]
    assert max(map(len, tables)) <= 80
    assert not [line for line in tables if "…" in line]
    assert re.search(r"requests at Yespo's double: http://127\.0\.0\.1:\d+/\n", done.stdout)
    assert re.search(r"status of the bridge: +http://127\.0\.0\.1:\d+/\n", done.stdout)
    assert "yespo-bridge demo --keep" in done.stdout
    assert "received 0" not in done.stdout


def test_a_sample_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"name": "чашка" * 40, "none": None, "items": [{"sku": n, "x": []} for n in range(9)]}
    body = json.dumps({"params": [{"name": "p", "value": "v" * 300}]}).encode()
    console = Console(width=80)
    print_samples([(("v2", "cartUpdated"), record, body)], console, every=False)
    text = capsys.readouterr().out
    assert "…" not in text
    shown, request = text.split("→ its request to v2:")
    assert json.loads(shown.split(":", 1)[1]) == {
        "name": "чашка" * 40,
        "items": [{"sku": n} for n in range(9)],
    }
    assert json.loads(request) == json.loads(body)


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, st.integers(10, 120))
def test_what_is_fitted_is_the_same_document(document: Any, width: int) -> None:
    assert json.loads(fitted(document, width)) == document
