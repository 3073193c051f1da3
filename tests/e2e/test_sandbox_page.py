"""The sandbox's page, filled by a real run and opened in a real browser."""

import re

import pytest

from tests.e2e.conftest import Shop
from tests.parts.programs import Browser

pytestmark = [pytest.mark.kafka, pytest.mark.registry]


def test_the_page_shows_what_a_run_delivered_without_naming_anybody(
    shop: Shop, browser: Browser
) -> None:
    shop.fill(60)
    bridge = shop.bridge()
    bridge.start()
    shop.wait_committed()
    bridge.terminate()
    page = browser.rendered(shop.sandbox.url)
    requests = len(shop.topic.expected)
    assert f"<dt>requests</dt><dd>{requests}</dd>" in page
    assert "<td>CustomEvent</td>" in page
    assert "<td>clickForwarded</td>" in page
    assert re.search(r"[\w.]+@shop\.example", page) is None
    assert [person for person in set(shop.topic.persons.values()) if person in page] == []
