"""The demo is the whole program on embedded parts: its last line says whether all went well."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LEGACY = [
    "AddToWishlist",
    "CategoryPage",
    "CustomEvent",
    "CustomerData",
    "ProductImpressions",
    "ProductPage",
    "ProductUpdate",
    "PurchasedItems",
    "SearchRequest",
    "StatusCart",
]
V2 = [
    "cartUpdated",
    "pageViewed",
    "productAddedToWishlist",
    "productCategoryViewed",
    "productImpressions",
    "productViewed",
    "searchRequest",
]


def demo(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON of the last line, and what a person reads."""
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "demo", "--json", "--rate", "0", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=110,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr


def test_every_event_of_both_apis_is_delivered_and_everything_balances() -> None:
    code, found, text = demo("--events", "900")
    assert code == 0, text
    assert found["produced"] == found["received"] == 900
    assert found["in_flight"] == 0
    assert found["balanced"] is True
    assert found["contract_violations"] == 0
    assert found["outcomes"]["dead_lettered"] == 0
    expected = {f"legacy/{name}" for name in LEGACY} | {f"v2/{name}" for name in V2}
    assert set(found["events"]) == expected
    assert "All 900 records ended" in text


def test_a_bad_day_costs_only_the_records_that_nobody_can_deliver() -> None:
    code, found, text = demo("--events", "1500", "--faults")
    assert code == 0, text
    assert found["poisoned"] == 15
    assert found["outcomes"]["dead_lettered"] == 15
    assert found["balanced"] is True
    assert found["contract_violations"] == 0
