"""Scenarios: the series of a healthy bridge, and the change that each fault makes.

Values are written as promtool has them: `0+600x60` begins at 0 and grows by 600, sixty times. One
sample per minute; the clock of a unit test begins at 0.
"""

from dataclasses import dataclass, field

REPLICA = {"namespace": "shop", "job": "bridge", "instance": "a"}
P0 = {"topic": "clicks", "partition": "0"}
P1 = {"topic": "clicks", "partition": "1"}
LEGACY = {"account": "main", "api": "legacy"}
V2 = {"account": "main", "api": "v2"}
STATES = ("flowing", "throttled", "suspect", "down", "misconfigured")


def series(name: str, **labels: str) -> str:
    """The series of one replica, as promtool writes it. `process_` metrics have no prefix of ours."""
    prefix = "" if name.startswith("process_") else "yespo_bridge_"
    pairs = ",".join(f'{key}="{value}"' for key, value in {**REPLICA, **labels}.items())
    return f"{prefix}{name}{{{pairs}}}"


def healthy(minutes: int) -> dict[str, str]:
    """Ten records a second and partition, all delivered at once."""
    still, flow, one = f"0x{minutes}", f"0+600x{minutes}", f"1x{minutes}"
    found: dict[str, str] = {}
    for where in (P0, P1):
        found |= {
            series("records_received_total", **where): flow,
            series("records_ended_total", **where, outcome="delivered", reason=""): flow,
            series("records_ended_total", **where, outcome="released", reason=""): still,
            series("lag_records", **where): f"5x{minutes}",
            series("lag_seconds", **where): f"0.2x{minutes}",
        }
    for end in (LEGACY, V2):
        found |= _endpoint(end, minutes)
    for stage in ("decode", "mapping", "delivery"):
        found[series("dead_letters_total", stage=stage, reason="missing")] = still
    for bound in ("0.001", "0.25", "0.5", "+Inf"):
        found[series("event_loop_lag_seconds_bucket", le=bound)] = flow
    for reason in ("buffer", "schema", "gap"):
        found[series("partitions_paused", reason=reason)] = still
    for name in (
        *("dead_letter_errors_total", "dead_letters_outstanding", "dead_letter_breaker_open"),
        *("ledger_imbalance", "mapping_refused"),
    ):
        found[series(name)] = still
    return found | {
        series("registry_reachable"): one,
        series("joined"): one,
        series("partitions_assigned"): f"2x{minutes}",
        series("rebalances_total", event="assigned"): f"2x{minutes}",
        series("kafka_errors_total", code="_ALL_BROKERS_DOWN"): still,
        series("last_commit_timestamp_seconds"): f"0+60x{minutes}",
        series("requests_unacknowledged"): f"10x{minutes}",
        series("mapping_info", digest="aaaa"): one,
        series("build_info", version="1.0"): one,
        series("process_start_time_seconds"): f"1000x{minutes}",
    }


def _endpoint(end: dict[str, str], minutes: int) -> dict[str, str]:
    still, flow = f"0x{minutes}", f"0+600x{minutes}"
    found = {
        series("events_ended_total", **end, event="cartUpdated", outcome="delivered"): flow,
        series("events_ended_total", **end, event="cartUpdated", outcome="expired"): still,
        series("freshness_seconds_count", **end): flow,
        series("requests_total", **end, code="200"): flow,
        series("requests_total", **end, code="429"): still,
        series("requests_total", **end, code="503"): still,
        series("retries_total", **end, **{"class": "transient"}): still,
        series("rate_limit_wait_seconds_total", **end): still,
    }
    for bound in ("1.0", "60.0", "+Inf"):
        found[series("freshness_seconds_bucket", **end, le=bound)] = flow
    for bound in ("0.05", "2.5", "5.0", "+Inf"):
        found[series("request_duration_seconds_bucket", **end, le=bound)] = flow
    for state in STATES:
        values = f"{int(state == 'flowing')}x{minutes}"
        found[series("endpoint_state", **end, state=state)] = values
    return found


_UP_B = 'up{namespace="shop",job="bridge",instance="b"}'
_LOOPS = (
    "kube_pod_container_status_waiting_reason{"
    'namespace="shop",pod="shop-yespo-bridge-7d9f",container="bridge",reason="CrashLoopBackOff"}'
)


