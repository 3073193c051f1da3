"""Replays and backfills stand beside the scopes: what `run` was given to send to is not theirs."""

from consumer.backfill.backfill import backfill_settings
from consumer.config import scopes
from consumer.config.settings import Settings
from consumer.dlq.bounded_run import Span
from consumer.dlq.letter import Selection
from consumer.dlq.replay import replay_group, replay_settings
from consumer.model import Endpoint

SCOPED = Settings.model_validate(
    {
        "kafka": {"bootstrap.servers": "broker-1:9093", "group.id": "shop"},
        "registry": {"url": "https://registry:8081"},
        "mappings": ["shop.yaml"],
        "yespo": {"accounts": {"main": {"legacy": {"site_id": "8A4"}, "v2": {"api_key": "k"}}}},
        "scopes": {
            "tracker": {"endpoints": ["main/legacy"]},
            "rest": {"endpoints": ["main/v2"]},
        },
        "only": ["tracker"],
        "dead_letters": {"topic": "dead"},
    }
)


def test_the_settings_are_those_of_one_scope() -> None:
    scope = scopes.chosen(SCOPED)
    assert scope is not None
    assert not scope.holds(Endpoint("main", "v2"))


def test_a_replay_sends_to_all_endpoints_from_one_position() -> None:
    assert replay_group(SCOPED, Selection()) == "shop.dlq-replay"
    assert scopes.chosen(replay_settings(SCOPED, Selection(), None)) is None


def test_a_backfill_sends_past_events_whatever_the_scope() -> None:
    span = Span("shop.backfill.1", {}, {}, resumed=False)
    assert scopes.chosen(backfill_settings(SCOPED, span, None, None)) is None
