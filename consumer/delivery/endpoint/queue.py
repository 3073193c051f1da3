"""The queue of one endpoint: what may start, what is on the wire, and what an answer leads to.

A job is in exactly one place: where it waits (`waiting`), in flight, or too old to be sent (until
the loop's next round).
"""

from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from itertools import chain
from math import inf
from random import Random

import structlog

from consumer.clock import Clock, Timer
from consumer.config.settings import DeliverySettings
from consumer.delivery.endpoint.circuit_breaker import CLOSED, CircuitBreaker, State
from consumer.delivery.endpoint.classify import (
    DELIVERED,
    Classifier,
    Meaning,
    explanation,
    may_have_arrived,
)
from consumer.delivery.endpoint.counts import Counts
from consumer.delivery.endpoint.giving_back import with_followers
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.late import Late
from consumer.delivery.endpoint.limiter import Limiter
from consumer.delivery.endpoint.retry import Budget, backoff, retry_after
from consumer.delivery.endpoint.unfinished import unfinished
from consumer.delivery.endpoint.waiting import Waiting
from consumer.delivery.http.answer import Answer, Pool
from consumer.delivery.http.authorization import Authorization
from consumer.model import Ended, Endpoint, Event, Failure, Flight, Outcome, Partition, Progress
from consumer.stages import EventEnded
from consumer.telemetry.tallies import Tallies

LOOK_AGAIN = 0.05
"""Seconds until `may_send` is asked again after it said no."""
MAX_REFUSALS = 2
"""Times an event alone is refused, with others taken in between, until it is a dead letter. The
second try costs little, and spares what met a passing fault of the vendor's."""

_FIRST_TIME = Outcome(Ended.DELIVERED, 1)
_SUPERSEDED = Outcome(Ended.SUPERSEDED, 0)

log = structlog.get_logger()