@dataclass(frozen=True)
class Scenario:
    """`changes` replaces or adds series of the healthy bridge (None takes one away). `firing` is the
    whole set of alerts that fire at minute `at`: the right one, and no crowd."""

    name: str
    firing: tuple[str, ...]
    changes: dict[str, str | None] = field(default_factory=dict)
    at: int = 60
    only: bool = False
    """Nothing but `changes` is there."""


def _ends(values: str, *partitions: dict[str, str]) -> dict[str, str | None]:
    return {
        series("records_ended_total", **where, outcome="delivered", reason=""): values
        for where in partitions
    }


def _state(state: str, end: dict[str, str], at: int) -> dict[str, str | None]:
    """The endpoint goes into `state` at that minute."""
    return {
        series("endpoint_state", **end, state="flowing"): f"1x{at} 0x200",
        series("endpoint_state", **end, state=state): f"0x{at} 1x200",
    }


_HALTED = _ends("0+600x20 12000x200", P0, P1)
_BACKLOG: dict[str, str | None] = {
    series("lag_records", **where): "5x20 5+600x200" for where in (P0, P1)
}
_LATE: dict[str, str | None] = {
    series("lag_seconds", **where): "0x20 0+60x200" for where in (P0, P1)
}


def _late(per_minute: int, end: dict[str, str], minutes: int) -> dict[str, str | None]:
    """So many of 600 events a minute come later than 60 s."""
    return {
        series("freshness_seconds_bucket", **end, le=bound): f"0+{600 - per_minute}x{minutes}"
        for bound in ("1.0", "60.0")
    }


def _dead(stage: str, values: str) -> dict[str, str | None]:
    return {series("dead_letters_total", stage=stage, reason="missing"): values}


