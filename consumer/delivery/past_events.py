"""v2 events that grew too old, told to Yespo as what they are: `past_events`, many in a request.

    v2 lane ──too old──▶ PastEvents ──batch of one partition──▶ lane of (account, past_events)
                              ▲                                          │
                              └── each item: ended, or again ◀── status of each item

A batch is an event of its own to the lane below, which knows nothing of items: pauses, breaker,
rate and retries are those of any endpoint. Batches hold events of one partition, so that a partition
can be given up, and never two of one person that must keep their order.
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
from consumer.delivery.answer import Answer, Exchange, Pool
from consumer.delivery.endpoint import EndpointLane
from consumer.delivery.job import Job
from consumer.delivery.order import Order
from consumer.delivery.retry import Budget, backoff
from consumer.model import Ended, Endpoint, Event, Failure, Flight, Outcome, Partition
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

OpenLane = Callable[[Callable[[Pool], Pool], EventEnded], EndpointLane]
"""Makes the lane for batches, over a pool that is passed through the first argument."""


class PastEvents:
    """Takes jobs from the v2 lane of its account, and ends them. Keeps order per person itself."""

    def __init__(
        self,
        endpoint: Endpoint,
        open_lane: OpenLane,
        *,
        retry: RetrySettings,
        ended: EventEnded,
        clock: Clock,
        rng: Random,
    ) -> None:
        self._endpoint = endpoint
        self._retry = retry
        self._budget = Budget(retry)
        self._ended = ended
        self._clock = clock
        self._rng = rng
        self._order = Order()
        self._ready: dict[Partition, deque[Job]] = {}
        self._lingering = False
        self._batches: dict[Event, list[Job]] = {}
        self._resting: set[Job] = set()
        self._accepted = 0
        self._numbers = 0
        self._body = b""  # of the answer that the lane below is about to hear
        self._readable = True
        self.lane = open_lane(partial(_Overheard, heard=self._hear), self._batch_ended)

    @property
    def waiting(self) -> int:
        """Events taken that are neither ended nor on the wire, each by itself, not by batches."""
        sent = sum(len(self._batches[batch]) for batch in self.lane.on_the_wire)
        return len(self._order) - sent

    def take(self, job: Job) -> None:
        """A job that its former lane has let go of. Not to be called from inside `submit`."""
        self._budget.begin(job, self._accepted, self._clock.monotonic())
        job.failures = 0
        if self._order.add(job):
            self._queue([job])

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop all that is unfinished of these partitions; `lane` is to be told as well."""
        for partition in partitions:
            self._order.forget(partition)
            self._ready.pop(partition, None)
        self._resting = {job for job in self._resting if job.flight.partition not in partitions}
        for event, jobs in list(self._batches.items()):
            if jobs[0].flight.partition in partitions:
                del self._batches[event]

    # --- batches

    def _queue(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._ready.setdefault(job.flight.partition, deque()).append(job)
        if jobs and not self._lingering:
            self._lingering = True
            self._clock.call_later(LINGER, self._send_ready)

    def _send_ready(self) -> None:
        self._lingering = False
        ready, self._ready = self._ready, {}
        for jobs in ready.values():
            while jobs:
                self._send(_portion(jobs))

    def _send(self, jobs: list[Job]) -> None:
        self._numbers += 1
        body = b'{"events":[' + b",".join(item(job.event) for job in jobs) + b"]}"
        own = (str(self._numbers),)  # batches need not wait for one another
        event = Event(self._endpoint, "past_events", "", self._numbers, body, own)
        self._batches[event] = jobs
        self.lane.submit(event, jobs[0].flight)

    # --- answers

    def _hear(self, answer: Answer) -> None:
        self._body = answer.body

    def _batch_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        del flight
        jobs = self._batches.pop(event)
        for job in jobs:
            job.attempts += outcome.attempts
            job.ambiguous = job.ambiguous or outcome.ambiguous
        if outcome.failure is None:
            self._settle(jobs, self._statuses(len(jobs)))
        elif len(jobs) > 1:
            # Whoever is at fault is found by halves: the others are not condemned with it.
            middle = len(jobs) // 2
            self._send(jobs[:middle])
            self._send(jobs[middle:])
        else:
            self._dead(jobs[0], outcome.failure.reason, outcome.failure.detail)

    def _settle(self, jobs: Sequence[Job], statuses: Sequence[object]) -> None:
        now = self._clock.monotonic()
        self._accepted += statuses.count(ACCEPTED)
        again = []
        for job, status in zip(jobs, statuses, strict=True):
            if status == ACCEPTED:
                self._end(job, Outcome(Ended.DELIVERED, job.attempts, job.ambiguous))
            elif status != SERVER_ERROR:
                known = status if status in REFUSED else "an unknown status"
                self._dead(job, "rejected", f"past_events: {known}")
            elif self._budget.exhausted(job, self._accepted, now):
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

    def _statuses(self, count: int) -> Sequence[object]:
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

    # --- ends

    def _dead(self, job: Job, reason: str, detail: str) -> None:
        failure = Failure("delivery", reason, detail, job.event.label)
        self._end(job, Outcome(Ended.DEAD_LETTERED, job.attempts, job.ambiguous, failure))

    def _end(self, job: Job, outcome: Outcome) -> None:
        self._queue(self._order.finish(job))
        self._ended(job.flight, job.event, outcome)


def item(event: Event) -> bytes:
    """A v2 body with the minute in which it happened (UTC): what `past_events` takes.

    The two differ in nothing else, so the body that was validated once serves for both.
    """
    occurred = datetime.fromtimestamp(event.occurred_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
    return b'%s,"occurred":"%s"}' % (event.body[:-1], occurred.encode("ascii"))


def read_statuses(body: bytes) -> list[object] | None:
    """`{"results": [{"status": "ACCEPTED"}, ...]}`; None for anything else."""
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        return None
    return [result.get("status") if isinstance(result, dict) else None for result in results]


def _portion(jobs: deque[Job]) -> list[Job]:
    """The first of them that fit into one request."""
    taken: list[Job] = []
    size = 0
    while jobs and len(taken) < LARGEST_BATCH:
        size += len(jobs[0].event.body)
        if taken and size > LARGEST_BODY:
            break
        taken.append(jobs.popleft())
    return taken


class _Overheard:
    """A pool whose answers are heard before the lane hears them."""

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

    def authorize(self, authorization: str | None) -> None:
        self._pool.authorize(authorization)

    async def close(self) -> None:
        await self._pool.close()
