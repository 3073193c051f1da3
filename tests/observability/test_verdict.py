"""One function decides the state of the bridge: each cause, alone, is named with its runbook."""

from pathlib import Path
from typing import Any

import pytest

from consumer.observability.verdict import Cause, Level, Verdict, level, problems
from tests.observability.statuses import a_status

ROOT = Path(__file__).parents[2]


def stuck(seconds: float, why: str = "in back-off") -> list[dict[str, Any]]:
    return [
        {
            "position": "shop.clicks/0@41",
            "partition": "shop.clicks/0",
            "offset": 41,
            "seconds": seconds,
            "why": why,
            "event": "main/v2/cartUpdated/cart/0",
            "attempts": 9,
            "first_attempt_seconds": seconds,
            "last_answer": "500",
            "next_try_seconds": 4.0,
        }
    ]


LATE = ("partitions > shop.clicks/0 > lag_seconds", 122.0)


@pytest.mark.parametrize(
    ("changes", "cause", "worst"),
    [
        ([("joined", False)], "KafkaUnreachable", "stopped"),
        ([("kafka > polled_seconds", 31.0)], "KafkaUnreachable", "stopped"),
        ([("recent > kafka_errors", 1)], "KafkaUnreachable", "stopped"),
        ([("kafka > partitions", 0)], "NoPartitions", "notice"),
        ([("kafka > assigned_15m", 40)], "RebalanceStorm", "degraded"),
        (
            [("kafka > fetch_failures", {"shop.clicks/0": "_BAD_COMPRESSION"})],
            "FetchFailing",
            "stopped",
        ),
        ([("commits > failing_seconds", 12.0)], "CommitStale", "degraded"),
        ([("endpoints > main/v2 > state", "misconfigured")], "EndpointMisconfigured", "stopped"),
        ([("endpoints > main/v2 > state", "down")], "EndpointDown", "stopped"),
        ([("recent > endpoints > main/v2 > throttled", 26)], "Throttled", "degraded"),
        ([("recent > endpoints > main/v2 > failed", 125)], "RequestsFailing", "degraded"),
        ([("recent > endpoints > main/v2 > p90_seconds", 5.0)], "RequestsSlow", "degraded"),
        ([("dead_letters > failing", "_MSG_TIMED_OUT")], "DeadLetterFailing", "stopped"),
        ([("dead_letters > stopped", "100 in a row")], "DeadLetterBreakerOpen", "stopped"),
        ([("recent > dead_letters", 12)], "DeadLetters", "degraded"),
        ([("registry_reachable", False)], "RegistryUnreachable", "degraded"),
        ([("stuck", stuck(61.0))], "PartitionStuck", "degraded"),
        (
            [("stuck", stuck(61.0)), ("kafka > gap_full", ["shop.clicks/0"])],
            "GapFull",
            "stopped",
        ),
        ([LATE], "LagNotRecovering", "degraded"),
        ([LATE, ("recent > ended", 0)], "Stalled", "stopped"),
        ([("mapping_refused", True)], "MappingRefused", "degraded"),
        ([("ledger > imbalance", ["records of a/0: received 1"])], "LedgerImbalance", "degraded"),
        ([("recent > loop_lag_p90", 0.5)], "ShortOfCpu", "degraded"),
    ],
)
def test_each_cause_alone_is_named(changes: list[tuple[str, Any]], cause: str, worst: str) -> None:
    found = problems(a_status(*changes))
    assert [each.cause for each in found] == [cause]
    assert level(found) == worst


def test_the_rate_that_holds_delivery_up_is_named_beside_the_lag() -> None:
    found = problems(a_status(LATE, ("recent > endpoints > main/v2 > rate_wait", 0.95)))
    assert [each.cause for each in found] == ["RateLimitBound", "LagNotRecovering"]


def test_a_healthy_bridge_has_no_problem() -> None:
    assert problems(a_status()) == []
    assert level([]) is Level.OK


@pytest.mark.parametrize(
    "change",
    [
        ("recent > endpoints > main/v2 > throttled", 25),
        ("recent > endpoints > main/v2 > failed", 25),
        ("recent > endpoints > main/v2 > p90_seconds", 2.5),
        ("recent > endpoints > main/v2 > p90_seconds", None),
        ("recent > endpoints > main/v2 > rate_wait", 0.95),
        ("recent > dead_letters", 9),
        ("recent", {"seconds": 0.0, "endpoints": {}}),
        ("partitions > shop.clicks/0 > lag_seconds", 60.0),
        ("partitions > shop.clicks/0 > lag_seconds", None),
        ("partitions > shop.clicks/0 > waits_for_schema", True),
        ("kafka > assigned_15m", 6),
        ("commits > failing_seconds", 3.0),
        ("stuck", stuck(20.0)),
        ("endpoints > main/v2 > state", "throttled"),
        ("endpoints > main/v2 > state", "suspect"),
    ],
)
def test_the_weather_of_every_day_is_no_problem(change: tuple[str, Any]) -> None:
    assert problems(a_status(change)) == []


def test_a_replica_that_gives_most_of_its_partitions_away_is_no_storm() -> None:
    left = [("kafka > assigned_15m", 14), ("kafka > most_partitions_15m", 12)]
    assert problems(a_status(*left, ("kafka > partitions", 2))) == []


def test_two_partitions_that_are_behind_are_not_well() -> None:
    [found] = problems(a_status(LATE, ("partitions > shop.clicks/1 > lag_seconds", 90.0)))
    assert found.what == "2 of 2 partitions are behind, shop.clicks/0 by 122 s"


def test_the_worst_comes_first() -> None:
    found = problems(a_status(("mapping_refused", True), ("joined", False)))
    assert [each.level for each in found] == ["stopped", "degraded"]


def test_a_problem_keeps_the_time_since_which_it_lasts_and_begins_anew_when_it_returns() -> None:
    verdict = Verdict()
    down = a_status(
        ("endpoints > main/v2 > state", "down"), ("endpoints > main/v2 > last_error", "503")
    )
    verdict.update(down, 1000.0)
    verdict.update(down, 1060.0)
    [found] = verdict.found
    assert found.since == 1000.0
    assert found.line() == (
        "main/v2 does not answer, or only with errors (since 00:16:40Z, last answer 503): "
        "wait, or ask Yespo; nothing is lost and it goes on by itself "
        "[docs/runbooks/YespoBridgeEndpointDown.md]"
    )
    verdict.update(a_status(), 1100.0)
    assert verdict.found == []
    verdict.update(down, 1200.0)
    assert verdict.found[0].since == 1200.0
    assert verdict.lasts(Cause.ENDPOINT_DOWN)
    assert not verdict.lasts(Cause.STALLED)


def test_both_endpoints_have_a_problem_each() -> None:
    verdict = Verdict()
    status = a_status(*[(f"endpoints > main/{api} > state", "down") for api in ("v2", "legacy")])
    verdict.update(status, 0.0)
    assert [each.problem.subject for each in verdict.found] == ["main/v2", "main/legacy"]


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_its_runbook(cause: Cause) -> None:
    assert (ROOT / cause.runbook).is_file()