SCENARIOS = (
    Scenario("all is well", ()),
    Scenario("nothing is scraped", ("YespoBridgeAbsent",), {"up": "1x200"}, only=True),
    Scenario(
        "scraping has been away for a moment",
        (),
        {series("build_info", version="1.0"): "1x52 _x8 1x200"},
    ),
    Scenario(
        "Kafka was never reached", ("YespoBridgeKafkaUnreachable",), {series("joined"): "0x200"}
    ),
    Scenario(
        "the brokers went away",
        ("YespoBridgeKafkaUnreachable",),
        {series("kafka_errors_total", code="_ALL_BROKERS_DOWN"): "0x40 0+1x200"},
    ),
    Scenario(
        "a broker restarted",
        (),
        {series("kafka_errors_total", code="_ALL_BROKERS_DOWN"): "0x55 1x200"},
    ),
    Scenario(
        "a batch cannot be unpacked",
        ("YespoBridgeFetchFailing",),
        {series("fetch_failing", partition="1", code="_BAD_COMPRESSION"): "_x40 1x200"},
    ),
    Scenario(
        "a broker answers nothing for a minute",
        (),
        {series("fetch_failing", partition="1", code="no_progress"): "_x58 1x3 _x200"},
    ),
    Scenario(
        "no partition is assigned",
        ("YespoBridgeNoPartitions",),
        {series("partitions_assigned"): "2x40 0x200"},
    ),
    Scenario(
        "a replica is a spare one",
        (),
        {
            series("partitions_assigned", instance="b"): "0x200",
            series("joined", instance="b"): "1x200",
        },
    ),
    Scenario("nothing ends", ("YespoBridgeStalled",), {**_HALTED, **_BACKLOG, **_LATE}, at=40),
    Scenario(
        "nothing ends and nothing waits",
        (),
        {**_HALTED, **{series("lag_records", **where): "0x200" for where in (P0, P1)}},
        at=40,
    ),
    Scenario(
        "one partition stands still",
        ("YespoBridgePartitionStuck",),
        {**_ends("0+600x20 12000x200", P0), series("lag_seconds", **P0): "0x20 0+60x200"},
    ),
    Scenario(
        "one partition is slow",
        (),
        {**_ends("0+600x20 12000+1x200", P0), series("lag_seconds", **P0): "0x20 0+60x200"},
    ),
    Scenario(
        "a record does not end",
        ("YespoBridgeGapFull",),
        {series("partitions_paused", reason="gap"): "0x40 1x200"},
    ),
    Scenario(
        "a gap closes again",
        (),
        {series("partitions_paused", reason="gap"): "0x56 1x2 0x200"},
        at=59,
    ),
    Scenario(
        "the key is wrong",
        ("YespoBridgeEndpointMisconfigured",),
        {**_state("misconfigured", V2, 20), **_HALTED, **_BACKLOG, **_LATE},
    ),
    Scenario(
        "one 401, then it goes again",
        (),
        {series("endpoint_state", **V2, state="misconfigured"): "0x58 1x1 0x200"},
    ),
    Scenario(
        "Yespo is down",
        ("YespoBridgeEndpointDown",),
        {**_state("down", V2, 20), **_HALTED, **_BACKLOG, **_LATE},
    ),
    Scenario(
        "Yespo was down for two minutes",
        (),
        {series("endpoint_state", **V2, state="down"): "0x50 1x2 0x200"},
        at=53,
    ),
    Scenario(
        "one request in ten fails",
        ("YespoBridgeRequestsFailing",),
        {
            series("retries_total", **V2, **{"class": "transient"}): "0+66x200",
            series("requests_total", **V2, code="503"): "0+66x200",
        },
    ),
    Scenario(
        "one request in fifty fails",
        (),
        {
            series("retries_total", **V2, **{"class": "transient"}): "0+12x200",
            series("requests_total", **V2, code="503"): "0+12x200",
        },
    ),
    Scenario(
        "one request in five takes seconds",
        ("YespoBridgeRequestsSlow",),
        {
            series("request_duration_seconds_bucket", **V2, le="0.05"): "0+480x200",
            series("request_duration_seconds_bucket", **V2, le="2.5"): "0+480x200",
        },
    ),
    Scenario(
        "one request in twenty takes seconds",
        (),
        {
            series("request_duration_seconds_bucket", **V2, le="0.05"): "0+570x200",
            series("request_duration_seconds_bucket", **V2, le="2.5"): "0+570x200",
        },
    ),
    Scenario(
        "many requests are answered 429",
        ("YespoBridgeThrottled",),
        {series("requests_total", **V2, code="429"): "0+60x200"},
    ),
    Scenario(
        "a few requests are answered 429",
        (),
        {series("requests_total", **V2, code="429"): "0+12x200"},
    ),
    Scenario(
        "the rate is the limit",
        ("YespoBridgeRateLimitBound",),
        {
            series("rate_limit_wait_seconds_total", **V2): "0+59x200",
            series("lag_seconds", **P0): "0x10 90x200",
        },
        at=90,
    ),
    Scenario(
        "the rate smooths a burst and nobody waits",
        (),
        {series("rate_limit_wait_seconds_total", **V2): "0+59x200"},
        at=90,
    ),
    Scenario(
        "more comes in than goes out",
        ("YespoBridgeLagNotRecovering",),
        {**_BACKLOG, **{series("lag_seconds", **w): "0x20 0+40x200" for w in (P0, P1)}},
        at=120,
    ),
    Scenario(
        "a backlog is worked off",
        (),
        {
            series("lag_records", **P0): "90000-600x140 5x200",
            series("lag_seconds", **P0): "5000x200",
        },
        at=120,
    ),
    Scenario(
        "a mapping rule fails for one record in thirty",
        ("YespoBridgeDeadLetters", "YespoBridgeDeliveryBudgetBurn"),
        _dead("mapping", "0+40x20 800x200"),
        at=22,
    ),
    Scenario("one record in two hundred fails", (), _dead("mapping", "0+6x200"), at=30),
    Scenario("nine odd records", (), _dead("mapping", "0x10 0+3x3 9x200"), at=30),
    Scenario(
        "dead letters cannot be written",
        ("YespoBridgeDeadLetterFailing",),
        {
            series("dead_letters_outstanding"): "0x40 7x200",
            series("dead_letter_errors_total"): "0x40 0+9x200",
        },
    ),
    Scenario(
        "a dead letter took two attempts",
        (),
        {series("dead_letter_errors_total"): "0x40 1x200"},
        at=43,
    ),
    Scenario(
        "one of two pods is down",
        ("YespoBridgePodDown",),
        {_UP_B: "1x40 0x200"},
    ),
    Scenario("a pod is replaced", (), {_UP_B: "1x57 0x200"}),
    Scenario(
        "a pod ends at every start",
        ("YespoBridgeCrashLooping",),
        {_LOOPS: "0x40 1x200"},
    ),
    Scenario("a pod had to start twice", (), {_LOOPS: "0x57 1x2 0x200"}),
    Scenario(
        "the breaker has opened",
        ("YespoBridgeDeadLetterBreakerOpen",),
        {series("dead_letter_breaker_open"): "0x20 1x200", **_HALTED, **_BACKLOG, **_LATE},
    ),
    Scenario(
        "the breaker was reset at once",
        (),
        {series("dead_letter_breaker_open"): "0x59 1x0 0x200"},
    ),
    Scenario(
        "the registry is away",
        ("YespoBridgeRegistryUnreachable",),
        {series("registry_reachable"): "1x40 0x200"},
    ),
    Scenario("the registry blinked", (), {series("registry_reachable"): "1x40 0x3 1x200"}, at=44),
    Scenario(
        "partitions move all the time",
        ("YespoBridgeRebalanceStorm",),
        {series("rebalances_total", event="assigned"): "2x20 2+1x200"},
    ),
    Scenario(
        "a rollout moves partitions twice",
        (),
        {series("rebalances_total", event="assigned"): "2x50 4x4 6x200"},
        at=64,
    ),
    Scenario(
        "commits are not acknowledged",
        ("YespoBridgeCommitStale",),
        {series("last_commit_timestamp_seconds"): "0+60x40 2400x200"},
    ),
    Scenario(
        "no commit for four minutes",
        (),
        {series("last_commit_timestamp_seconds"): "0+60x40 2400x200"},
        at=44,
    ),
    Scenario(
        "nothing to commit at night",
        (),
        {
            **_HALTED,
            **{series("lag_records", **where): "0x200" for where in (P0, P1)},
            series("last_commit_timestamp_seconds"): "0+60x20 1200x200",
            series("requests_unacknowledged"): "0x200",
        },
    ),
    Scenario(
        "the ledgers do not balance",
        ("YespoBridgeLedgerImbalance",),
        {series("ledger_imbalance"): "0x40 1x200"},
    ),
    Scenario("one reading did not balance", (), {series("ledger_imbalance"): "0x58 1x1 0x200"}),
    Scenario(
        "a new mapping is wrong",
        ("YespoBridgeMappingRefused",),
        {series("mapping_refused"): "0x50 1x200"},
    ),
    Scenario(
        "a wrong mapping was corrected", (), {series("mapping_refused"): "0x50 1x1 0x200"}, at=52
    ),
    Scenario(
        "a replica has another mapping",
        ("YespoBridgeMappingDrift",),
        {series("mapping_info", instance="b", digest="bbbb"): "1x200"},
    ),
    Scenario(
        "a rollout changes the mapping",
        (),
        {
            series("mapping_info", digest="aaaa"): "1x45 _x200",
            series("mapping_info", digest="bbbb"): "_x44 1x200",
        },
        at=48,
    ),
    Scenario(
        "the CPU is short",
        ("YespoBridgeShortOfCpu",),
        {
            series("event_loop_lag_seconds_bucket", le="0.001"): "0+100x200",
            series("event_loop_lag_seconds_bucket", le="0.25"): "0+100x200",
        },
    ),
    Scenario(
        "the loop hiccups now and then",
        (),
        {
            series("event_loop_lag_seconds_bucket", le="0.001"): "0+580x200",
            series("event_loop_lag_seconds_bucket", le="0.25"): "0+580x200",
        },
    ),
    Scenario(
        "it restarts all the time",
        ("YespoBridgeRestarting",),
        {series("process_start_time_seconds"): "1000x40 1000+300x200"},
    ),
    Scenario(
        "it was restarted twice",
        (),
        {series("process_start_time_seconds"): "1000x40 2000x5 3000x200"},
    ),
    # The budgets: 600 records a minute in each of two partitions, 0.1 % of 1,200 is 1.2 a minute.
    Scenario(
        "two records in a hundred are lost to dead letters, for an hour",
        ("YespoBridgeDeadLetters", "YespoBridgeDeliveryBudgetBurn"),
        _dead("delivery", "0+24x200"),
        at=80,
    ),
    Scenario(
        "one record in a thousand",
        (),
        _dead("delivery", "0+1x200"),
        at=80,
    ),
    Scenario(
        "eight of eight records fail at night",
        (),
        {
            **_dead("delivery", "0x70 8x200"),
            **_ends("0x200", P0, P1),
            **{series("records_received_total", **w): "0x70 4x200" for w in (P0, P1)},
            **{series("lag_records", **w): "0x200" for w in (P0, P1)},
        },
        at=75,
    ),
    Scenario(
        "events expire",
        ("YespoBridgeDeliveryBudgetBurn",),
        {series("events_ended_total", **V2, event="cartUpdated", outcome="expired"): "0+30x200"},
        at=80,
    ),
    Scenario(
        "one event in five is late",
        ("YespoBridgeFreshnessBudgetBurn",),
        {**_late(240, V2, 200)},
        at=80,
    ),
    Scenario("one event in two hundred is late", (), {**_late(6, V2, 200)}, at=80),
)

