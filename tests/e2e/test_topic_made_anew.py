"""What had ended of a topic means nothing for another one of the same name."""

import pytest

from tests.e2e.conftest import PARTITIONS, Shop

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

FIRST_TWENTY = "rABQ="
"""Map of the offsets 0 to 19: none that had not ended, then twenty that had."""


def test_records_of_a_topic_made_anew_are_not_taken_for_those_of_the_former(shop: Shop) -> None:
    former = shop.kafka.topic_id(shop.clicks)
    shop.kafka.delete_topic(shop.clicks)
    shop.kafka.create_topic(shop.clicks, PARTITIONS)
    present = shop.kafka.topic_id(shop.clicks)
    shop.fill(600)
    # a member of the former topic was slow to go: Kafka itself forgets offsets with their topic
    maps = dict.fromkeys(range(PARTITIONS), former) | {2: present}
    for number, topic_id in maps.items():
        shop.kafka.commit(shop.group, shop.clicks, {number: 0}, f"yb2:0:{topic_id}:{FIRST_TWENTY}")
    bridge = shop.bridge()
    bridge.start()
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    # in one partition the map is of this topic, and tells what not to send
    skipped = {one for one in shop.topic.expected if one.partition == 2 and one.offset < 20}
    assert len({one.offset for one in skipped}) == 20
    assert set(shop.verdict().lost) == skipped
    assert bridge.log.count("commit metadata is not of this topic") == PARTITIONS - 1
