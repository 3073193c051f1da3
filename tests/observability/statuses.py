"""The status of a healthy bridge, as `/status` answers, to be changed where a test wants it ill."""

from copy import deepcopy
from typing import Any

HEALTHY: dict[str, Any] = {
    "verdict": {"level": "ok", "text": "All is well.", "problems": []},
    "version": "1.0",
    "time": "2026-11-20T12:00:00Z",
    "mapping": "abc",
    "mapping_refused": False,
    "joined": True,
    "kafka": {
        "partitions": 2,
        "polled_seconds": 0.1,
        "stale_seconds": 30.0,
        "assigned_15m": 2,
        "most_partitions_15m": 2,
        "fetch_failures": {},
        "gap_full": [],
    },
    "partitions": {
        name: {
            "received": 100,
            "delivered": 90,
            "filtered": 9,
            "dead_lettered": 0,
            "released": 0,
            "in_flight": 1,
            "assigned": True,
            "lag_records": 1,
            "lag_seconds": 0.2,
            "paused": False,
            "waits_for_schema": False,
        }
        for name in ("shop.clicks/0", "shop.clicks/1")
    },
    "endpoints": {
        name: {
            "state": "flowing",
            "in_flight": 1,
            "waiting": 0,
            "last_error": "",
            "last_delivery_seconds": 0.4,
        }
        for name in ("main/v2", "main/legacy")
    },
    "dead_letters": {
        "outstanding": 0, "failing": "", "stopped": "", "last_hour": 0, "breaker": 0.0,
    },
    "registry_reachable": True,
    "unacknowledged_requests": 3,
    "commits": {"last_seconds": 1.0, "failing_seconds": None, "error": ""},
    "stuck": [],
    "recent": {
        "seconds": 60.0,
        "received": 600,
        "ended": 600,
        "delivered": 590,
        "dead_letters": 0,
        "dead_letter_errors": 0,
        "kafka_errors": 0,
        "loop_lag_p90": 0.001,
        "endpoints": {
            name: {
                "requests": 500,
                "delivered": 500,
                "throttled": 0,
                "failed": 0,
                "rate_wait": 0.0,
                "p90_seconds": 0.1,
            }
            for name in ("main/v2", "main/legacy")
        },
    },
    "ledger": {
        "received": 200,
        "outcomes": {"delivered": 180, "filtered": 18, "dead_lettered": 0, "released": 0},
        "in_flight": 2,
        "reasons": {"filtered": {"no_rule": 18}, "dead_lettered": {}},
        "events": {},
        "balanced": True,
        "imbalance": [],
    },
    "last_hour": {"events_delivered": [1, 5, 3], "dead_letters": [0, 0, 0], "lag_seconds": [0.1]},
}  # fmt: skip


def a_status(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Each change sets one value: `("endpoints > main/v2 > state", "down")`."""
    status = deepcopy(HEALTHY)
    for path, value in changes:
        *above, last = path.split(" > ")
        place = status
        for key in above:
            place = place[key]
        place[last] = value
    return status