# The slow windows, sampled every five minutes: 1,200 records and 1.2 allowed failures in each step.
STEPS_PER_HOUR = 12
FOUR_DAYS = 4 * 24 * STEPS_PER_HOUR
SLOW_SCENARIOS = (
    Scenario("healthy for days", (), at=4 * 24 * 60),
    Scenario(
        "four times the budget for more than a day",
        ("1d", "3d"),
        _dead("delivery", f"0+5x{FOUR_DAYS}"),
        at=30 * 60,
    ),
    Scenario(
        "one and a half times the budget for days",
        ("3d",),
        _dead("delivery", f"0+1.8x{FOUR_DAYS}"),
        at=4 * 24 * 60,
    ),
    Scenario(
        "two thirds of the budget for days",
        (),
        _dead("delivery", f"0+0.8x{FOUR_DAYS}"),
        at=4 * 24 * 60,
    ),
    Scenario(
        "eight times the budget for two and a half hours",
        ("1d", "6h"),
        _dead("delivery", f"0+9.6x{FOUR_DAYS}"),
        at=150,
    ),
    Scenario(
        "eight times as many late as may be, for two and a half hours",
        ("1d", "6h"),
        _late(96, V2, FOUR_DAYS),
        at=150,
    ),
    Scenario(
        "four times as many late as may be, for more than a day",
        ("1d", "3d"),
        _late(48, V2, FOUR_DAYS),
        at=30 * 60,
    ),
)

