"""Delivers v2 events that grew too old through `past_events`, many in a request.

    v2 queue ──too old──▶ PastEvents ──batch of one partition──▶ queue of (account, past_events)
                              ▲                                          │
                              └── each item: ended, or again ◀── status of each item

Each item of a batch (`batches`) gets a result of its own.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

import orjson
import structlog

from consumer.clock import Clock
from consumer.config.settings import RetrySettings
from consumer.delivery.batches import Batches, OpenQueue, first_of
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.retry import Budget, backoff
from consumer.delivery.http.answer import Answer, Exchange, Pool
from consumer.model import Ended, Endpoint, Event, Failure, Outcome, Partition
from consumer.stages import EventEnded

LARGEST_BATCH = 500
"""Events in a request (docs.yespo.io, past_events)."""
LARGEST_BODY = 1_000_000
"""Bytes. The vendor names no limit for the whole; more would hold one connection for long."""
LINGER = 0.2
"""Seconds that the first event waits for others to go with it."""

ACCEPTED = "ACCEPTED"
SERVER_ERROR = "SERVER_ERROR"
REFUSED = frozenset(
    {
        "OCCURRED_DATE_IS_REQUIRED",
        "INCORRECT_OCCURRED_DATE_FORMAT",
        "OCCURRED_TIME_TOO_DEPTH",
        "OCCURRED_TIME_IN_FUTURE",
        "EVENT_SEGMENTATION_DISABLED",
    }
)
"""The vendor's statuses for events that it will never take (OpenAPI `EventsMigrationResult`)."""

log = structlog.get_logger()


class PastEvents(Batches):
    """Takes jobs from the v2 queue of its account, and ends them."""

    def __init__(
        self,
        endpoint: Endpoint,
        open_queue: OpenQueue,
        *,
        retry: RetrySettings,
        ended: EventEnded,
        clock: Clock,
        rng: Random,
    ) -> None:
        super().__init__(linger=LINGER, ended=ended, clock=clock)
        self._endpoint = endpoint
        self._retry = retry
        self._budget = Budget(retry)
        self._rng = rng
        self._resting: set[Job] = set()
        self._delivered = 0
        self._body = b""  # of the answer that the queue below is about to hear
        self._readable = True
        self.queue = open_queue(partial(_Overheard, heard=self._hear), self._batch_ended)

    def take(self, job: Job) -> None:
        """A job that its former queue has let go of. One without a time, superseded by one that is too
        old, is no past event: the vendor asks when it happened."""
        if job.event.occurred_ms < 0:
            self._ended(job.flight, job.event, Outcome(Ended.EXPIRED, job.attempts, job.ambiguous))
            return
        self._budget.begin(job, self._delivered, self._clock.monotonic())
        job.failures = 0
        super().take(job)

    def forget(self, partitions: Collection[Partition]) -> None:
        super().forget(partitions)
        self._resting = {job for job in self._resting if job.flight.partition not in partitions}

    def _portion(self, jobs: deque[Job]) -> list[Job]:
        return first_of(jobs, LARGEST_BODY, lambda event: len(event.body), LARGEST_BATCH)

    def _event(self, jobs: Sequence[Job], number: int) -> Event:
        body = b'{"events":[' + b",".join(item(job.event) for job in jobs) + b"]}"
        own = (str(number),)  # batches need not wait for one another
        return Event(self._endpoint, "past_events", "", number, body, own)

    # --- answers

    def _hear(self, answer: Answer) -> None:
        self._body = answer.body

    def _accepted(self, jobs: Sequence[Job]) -> None:
        statuses = self._statuses(len(jobs))
        now = self._clock.monotonic()
        self._delivered += statuses.count(ACCEPTED)
        again = []
        for job, status in zip(jobs, statuses, strict=True):
            if status == ACCEPTED:
                self._end(job, Outcome(Ended.DELIVERED, job.attempts))
            elif status != SERVER_ERROR:
                known = status if status in REFUSED else "an unknown status"
                self._dead(job, "rejected", f"past_events: {known}")
            elif self._budget.exhausted(job, self._delivered, now):
                tried = f"past_events: {SERVER_ERROR}; {job.attempts} attempts, others were taken"
                self._dead(job, "exhausted", tried)
            else:
                job.failures += 1
                again.append(job)
        if again:
            self._rest(again)

    def _rest(self, jobs: Sequence[Job]) -> None:
        self._resting.update(jobs)
        failures = max(job.failures for job in jobs)
        pause = backoff(failures, self._retry.initial, self._retry.maximum, self._rng)
        self._clock.call_later(pause, partial(self._rested, jobs))

    def _rested(self, jobs: Sequence[Job]) -> None:
        kept = [job for job in jobs if job in self._resting]
        self._resting.difference_update(kept)
        self._queue(kept)

    def _statuses(self, count: int) -> Sequence[str | None]:
        """One for each event of the batch. Without any that can be read, what any 2xx means counts:
        repeating it for ever would be worse."""
        found = read_statuses(self._body)
        readable = found is not None and len(found) == count
        if readable is not self._readable:
            self._readable = readable
            level = log.info if readable else log.warning
            level(
                "results of past_events " + ("readable again" if readable else "not readable"),
                endpoint=str(self._endpoint),
            )
        return found if found is not None and readable else [ACCEPTED] * count

    def _dead(self, job: Job, reason: str, detail: str) -> None:
        failure = Failure("delivery", reason, detail)
        self._end(job, Outcome(Ended.DEAD_LETTERED, job.attempts, failure=failure))


def item(event: Event) -> bytes:
    """A v2 body with the minute in which it happened (UTC): what `past_events` takes.

    The two differ in nothing else, so the body that was validated once serves for both.
    """
    occurred = datetime.fromtimestamp(event.occurred_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    return b'%s,"occurred":"%s"}' % (event.body[:-1], occurred.encode("ascii"))


def read_statuses(body: bytes) -> list[str | None] | None:
    """Reads `{"results": [{"status": "ACCEPTED"}, ...]}`.

    Returns one status per result, None where it is no text; None for any other body. Never raises:
    the body is the vendor's.
    """
    try:
        document: Any = orjson.loads(body)
    except Exception:  # noqa: BLE001  whatever a vendor's body leads to is that body's
        return None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        return None
    statuses = [result.get("status") if isinstance(result, dict) else None for result in results]
    return [status if isinstance(status, str) else None for status in statuses]


class _Overheard:
    """A pool whose answers are heard before the queue hears them."""

    def __init__(self, pool: Pool, *, heard: Callable[[Answer], None]) -> None:
        self._pool = pool
        self._heard = heard

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> Exchange:
        def hear(answer: Answer) -> None:
            self._heard(answer)
            answered(answer)

        return self._pool.post(body, user_agent, hear)

    @property
    def not_connected(self) -> str:
        return self._pool.not_connected

    def authorize(self, authorization: str | None) -> None:
        self._pool.authorize(authorization)

    async def close(self) -> None:
        await self._pool.close()
