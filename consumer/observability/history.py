"""The last minute and the last hour of one bridge, kept in memory: for rates, verdict and sparklines.

Bounded: a sample every five seconds for a minute, and one a minute for an hour. Counters are kept as
they stood, so that any two samples give what happened in between.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from consumer.delivery.endpoint.classify import Meaning
from consumer.model import Endpoint
from consumer.observability.lag import lag_seconds
from consumer.observability.parts import BridgeParts
from consumer.telemetry.histograms import LOOP_LAG_BOUNDS, REQUEST_BOUNDS, Histogram

SAMPLE_SECONDS = 5.0
MINUTE_SAMPLES = 13
HOUR_SAMPLES = 61
KAFKA_AWAY = ("_ALL_BROKERS_DOWN", "_AUTHENTICATION", "_RESOLVE")
"""Errors of librdkafka after which no broker can be used."""


class EndpointSample(NamedTuple):
    """Counters of one endpoint as they stand."""

    requests: int
    delivered: int
    throttled: int
    failed: int
    rate_wait: float
    durations: tuple[int, ...]


class Sample(NamedTuple):
    """Counters of one bridge as they stand, and its lag. `at` is monotonic, `wall` Unix time."""

    at: float
    wall: float
    received: int
    ended: int
    delivered: int
    dead_letters: int
    dead_letter_errors: int
    assigned: int
    partitions: int
    kafka_away: int
    lag_seconds: float
    loop_lag: tuple[int, ...]
    endpoints: dict[Endpoint, EndpointSample]


def take(parts: BridgeParts) -> Sample:
    """A sample of this moment; on the loop's thread."""
    records, tallies = parts.ledger.records.values(), parts.tallies
    errors = tallies.counter("kafka_errors")
    return Sample(
        at=time.monotonic(),
        wall=time.time(),
        received=sum(each.received for each in records),
        ended=sum(each.ended() - each.released for each in records),
        delivered=sum(each.delivered for each in records),
        dead_letters=sum(sum(each.dead_lettered.values()) for each in records),
        dead_letter_errors=tallies.counter("dead_letter_errors").total(),
        assigned=tallies.counter("rebalances").get("assigned"),
        partitions=len(parts.pipeline.held()),
        kafka_away=sum(errors.get(code) for code in KAFKA_AWAY),
        lag_seconds=max([float(age) for _, age in _ages(parts)], default=0.0),
        loop_lag=_counts(tallies.histogram("event_loop_lag_seconds", LOOP_LAG_BOUNDS).of()),
        endpoints={endpoint: _endpoint(parts, endpoint) for endpoint in parts.delivery.queues},
    )


def _ages(parts: BridgeParts) -> list[tuple[Sequence[str], float]]:
    found = lag_seconds(parts, time.time())
    return [(labels, age) for labels, age in found if not isinstance(age, Histogram)]


def _endpoint(parts: BridgeParts, endpoint: Endpoint) -> EndpointSample:
    tallies = parts.tallies
    durations = tallies.histogram("request_duration_seconds", REQUEST_BOUNDS).of(endpoint)
    kinds = [counts for (where, _), counts in parts.ledger.events.items() if where == endpoint]
    return EndpointSample(
        requests=sum(durations.counts),
        delivered=sum(counts.delivered for counts in kinds),
        throttled=tallies.counter("retries").get(*endpoint, Meaning.THROTTLED),
        failed=tallies.counter("retries").get(*endpoint, Meaning.TRANSIENT),
        rate_wait=parts.delivery.queues[endpoint].limiter.waited,
        durations=_counts(durations),
    )


def _counts(histogram: Histogram) -> tuple[int, ...]:
    return tuple(histogram.counts)


