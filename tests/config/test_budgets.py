"""The numbers that follow from several settings, and what must hold between them."""

from collections.abc import Callable

import pytest

from consumer.config.budgets import Budgets, stale_seconds
from consumer.config.rules import topic_problems
from consumer.config.settings import Settings
from tests.config.conftest import LEAST

SettingsOf = Callable[..., Settings]
FindingsOf = Callable[..., list[tuple[str, str, str]]]


def test_the_budgets_of_the_defaults(settings_of: SettingsOf) -> None:
    assert Budgets.of(settings_of()) == Budgets(
        unacknowledged=1064,
        max_queued_seconds=2.5,
        session=45.0,
        stale=41.0,
        poll_interval=300.0,
        revoke=10.0,
        termination_grace=35.0,
    )


def test_a_poll_is_stale_a_heartbeat_before_the_session_ends() -> None:
    assert stale_seconds({}) == 41.0
    assert stale_seconds({"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}) == 4.5
    assert stale_seconds({"group.protocol": "consumer"}) == 39.0


@pytest.mark.parametrize(
    ("kafka", "section", "place", "message", "remedy"),
    [
        (
            "session.timeout.ms: 9000",
            "drain: {revoke: 5s}",
            "bridge.yaml:13:17",
            "drain.revoke 5s + commit 5s = 10s must be less than session.timeout.ms 9s",
            "lower `drain.revoke`, or raise `session.timeout.ms` under `kafka`",
        ),
        (
            "max.poll.interval.ms: 45000",
            "drain: {revoke: 38s}",
            "bridge.yaml:13:17",
            "drain.revoke 38s + commit 5s + margin 5s = 48s must be less than max.poll.interval.ms 45s",
            "lower `drain.revoke`, or raise `max.poll.interval.ms` under `kafka`",
        ),
        (
            "session.timeout.ms: 12000\n  heartbeat.interval.ms: 8000",
            "drain: {revoke: 5s}",
            "bridge.yaml:14:17",
            (
                "drain.revoke 5s must be less than 3s, after which nothing is sent without a poll: "
                "session.timeout.ms 12s - heartbeat.interval.ms 8s - margin 1s"
            ),
            (
                "lower `drain.revoke` or `heartbeat.interval.ms`, or raise `session.timeout.ms` under "
                "`kafka`"
            ),
        ),
        (
            "max.poll.interval.ms: 20000",
            "drain: {revoke: 5s}",
            "bridge.yaml:3:25",
            (
                "max.poll.interval.ms 20s must not be less than session.timeout.ms 45s: Kafka's client "
                "refuses that"
            ),
            "raise `max.poll.interval.ms`, or lower `session.timeout.ms`",
        ),
        (
            "client.id: me",
            "drain: {shutdown: 10s}",
            "bridge.yaml:1:1",
            "delivery.total_timeout 20s must not exceed drain.shutdown 10s",
            "lower `delivery.total_timeout`, or raise `drain.shutdown`",
        ),
        (
            "client.id: me",
            "delivery: {response_timeout: 21s}",
            "bridge.yaml:13:30",
            "delivery.response_timeout 21s must not exceed delivery.total_timeout 20s",
            "lower `delivery.response_timeout`, or raise `delivery.total_timeout`",
        ),
        (
            "client.id: me",
            "delivery: {retry: {initial: 1m}}",
            "bridge.yaml:13:29",
            "delivery.retry.initial 60s must not exceed delivery.retry.maximum 30s",
            "lower `delivery.retry.initial`, or raise `delivery.retry.maximum`",
        ),
    ],
)
def test_an_inequality_that_does_not_hold_shows_its_sum(
    findings_of: FindingsOf, kafka: str, section: str, place: str, message: str, remedy: str
) -> None:
    text = LEAST.replace("  group.id", f"  {kafka}\n  group.id") + section + "\n"
    assert findings_of(text) == [(place, message, remedy)]


@pytest.mark.parametrize(
    ("topics", "refused"),
    [
        (["shop.clicks"], False),
        (["shop.clicks", "shop.clicks.yespo-dlq"], True),
        (["^shop\\..*"], True),
        (["^shop.clicks"], True),  # a pattern need not match to the end of the name
        (["^orders|clicks"], True),  # its `^` is of the first alternative
        (["^shop\\.clicks$"], False),
        (["^shop\\.(clicks|orders)$"], False),
    ],
)
def test_dead_letters_need_a_topic_that_nobody_reads(
    settings_of: SettingsOf, topics: list[str], refused: bool
) -> None:
    problems = list(topic_problems(settings_of(), topics))
    assert [problem.path for problem in problems] == [("dead_letters", "topic")] * refused
