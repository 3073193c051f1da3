"""The status of one bridge as plain data: what `/status` answers, and what the verdict is made of."""

import time
from typing import Any

from consumer import __version__
from consumer.observability.history import History
from consumer.observability.lag import lag_seconds
from consumer.observability.parts import BridgeParts
from consumer.observability.stuck import Holders
from consumer.pipeline import report
from consumer.privacy.log_lines import mask


def describe(parts: BridgeParts, history: History, holders: Holders) -> dict[str, Any]:
    """All but the verdict. On the loop's thread; takes about a millisecond."""
    parts.pipeline.count_in_flight()
    return {
        "version": __version__,
        "time": _iso(time.time()),
        "mapping": parts.mapping.digest,
        "mapping_refused": parts.mapping.refused,
        "joined": parts.source.joined,
        "kafka": _kafka(parts, history),
        "partitions": _partitions(parts),
        "endpoints": _endpoints(parts),
        "dead_letters": {
            "outstanding": parts.dead_letters.outstanding,
            "failing": parts.dead_letters.failing,
            "stopped": parts.breaker.open_reason,
            "last_hour": history.since(3600, "dead_letters"),
            "breaker": round(parts.breaker.spent, 2),
        },
        "registry_reachable": parts.registry.reachable,
        "unacknowledged_requests": parts.committer.unacknowledged,
        "commits": _commits(parts),
        "stuck": holders.stuck(parts),
        "recent": history.recent(),
        "ledger": report.summary(parts.ledger),
    }


def _kafka(parts: BridgeParts, history: History) -> dict[str, Any]:
    held = parts.pipeline.held()
    return {
        "partitions": len(held),
        "polled_seconds": round(time.monotonic() - parts.source.polled_at, 1),
        "stale_seconds": parts.source.stale_seconds,
        "assigned_15m": history.since(900, "assigned"),
        "most_partitions_15m": history.most(900, "partitions"),
        "fetch_failures": {
            f"{topic}/{number}": failure.error
            for (topic, number), failure in parts.source.fetch_failures.items()
        },
        "gap_full": [str(each) for each in held if parts.committer.gap(each) >= parts.limits.gap],
    }


def _partitions(parts: BridgeParts) -> dict[str, Any]:
    lags = {f"{topic}/{number}": lag for (topic, number), lag in parts.source.lags.items()}
    ages = {"/".join(labels): age for labels, age in lag_seconds(parts, time.time())}
    held = {str(partition): each for partition, each in parts.pipeline.held().items()}
    return {
        name: {
            **counts,
            "assigned": name in held,
            "lag_records": lags[name].records if name in lags else None,
            "lag_seconds": ages.get(name),
            "paused": name in held and held[name].paused,
            "waits_for_schema": name in held and held[name].blocked,
        }
        for name, counts in report.partitions(parts.ledger).items()
    }


def _endpoints(parts: BridgeParts) -> dict[str, Any]:
    now = time.monotonic()
    return {
        str(endpoint): {
            "state": queue.state,
            "in_flight": queue.in_flight,
            "waiting": parts.delivery.waiting_for(endpoint),
            "last_error": mask(queue.last_error),
            "last_delivery_seconds": _ago(queue.delivered_at, now),
        }
        for endpoint, queue in parts.delivery.queues.items()
    }


def _commits(parts: BridgeParts) -> dict[str, Any]:
    now, committer = time.monotonic(), parts.committer
    return {
        "last_seconds": _ago(committer.last_success, now),
        "failing_seconds": _ago(committer.failing_since, now),
        "error": committer.last_error,
    }


def _ago(moment: float | None, now: float) -> float | None:
    return None if moment is None else round(now - moment, 1)


def _iso(wall: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall))
