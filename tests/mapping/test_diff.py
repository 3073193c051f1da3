"""`mapping diff` and `mapping coverage`: what changes, and what is left unused."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from consumer.errors import InvalidRecord
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.coverage import coverage
from consumer.mapping.workbench.diff import Differ, Difference
from consumer.mapping.workbench.json_form import JsonForm
from consumer.model import Decoded, Partition, Record
from tests.mapping.evaluation import write
from tests.mapping.shipped import unit_of

WORKBENCH = Path(__file__).parent / "workbench"
RECORDS = [json.loads(line) for line in (WORKBENCH / "records.jsonl").read_text().splitlines()]
OLD = (WORKBENCH / "shop.yaml").read_text()


def unit(folder: Path, text: str) -> MappingUnit:
    (folder / "click.avsc").write_text((WORKBENCH / "click.avsc").read_text())
    path = folder / "shop.yaml"
    path.write_text(text)
    return load_unit([path], TEST_ACCOUNTS)


def diff(
    folder: Path,
    new: str,
    records: Sequence[dict[str, Any]] = RECORDS,
    *,
    old: str = OLD,
    personal: bool = True,
) -> Difference:
    before, after = unit(folder, old), unit(folder, new)
    differ = Differ(before, after, show_personal=personal)
    form = JsonForm(before.mappings[0].reader_schema)
    for offset, document in enumerate(records):
        record = Record(Partition("clicks", 0, 1), offset, None, b"", (), 1_795_165_200_000)
        decoded = Decoded(form.decoded(document), "shop.Click", "1")
        differ.compare(str(offset), record, decoded, decoded)
    return differ.difference


def fields(found: Difference) -> dict[tuple[str, str, str], tuple[int, Any, Any]]:
    return {key: (one.records, one.before, one.after) for key, one in found.fields.items()}


def test_a_mapping_that_differs_in_words_only_changes_nothing(tmp_path: Path) -> None:
    found = diff(tmp_path, OLD.replace("price: price", "price: coalesce(price, 0)"))
    assert (found.records, found.changed) == (6, 0)
    assert found.render() == "0 of 6 records change"


def test_a_changed_value_is_counted_and_shown_by_field(tmp_path: Path) -> None:
    found = diff(tmp_path, OLD.replace("price: price", "price: price + 1"))
    assert (found.records, found.changed) == (6, 2)
    assert fields(found) == {
        ("product viewed", "main/legacy ProductPage", "ProductPage.Product.price"): (
            *(2, "201.95", "202.95"),
        ),
        ("product viewed", "main/v2 productViewed", "params.product.price"): (1, 201.95, 202.95),
    }


def test_a_field_that_comes_or_goes_is_absent_on_one_side(tmp_path: Path) -> None:
    found = diff(tmp_path, OLD.replace("brand: lower(brand)", "make: lower(brand)"))
    legacy = "main/legacy ProductPage"
    key = ("product viewed", legacy, "ProductPage.Product.tag_brand")
    assert fields(found)[key] == (2, ["owl"], None)
    assert fields(found)["product viewed", legacy, "ProductPage.Product.tag_make"] == (
        *(2, None, ["owl"]),
    )


def test_events_that_come_or_go_are_told_by_their_rule(tmp_path: Path) -> None:
    gone = diff(tmp_path, OLD.replace("and query != null", 'and query != null and query != "mug"'))
    assert fields(gone) == {
        ("searched", "main/legacy SearchRequest", ""): (1, "SearchRequest", None)
    }
    assert {key: one.records for key, one in gone.ends.items()} == {
        ("sent", "nothing sent (no_rule)"): 1
    }
    both = diff(
        tmp_path,
        OLD.replace("- legacy: SearchRequest", "- both: searched").replace(
            "        search: query", "        query: query"
        ),
    )
    assert both.changed == 0, "v2 events of nobody are not built"


def test_a_changed_age_is_a_change(tmp_path: Path) -> None:
    aged = OLD.replace("- both: product_viewed", "- both: product_viewed\n        max_age: 2h")
    found = diff(tmp_path, aged)
    event = ("product viewed", "main/v2 productViewed")
    assert fields(found) == {(*event, "(max_age, ms)"): (1, 86_400_000, 7_200_000)}
    later = aged.replace("max_age: 2h", "max_age: 24h\n        when_older: dead_letter")
    found = diff(tmp_path, later)
    assert fields(found)[*event, "(when_older)"] == (1, "drop", "dead_letter")


def test_carts_that_may_be_superseded_from_now_on_are_a_change(tmp_path: Path) -> None:
    was = OLD.replace(
        "- legacy: SearchRequest\n        search: query",
        "- legacy: StatusCart\n        GUID: uuid(query)\n        Products: []",
    )
    found = diff(tmp_path, was + "        conflate: true\n", old=was)
    assert fields(found) == {
        ("searched", "main/legacy StatusCart", "(conflate)"): (2, None, True),
    }


def test_records_that_become_invalid_are_told(tmp_path: Path) -> None:
    found = diff(tmp_path, OLD.replace("id: sku", 'id: replace(sku, "100-01", " ")'))
    [(ends, example)] = found.ends.items()
    assert ends == ("sent", "dead letter (blank)")
    assert (example.records, example.where) == (1, "0")
    assert "1 record: sent -> dead letter (blank), e.g. 0" in found.render()


def test_personal_data_is_masked_in_examples(tmp_path: Path) -> None:
    new = OLD.replace("email: email(email)", 'email: replace(email, "Olena", "Olga")')
    shown = diff(tmp_path, new).render()
    assert "olena@example.ua" in shown
    masked = diff(tmp_path, new, personal=False).render()
    assert "GeneralInfo.user_email" in masked
    for value in ("olena", "Olena", "Olga", "olga"):
        assert value not in masked
    assert "@example.com" in masked


def test_a_record_that_cannot_be_read_by_one_of_them_is_compared_too(tmp_path: Path) -> None:
    differ = Differ(unit(tmp_path, OLD), unit(tmp_path, OLD))
    record = Record(Partition("clicks", 0, 1), 0, None, b"", (), 0)
    form = JsonForm(differ._units[0].mappings[0].reader_schema)
    decoded = Decoded(form.decoded(RECORDS[0]), "shop.Click", "1")
    unread = InvalidRecord("decode", "schema_mismatch", "no")
    differ.compare("a", record, decoded, unread)
    differ.compare("b", record, unread, unread)
    assert (differ.difference.records, differ.difference.changed) == (2, 1)
    assert list(differ.difference.ends) == [("sent", "dead letter (schema_mismatch)")]


def test_coverage_names_fields_that_nothing_reads_or_fills() -> None:
    found = coverage(unit_at(WORKBENCH).mappings[0], ["searched"])
    assert (found.fields, found.unread) == (10, ("referrer",))
    assert found.unfilled == {
        "both product_viewed": ("product.currency", "product.in_stock", "tags"),
        "legacy SearchRequest": ("isFound",),
    }
    assert "legacy StatusCart" in found.unsent
    assert "legacy ProductPage" not in found.unsent
    assert "v2 productViewed" not in found.unsent
    assert found.untested == ("searched",)


def unit_at(folder: Path) -> MappingUnit:
    return load_unit([folder / "shop.yaml"], TEST_ACCOUNTS)


DEEP = """
version: 1
from: {topics: [shop.test], schema: test.avsc}
identity: {cookie: name}
order_by: [user.id]
otherwise: drop
tables: {stores: {a: "1"}}
rules:
  - name: deep
    when: event is Viewed and length(maybe_lines) > 0 and attributes["a"] != null
    send:
      - v2: productImpressions
        if: yes
        for: line in lines
        by: stores[kind]
        recomVariantId: key
        products:
          for: slot in items
          productId: f"{slot.sku}{event.sku}"
        keyValue: text(count)
"""


def test_coverage_looks_into_loops_groups_maps_and_unions(tmp_path: Path) -> None:
    text = DEEP.replace("by: stores[kind]", 'by: coalesce(stores[kind], "x")')
    found = coverage(load_unit([write(tmp_path, text)], TEST_ACCOUNTS).mappings[0], ())
    read = {"name", "user.id", "attributes", "yes", "kind", "lines.sku", "count"}
    assert not read & set(found.unread)
    assert "event<Viewed>.sku" not in found.unread
    assert {"user.email", "lines.quantity", "event<CartChanged>.cart"} <= set(found.unread)


@pytest.mark.parametrize("folder", [".", "flat", "union"])
def test_coverage_of_shipped_mappings_is_one_of_existing_fields(folder: str) -> None:
    mapping = unit_of(folder)[0].mappings[0]
    found = coverage(mapping, ())
    assert 0 < len(found.unread) < found.fields
    assert len(found.render().splitlines()) > 3
    assert json.dumps(found.as_json())