# What a runbook asks after beside its alert: each possible cause there at once, so that every question
# has something to find. The scenario of the alert is laid over it.
_RISES, _IS = "0+5x200", "1x200"
CAUSES: dict[str, str] = {
    **{series(name, **where): "7x200" for name in ("commit_gap",) for where in (P0, P1)},
    **{series("partitions_paused", reason=r): _IS for r in ("buffer", "schema", "gap")},
    **{series("pauses_total", reason=r): _RISES for r in ("buffer", "schema")},
    **{series("commits_total", result=r): _RISES for r in ("ok", "error")},
    **{series("rebalances_total", event=e): _RISES for e in ("assigned", "revoked", "lost")},
    **{series("mapping_reloads_total", result=r): _RISES for r in ("taken", "refused")},
    **{
        series("dead_letters_total", stage=s, reason="missing"): _RISES
        for s in ("decode", "mapping")
    },
    **{series("schema_lookups_total", result=r): _RISES for r in ("hit", "miss", "error")},
    series("kafka_errors_total", code="_TRANSPORT"): _RISES,
    series("mapping_refused"): _IS,
    series("ledger_imbalance"): _IS,
    series("requests_unacknowledged_limit"): "100x200",
    series("requests_in_flight_limit"): "64x200",
    series("last_poll_timestamp_seconds"): "0+60x200",
    series("process_cpu_seconds_total"): "0+30x200",
    series("process_resident_memory_bytes"): "2e8x200",
    'up{namespace="shop",job="bridge",instance="a"}': "0x200",
    series("process_start_time_seconds"): "1000x30 2000x10 3000x10 4000x200",
}
for _end in (LEGACY, V2):
    CAUSES |= {
        series("requests_in_flight", **_end): "60x200",
        series("events_waiting", **_end): "900x200",
        series("last_delivery_timestamp_seconds", **_end): "60x200",
        series("rate_limit_requests_per_second", **_end): "20x200",
        series("rate_limit_ceiling_requests_per_second", **_end): "100x200",
        series("events_built_total", **_end, event="cartUpdated"): _RISES,
        series("events_ended_total", **_end, event="cartUpdated", outcome="expired"): _RISES,
        series("retries_total", **_end, **{"class": "transient"}): _RISES,
        series("endpoint_state", **_end, state="throttled"): "0x20 1x5 0x200",
        **{series("requests_total", **_end, code=code): _RISES for code in ("400", "429", "503")},
    }
