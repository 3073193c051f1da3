"""Three members share the vendor's rate while they come and go."""

import time
from collections import Counter

import pytest

from tests.e2e.conftest import Shop

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

RATE, BURST = 40.0, 8


@pytest.mark.soak
def test_three_members_never_send_more_than_rate_and_burst_together(shop: Shop) -> None:
    settings = shop.settings()
    settings["yespo"]["accounts"]["main"]["v2"] |= {"rate": RATE, "burst": BURST}
    shop.fill(9000)
    bridges = [
        shop.bridge(
            yespo=settings["yespo"], drain={"revoke": "500ms"}, commit={"interval": "200ms"}
        )
        for _ in range(3)
    ]
    for bridge in bridges:
        bridge.start()
        bridge.wait_ready()
        time.sleep(12)  # long enough to have a share and to send at its pace
    bridges[0].terminate()
    time.sleep(12)
    for bridge in bridges[1:]:
        bridge.terminate()
    seconds = Counter(
        request.at_ms // 1000 for request in shop.sandbox.received if request.api == "v2"
    )
    # A request may arrive some milliseconds after it left: two of forty a second, in 50 ms.
    assert max(seconds.values()) <= RATE + BURST + 2, seconds
    assert sum(seconds.values()) >= 0.5 * RATE * 45, "they used most of what they may"