class History:
    """Samples, the oldest first. `add` one every `SAMPLE_SECONDS`."""

    def __init__(self) -> None:
        self.minute: deque[Sample] = deque(maxlen=MINUTE_SAMPLES)
        self.hour: deque[Sample] = deque(maxlen=HOUR_SAMPLES)
        self._worst_lag = 0.0

    def add(self, sample: Sample) -> None:
        self.minute.append(sample)
        self._worst_lag = max(self._worst_lag, sample.lag_seconds)
        if not self.hour or sample.at - self.hour[-1].at >= 60 - SAMPLE_SECONDS / 2:
            self.hour.append(sample._replace(lag_seconds=self._worst_lag))
            self._worst_lag = 0.0

    def recent(self) -> dict[str, Any]:
        """Counts of the last minute: `{"seconds", "received", "ended", "delivered",
        "dead_letters", ..., "endpoints": {"main/v2": {"requests", "throttled", ...}}}`."""
        if len(self.minute) < 2:
            return {"seconds": 0.0, "endpoints": {}}
        first, last = self.minute[0], self.minute[-1]
        seconds = last.at - first.at
        return {
            "seconds": round(seconds, 1),
            "received": last.received - first.received,
            "ended": last.ended - first.ended,
            "delivered": last.delivered - first.delivered,
            "dead_letters": last.dead_letters - first.dead_letters,
            "dead_letter_errors": last.dead_letter_errors - first.dead_letter_errors,
            "kafka_errors": last.kafka_away - first.kafka_away,
            "loop_lag_p90": _p90(first.loop_lag, last.loop_lag, LOOP_LAG_BOUNDS),
            "endpoints": {
                str(endpoint): _between(first.endpoints[endpoint], now, seconds)
                for endpoint, now in last.endpoints.items()
                if endpoint in first.endpoints
            },
        }

    def since(self, seconds: float, field: str) -> int:
        """By how much a counter grew in the last `seconds`, an hour at most."""
        if not self.minute:
            return 0
        first, *_, last = (*self._within(seconds), self.minute[-1])
        return int(getattr(last, field) - getattr(first, field))

    def most(self, seconds: float, field: str) -> int:
        """The largest value of a gauge in the last `seconds`, an hour at most."""
        return max([getattr(each, field) for each in self._within(seconds)], default=0)

    def _within(self, seconds: float) -> list[Sample]:
        """Samples of that time, the oldest first: one a minute, then those of the last minute."""
        if not self.minute:
            return []
        after = self.minute[-1].at - seconds - SAMPLE_SECONDS
        old = [each for each in self.hour if after <= each.at < self.minute[0].at]
        return [*old, *self.minute]

    def lines(self) -> dict[str, list[float]]:
        """Sparklines of the last hour, a value a minute: deliveries and dead letters per minute,
        and the largest lag in seconds."""
        pairs = list(zip(self.hour, list(self.hour)[1:], strict=False))
        return {
            "events_delivered": [
                sum(each.delivered for each in b.endpoints.values())
                - sum(each.delivered for each in a.endpoints.values())
                for a, b in pairs
            ],
            "dead_letters": [b.dead_letters - a.dead_letters for a, b in pairs],
            "lag_seconds": [round(b.lag_seconds, 1) for _, b in pairs],
        }


def _between(before: EndpointSample, now: EndpointSample, seconds: float) -> dict[str, Any]:
    return {
        "requests": now.requests - before.requests,
        "delivered": now.delivered - before.delivered,
        "throttled": now.throttled - before.throttled,
        "failed": now.failed - before.failed,
        "rate_wait": round((now.rate_wait - before.rate_wait) / seconds, 2) if seconds else 0.0,
        "p90_seconds": _p90(before.durations, now.durations, REQUEST_BOUNDS),
    }


def _p90(before: Sequence[int], now: Sequence[int], bounds: Sequence[float]) -> float | None:
    """Upper bound of the bucket in which the 90th percentile lies; None without observations, the
    largest bound for what exceeds all."""
    counts = [b - a for a, b in zip(before, now, strict=True)]
    rest = 0.9 * sum(counts)
    if not rest:
        return None
    for bound, count in zip(bounds, counts, strict=False):
        rest -= count
        if rest <= 0:
            return bound
    return bounds[-1]