class EndpointQueue:
    """All events of one endpoint, from `submit` to `ended`."""

    def __init__(
        self,
        endpoint: Endpoint,
        pool: Pool,
        settings: DeliverySettings,
        *,
        limiter: Limiter,
        authorization: Callable[[], str | None],
        ended: EventEnded,
        may_send: Callable[[], bool],
        clock: Clock,
        tallies: Tallies,
        rng: Random,
        past: Callable[[Job], None] | None = None,
    ) -> None:
        """`past` takes events that are too old, where the account has `past_events`."""
        self.endpoint = endpoint
        self.last_error = ""
        """Code of the last answer that was not a delivery."""
        self.delivered_at: float | None = None
        """Monotonic time of the last delivery."""
        self._pool = pool
        self._limit = settings.max_in_flight
        self._meaning = Classifier(settings.rules, endpoint.api).meaning
        self._retry = settings.retry
        self._budget = Budget(settings.retry)
        self._authorization = Authorization(endpoint, pool, authorization, clock.monotonic())
        self._ended = ended
        self._may_send = may_send
        self._clock = clock
        self._counts = Counts(endpoint, tallies)
        self._rng = rng
        self._breaker = CircuitBreaker(rng, clock.monotonic())
        self.limiter = limiter
        self._waiting = Waiting()
        self._in_flight: set[Job] = set()
        self._late = Late(
            clock, end=self._end, release=self._waiting.leave, past=past, then=self._pump
        )
        self._probe: Job | None = None
        self._timer: Timer | None = None
        self._timer_at = inf
        self._submitted = 0
        self._attempts = 0
        self._deliveries = 0

    @property
    def state(self) -> str:
        """`flowing`, `throttled`, `suspect`, `down` or `misconfigured`."""
        if self._breaker.state is CLOSED and self._breaker.paused(self._clock.monotonic()):
            return "throttled"
        return self._breaker.state.value

    @property
    def in_flight(self) -> int:
        """Requests on the wire."""
        return len(self._in_flight)

    @property
    def on_the_wire(self) -> list[Event]:
        return [job.event for job in self._in_flight]

    @property
    def waiting(self) -> int:
        """Events taken that are neither ended nor on the wire."""
        return len(self._waiting.order) - len(self._in_flight)

    @property
    def queued_seconds(self) -> float:
        """Seconds until all has started that waits for nothing but the rate, or for slots."""
        ready, pace = len(self._waiting.ready), self.limiter.rate
        if ready and len(self._in_flight) >= self._limit:
            pace = min(pace, max(1, self.limiter.of_late(self._clock.monotonic())))
        return ready / pace if ready and pace else inf if ready else 0.0

    def progress(self, wanted: Collection[Event]) -> dict[Event, Progress]:
        """Of those that wait for no other event. Looks at everything unfinished: for people."""
        return unfinished(self._in_flight, self._waiting.places(), wanted)

    def submit(self, event: Event, flight: Flight) -> None:
        self._submitted += 1
        job = Job(event, flight, self._submitted)
        waiting = self._waiting
        last = None if event.state_of is None else waiting.order.state_before(job)
        if last is not None and last not in self._late:
            waiting.order.supersede(last, job)
        elif waiting.order.add(job):
            waiting.ready.append(job)
            self._pump()

    def share(self, part: float) -> None:
        """Of what the vendor takes, `part` (0 to 1) is this process's from now on."""
        self.limiter.share(part, self._clock.monotonic())
        self._pump()

    def hurry(self, partitions: Collection[Partition]) -> None:
        self._waiting.hurry(partitions)

    def unfinished_jobs(self, partitions: Collection[Partition]) -> list[Job]:
        """All places of these partitions, in flight or waiting."""
        heads = chain(self._in_flight, self._waiting.heads(), self._late)
        return with_followers(job for job in heads if job.flight.partition in partitions)

    def drop(self, given_back: Collection[Flight], jobs: Collection[Job]) -> None:
        """Forget the jobs of these records. `jobs` are those that `unfinished_jobs` found."""
        gone = [job for job in jobs if job.flight in given_back]
        self._late.drop(gone)
        self._waiting.drop(gone, (job for job in jobs if job.flight not in given_back))

    def abandon(self, partitions: Collection[Partition]) -> None:
        """Forget all jobs of these partitions; abort what is on the wire."""
        self._waiting.forget(partitions)
        for job in list(self._in_flight):
            if job.flight.partition in partitions:
                self._in_flight.discard(job)
                if job is self._probe:
                    self._probe = None
                assert job.exchange is not None
                job.exchange.abort()
        self._late.forget(partitions)
        self._pump()

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._pool.close()

    # --- starting

    def _pump(self) -> None:
        """Start whatever may start now, and see to it that the rest is looked at in time."""
        waiting = self._waiting
        if len(self._in_flight) >= self._limit or not (waiting.ready or waiting.unresolved):
            return
        now = self._clock.monotonic()
        if not self._may_send():
            self._wake(now + LOOK_AGAIN)
            return
        before = self._attempts
        self._start_ready(now)
        if self.limiter.rate != inf and (started := self._attempts - before):
            self.limiter.left(started, self._clock.monotonic())

    def _start_ready(self, now: float) -> None:
        waiting = self._waiting
        while len(self._in_flight) < self._limit and (waiting.ready or waiting.unresolved):
            opens = self._breaker.opens(
                now, probe=self._probe is not None, in_flight=len(self._in_flight)
            )
            if opens <= now:
                opens = self.limiter.opens(now)
            job = self._next(now) if opens <= now else None
            if job is None:
                if now < opens < inf:
                    self._wake(opens)
                return
            if not job.flight.partition.active:
                continue
            if 0 <= job.event.expires_ms <= self._clock.now_ms():
                self._late.add(job)
            else:
                self._start(job, now)

    def _next(self, now: float) -> Job | None:
        waiting = self._waiting
        if self._breaker.state is CLOSED:
            return waiting.ready.popleft() if waiting.ready else None
        # A probe goes to an event that was never tried, where there is one: an odd event must not
        # be all that the endpoint is judged by.
        if (job := waiting.never_tried()) is not None:
            return job
        if waiting.ready:
            return waiting.ready.popleft()
        if waiting.unresolved and now >= self._breaker.next_probe_at():
            return waiting.unresolved.popleft()
        if waiting.unresolved:
            self._wake(self._breaker.next_probe_at())
        return None

    def _start(self, job: Job, now: float) -> None:
        if self._breaker.probing:
            self._probe = job
        self._authorization.renew(now, at_once=self._breaker.state is not CLOSED)
        if not job.attempts:
            self._budget.begin(job, self._deliveries, now)
        self._attempts += 1
        self.limiter.started(now)
        job.started = self._attempts
        job.started_at = now
        job.attempts += 1
        self._in_flight.add(job)
        event = job.event
        job.exchange = self._pool.post(event.body, event.user_agent, partial(self._answered, job))

    def _wake(self, at: float) -> None:
        if at >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._clock.call_later(at - self._clock.monotonic(), self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._timer_at = inf
        due = self._waiting.rested(self._clock.monotonic())
        if due is not None:
            self._wake(due)
        self._pump()

    # --- answers

    def _answered(self, job: Job, answer: Answer) -> None:
        self._in_flight.discard(job)
        job.exchange = None
        if job is self._probe:
            self._probe = None
        now = self._clock.monotonic()
        self._counts.attempt(now - job.started_at, answer)
        what = self._meaning(answer)
        if what is DELIVERED:
            self._delivered(job, now)
        else:
            self.last_error = job.last_answer = answer.code
            self._not_delivered(job, what, answer, now)
        self._pump()

    def _delivered(self, job: Job, now: float) -> None:
        self._deliveries += 1
        self.delivered_at = now
        self._counts.delivered(job.flight.record, self._clock.now_ms())
        self.limiter.delivered(now)
        self._taken(job, now)
        if job.attempts == 1:
            self._end(job, _FIRST_TIME)
        else:
            self._end(job, Outcome(Ended.DELIVERED, job.attempts, job.ambiguous))

    def _not_delivered(self, job: Job, what: Meaning, answer: Answer, now: float) -> None:
        before = self._breaker.state
        job.ambiguous = job.ambiguous or may_have_arrived(answer)
        if what is Meaning.INVALID:
            self._taken(job, now)  # whoever judges an event is up, and lets us in
            self._dead(job, "rejected", explanation(answer))
            return
        self._counts.repeat(what)
        if what is Meaning.THROTTLED:
            self._throttled(job, answer, now)
        elif what is Meaning.TRANSIENT:
            self._failed(job, answer, now)
        elif what is Meaning.MISCONFIGURED:
            self._breaker.misconfigured(job.started, self._attempts, now)
            self._waiting.ready.append(job)
        else:
            fresh = job.attempts == 1
            self._breaker.suspected(job.started, self._attempts, now, fresh=fresh)
            job.refusal = explanation(answer)
            self._waiting.unresolved.append(job)
        if self._breaker.stopped:
            self._waiting.requeue_unresolved()
            self._log_stop(before)

    def _throttled(self, job: Job, answer: Answer, now: float) -> None:
        wait = retry_after(answer.retry_after, self._clock.now_ms())
        if self._breaker.throttled(job.started, self._attempts, now, wait):
            until = self._breaker.paused_until
            if self._breaker.pauses > 1:
                self.limiter.held(now, until)
            else:
                self.limiter.refused(now, until, len(self._in_flight))
            log.debug("told to slow down", endpoint=str(self.endpoint), code=answer.code)
        if self._breaker.stopped:
            self._taken(job, now)
        self._waiting.ready.appendleft(job)

    def _failed(self, job: Job, answer: Answer, now: float) -> None:
        if self._budget.exhausted(job, self._deliveries, now):
            tried = f"{explanation(answer)}; {job.attempts} attempts, others were delivered"
            self._dead(job, "exhausted", tried)
            return
        wait = retry_after(answer.retry_after, self._clock.now_ms()) or 0.0
        self._breaker.failed(job.started, job.number, self._attempts, now, wait)
        if self._breaker.stopped:
            self._waiting.ready.append(job)  # the gate's probes set the pace, and take turns
            return
        job.failures += 1
        pause = backoff(job.failures, self._retry.initial, self._retry.maximum, self._rng)
        due = now + max(wait, pause)
        self._waiting.back_off(job, due)
        self._wake(due)

    def _taken(self, job: Job, now: float) -> None:
        """The endpoint dealt with an event: it is neither down nor misconfigured."""
        before, since = self._breaker.state, self._breaker.since
        if not self._breaker.succeeded(job.started, now):
            return
        if before is State.SUSPECT:
            self._blame_events()
            return
        # Whatever waited out a failure of its own did so because of the endpoint.
        self._waiting.recall()
        log.info(
            "delivery resumed", endpoint=str(self.endpoint), stopped_seconds=round(now - since, 1)
        )

    def _blame_events(self) -> None:
        """The endpoint takes others: the unresolved events are at fault, each for itself."""
        unresolved, self._waiting.unresolved = self._waiting.unresolved, deque()
        for job in unresolved:
            job.refusals += 1
            if job.refusals >= MAX_REFUSALS:
                self._dead(job, "rejected", f"{job.refusal}; others were taken")
            else:
                self._waiting.ready.appendleft(job)

    # --- ends

    def _dead(self, job: Job, reason: str, detail: str) -> None:
        failure = Failure("delivery", reason, detail, job.event.label)
        self._end(job, Outcome(Ended.DEAD_LETTERED, job.attempts, job.ambiguous, failure))

    def _end(self, job: Job, outcome: Outcome) -> None:
        older = job.superseded
        if older is None or outcome.ended is Ended.DELIVERED or outcome.ambiguous:  # or may be
            self._waiting.leave(job)
        else:
            self._waiting.fall_back(job)
            older = None
        self._ended(job.flight, job.event, outcome)
        while older is not None:
            self._ended(older.flight, older.event, _SUPERSEDED)
            older = older.superseded

    def _log_stop(self, before: State) -> None:
        state = self._breaker.state
        if state is before:
            return
        log.warning(
            "delivery stopped",
            endpoint=str(self.endpoint),
            state=state.value,
            last_error=self.last_error,
            waiting=self.waiting,
        )
