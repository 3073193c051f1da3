"""Decides when to try again, and when to give up. Pure: chance and time come in as arguments."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

from consumer.config.settings import RetrySettings
from consumer.delivery.endpoint.job import Job

RETRY_AFTER_CAP = 300.0
"""Seconds. A server's word is believed up to here: one absurd value must not stop a shop."""


def backoff(failures: int, initial: float, maximum: float, rng: Random) -> float:
    """Seconds to wait after the n-th failure: full jitter under an exponential bound."""
    bound = min(maximum, initial * 2.0 ** min(failures - 1, 62))
    return rng.uniform(0.0, bound)


def retry_after(header: str, now_ms: int) -> float | None:
    """Seconds asked for by a `Retry-After` header (delta seconds or HTTP-date; RFC 9110, 10.2.3),
    between 0 and the cap. None where there is none or it cannot be read."""
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return min(float(header[:12]), RETRY_AFTER_CAP)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": UTC, source unknown
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_CAP)


class Budget:
    """Attempts *and* age after which an event is given up, charged only while others get through.

    A failure counts only if the endpoint delivered something since the event's previous failure
    (or its first start): then the fault may be the event's own. An outage charges no event.
    """

    __slots__ = ("_attempts", "_seconds")

    def __init__(self, settings: RetrySettings) -> None:
        self._attempts = settings.attempts
        self._seconds = settings.age

    @staticmethod
    def begin(job: Job, deliveries: int, now: float) -> None:
        """At a job's first start. `deliveries` counts those of the endpoint so far."""
        job.marked_deliveries = deliveries
        job.marked_at = job.began_at = now

    def exhausted(self, job: Job, deliveries: int, now: float) -> bool:
        """Charge a failed attempt; whether the event has used up both budgets."""
        if deliveries != job.marked_deliveries:
            job.charged += 1
            job.charged_seconds += now - job.marked_at
        job.marked_deliveries = deliveries
        job.marked_at = now
        return job.charged >= self._attempts and job.charged_seconds >= self._seconds
