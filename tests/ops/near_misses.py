"""Near-misses, each with the part of the rule that, weakened, would let it fire.

Without this a near-miss could be so far off that it proves nothing.
"""

from typing import NamedTuple


class NearMiss(NamedTuple):
    """In the scenario of that name `alert` is quiet, and fires once `text` of its rule is `weaker`.

    `text` is a part of the expression, or `for`.
    """

    scenario: str
    alert: str
    text: str
    weaker: str


_AT_ONCE = ("for", "0m")

NEAR_MISSES = (
    NearMiss("scraping has been away for a moment", "YespoBridgeAbsent", *_AT_ONCE),
    NearMiss("a pod is replaced", "YespoBridgePodDown", *_AT_ONCE),
    NearMiss("a pod had to start twice", "YespoBridgeCrashLooping", *_AT_ONCE),
    NearMiss("a broker restarted", "YespoBridgeKafkaUnreachable", *_AT_ONCE),
    NearMiss("a broker answers nothing for a minute", "YespoBridgeFetchFailing", *_AT_ONCE),
    NearMiss("a replica is a spare one", "YespoBridgeNoPartitions", "sum by", "min by"),
    NearMiss("nothing ends and nothing waits", "YespoBridgeStalled", "> 0\nand", ">= 0\nand"),
    NearMiss("one partition is slow", "YespoBridgePartitionStuck", "== 0", "< 20"),
    NearMiss("a gap closes again", "YespoBridgeGapFull", *_AT_ONCE),
    NearMiss("one 401, then it goes again", "YespoBridgeEndpointMisconfigured", *_AT_ONCE),
    NearMiss("Yespo was down for two minutes", "YespoBridgeEndpointDown", *_AT_ONCE),
    NearMiss("one request in fifty fails", "YespoBridgeRequestsFailing", "> 0.05", "> 0.01"),
    NearMiss("one request in twenty takes seconds", "YespoBridgeRequestsSlow", "0.9", "0.99"),
    NearMiss("a few requests are answered 429", "YespoBridgeThrottled", "> 0.05", "> 0.01"),
    NearMiss(
        "the rate smooths a burst and nobody waits", "YespoBridgeRateLimitBound", "> 60", "> 0"
    ),
    NearMiss(
        "a backlog is worked off",
        "YespoBridgeLagNotRecovering",
        "> sum by (namespace, job, topic) (yespo_bridge_lag_records offset 30m)",
        "> 0",
    ),
    NearMiss("one record in two hundred fails", "YespoBridgeDeadLetters", "> 0.01", "> 0.001"),
    NearMiss(
        "a dead letter took two attempts",
        "YespoBridgeDeadLetterFailing",
        "(yespo_bridge_dead_letters_outstanding) > 0",
        "(yespo_bridge_dead_letters_outstanding) >= 0",
    ),
    NearMiss("the breaker was reset at once", "YespoBridgeDeadLetterBreakerOpen", *_AT_ONCE),
    NearMiss("the registry blinked", "YespoBridgeRegistryUnreachable", *_AT_ONCE),
    NearMiss("a rollout moves partitions twice", "YespoBridgeRebalanceStorm", "> 3 *", "> 1 *"),
    NearMiss("no commit for four minutes", "YespoBridgeCommitStale", "> 300", "> 100"),
    NearMiss("one reading did not balance", "YespoBridgeLedgerImbalance", *_AT_ONCE),
    NearMiss("a wrong mapping was corrected", "YespoBridgeMappingRefused", *_AT_ONCE),
    NearMiss("a rollout changes the mapping", "YespoBridgeMappingDrift", *_AT_ONCE),
    NearMiss("the loop hiccups now and then", "YespoBridgeShortOfCpu", "0.9", "0.99"),
    NearMiss("it was restarted twice", "YespoBridgeRestarting", "> 3", "> 1"),
    NearMiss("one record in a thousand", "YespoBridgeDeliveryBudgetBurn", "> 14.4", "> 0.5"),
    NearMiss(
        "eight of eight records fail at night", "YespoBridgeDeliveryBudgetBurn", ">= 10", ">= 5"
    ),
    NearMiss("one event in two hundred is late", "YespoBridgeFreshnessBudgetBurn", "14.4", "0.25"),
)
