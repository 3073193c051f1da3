"""The shipped mappings: proven, without a warning, and every rule tested by a case beside them."""

import shutil
from pathlib import Path

import orjson
import pytest
import yaml

from consumer.mapping.unit import MappingUnit, check_unit, load_unit, render
from consumer.mapping.workbench.cases import TEST_ACCOUNTS, Report, run_cases
from tests.content.make_fixtures import ROOT

MAPPINGS = sorted((ROOT / "mappings").glob("*.yaml"))
CASES = sorted((ROOT / "mappings" / "tests").glob("*.yaml"))
LEGACY = {
    "ProductPage",
    "StatusCart",
    "AddToWishlist",
    "PurchasedItems",
    "ProductImpressions",
    "CategoryPage",
    "CustomerData",
    "CustomEvent",
    "SearchRequest",
    "ProductUpdate",
}
V2 = {
    "pageViewed",
    "productViewed",
    "productCategoryViewed",
    "cartUpdated",
    "productImpressions",
    "productAddedToWishlist",
    "searchRequest",
}
ORDERS = {"orderCreated", "orderUpdated", "orderDelivered", "orderCancelled"}


@pytest.fixture(scope="module")
def report() -> Report:
    return run_cases(CASES)


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_a_shipped_mapping_is_proven_without_a_warning(path: Path) -> None:
    unit, findings, files = check_unit([path], TEST_ACCOUNTS, ROOT)
    assert findings == [], render(findings, files)
    assert unit is not None


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_of_a_shipped_mapping_passes(path: Path) -> None:
    report = run_cases([path])
    assert report.passed, report.render()


def test_every_rule_of_every_shipped_mapping_has_a_case(report: Report) -> None:
    assert {path.stem for path in CASES} == {path.stem for path in MAPPINGS}
    assert report.untested == []
    assert len(report.results) >= 50


def events_of(unit: MappingUnit) -> set[str]:
    return {
        side.spec.name
        for mapping in unit.mappings
        for rule in mapping.rules
        for send in rule.sends
        for side in send.sides
    }


def test_the_shop_mapping_makes_every_documented_event() -> None:
    unit = load_unit([ROOT / "mappings" / "shop.yaml"], TEST_ACCOUNTS)
    assert events_of(unit) == LEGACY | V2


def test_the_mapping_of_properties_of_any_type_makes_every_event_and_orders_too() -> None:
    unit = load_unit([ROOT / "mappings" / "segment.yaml"], TEST_ACCOUNTS)
    assert events_of(unit) == LEGACY | V2 | ORDERS


def test_all_shipped_mappings_run_side_by_side() -> None:
    unit = load_unit(MAPPINGS, TEST_ACCOUNTS)
    assert unit.topics == ("web.events", "segment.events", "shop.clicks", "market.events")
    assert sorted(unit.reader_schemas("market.events")) == [
        "market.CatalogueChanged",
        "market.Envelope",
    ]


@pytest.mark.parametrize("style", ["'", '"', None], ids=["single", "double", "none"])
def test_a_mapping_rewritten_by_another_yaml_tool_means_the_same(
    tmp_path: Path, style: str | None
) -> None:
    shutil.copytree(ROOT / "avro", tmp_path / "avro")
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    for path in MAPPINGS:
        # BaseLoader keeps every scalar the text it is; comments, quotes and layout are lost.
        read = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # a safe loader by construction
        written = yaml.safe_dump(read, default_style=style, allow_unicode=True, width=60)
        assert written != path.read_text()
        (tmp_path / "mappings" / path.name).write_text(written)
    report = run_cases(sorted((tmp_path / "mappings" / "tests").glob("*.yaml")))
    assert report.passed, report.render()
    assert len(report.results) >= 50


def test_shipped_mappings_need_no_python() -> None:
    suffixes = {path.suffix for path in (ROOT / "mappings").rglob("*") if path.is_file()}
    assert suffixes <= {".yaml", ".md"}


def test_each_shipped_mapping_names_its_editor_schema() -> None:
    for path in MAPPINGS:
        first = path.read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=../docs/mapping.schema.json", path.name


def test_fixtures_are_json_that_any_tool_reads() -> None:
    for path in (ROOT / "avro" / "fixtures").rglob("*.json"):
        orjson.loads(path.read_bytes())
