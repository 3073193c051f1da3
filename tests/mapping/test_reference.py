"""The documentation says what the program does: its generated parts and its example are checked."""

from pathlib import Path

from consumer.dlq.words import in_words
from consumer.mapping.file.editor import json_schema
from consumer.mapping.reasons import Invalid, NoEvent
from consumer.mapping.unit import check_unit, render
from docs.generators.mapping_page import DOC, SCHEMA, filled, schema
from tests.mapping.evaluation import ACCOUNTS

ROOT = Path(__file__).parents[2]


def test_function_library_and_shared_events_are_documented_as_they_are() -> None:
    text = DOC.read_text()
    assert filled(text) == text
    assert "`phone(text, text) -> text?`" in text


def test_the_schema_for_editors_is_that_of_the_program() -> None:
    assert SCHEMA.read_text() == schema()


def test_the_example_of_the_documentation_is_a_valid_mapping(tmp_path: Path) -> None:
    example = DOC.read_text().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "avro").mkdir()
    schema = (ROOT / "avro" / "shop_click.avsc").read_text()
    (tmp_path / "avro" / "shop_click.avsc").write_text(schema)
    (tmp_path / "mappings").mkdir()
    path = tmp_path / "mappings" / "shop.yaml"
    path.write_text(example)
    unit, findings, files = check_unit([path], ACCOUNTS, tmp_path)
    assert unit is not None, render(findings, files)
    assert not findings


def test_the_mistake_of_the_documentation_is_what_the_program_prints(tmp_path: Path) -> None:
    text = DOC.read_text()
    example = text.split("```yaml\n")[1].split("```")[0]

    (tmp_path / "avro").mkdir()
    schema = (ROOT / "avro" / "shop_click.avsc").read_text()
    (tmp_path / "avro" / "shop_click.avsc").write_text(schema)
    (tmp_path / "mappings").mkdir()
    path = tmp_path / "mappings" / "shop.yaml"
    path.write_text(example.replace("id: product.sku", "id: product.skuu"))
    _, findings, files = check_unit([path], ACCOUNTS, tmp_path)
    shown = render(findings, files)
    assert shown in text, shown


def test_editors_offer_conflate_for_carts_alone() -> None:
    offered = [
        branch["if"]["properties"]
        for branch in json_schema()["$defs"]["send"]["allOf"]
        if "conflate" in branch["then"]["properties"]
    ]
    assert offered == [
        {"both": {"const": "cart_updated"}},
        {"legacy": {"const": "StatusCart"}},
        {"v2": {"const": "cartUpdated"}},
    ]


def test_every_reason_is_documented_and_has_words() -> None:
    text = DOC.read_text()
    documented = {reason for reason in (*NoEvent, *Invalid) if f"`{reason}`" in text}
    assert documented == {*NoEvent, *Invalid}
    assert [reason for reason in Invalid if not in_words(reason)] == []
