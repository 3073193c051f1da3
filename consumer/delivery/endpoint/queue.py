"""The queue of one endpoint: what may start, what is on the wire, and how an event ends.

`answers` decides what an answer leads to.

A job is in exactly one place: where it waits (`waiting`), in flight, or too old to be sent (until
the loop's next round).
"""

from collections.abc import Callable, Collection
from functools import partial
from itertools import chain
from math import inf
from random import Random

from consumer.clock import Clock, Timer
from consumer.config.settings import DeliverySettings
from consumer.delivery.endpoint.answers import Answers
from consumer.delivery.endpoint.circuit_breaker import CLOSED, CircuitBreaker
from consumer.delivery.endpoint.giving_back import with_followers
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.late import Late
from consumer.delivery.endpoint.limiter import Limiter
from consumer.delivery.endpoint.unfinished import unfinished
from consumer.delivery.endpoint.waiting import Waiting
from consumer.delivery.http.answer import Answer, Pool
from consumer.delivery.http.authorization import Authorization
from consumer.model import Ended, Endpoint, Event, Flight, Outcome, Partition, Progress
from consumer.stages import EventEnded
from consumer.telemetry.tallies import Tallies

LOOK_AGAIN = 0.05
"""Seconds until `may_send` is asked again after it said no."""

_SUPERSEDED = Outcome(Ended.SUPERSEDED, 0)


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
        self._pool = pool
        self._limit = settings.max_in_flight
        self._authorization = Authorization(endpoint, pool, authorization, clock.monotonic())
        self._ended = ended
        self._may_send = may_send
        self._clock = clock
        self._breaker = CircuitBreaker(rng, clock.monotonic())
        self.limiter = limiter
        self._waiting = Waiting()
        self._answers = Answers(
            endpoint,
            settings,
            breaker=self._breaker,
            limiter=limiter,
            waiting=self._waiting,
            end=self._end,
            wake=self._wake,
            clock=clock,
            tallies=tallies,
            rng=rng,
        )
        self._in_flight: set[Job] = set()
        self._late = Late(
            clock, end=self._end, release=self._waiting.leave, past=past, then=self._pump
        )
        self._probe: Job | None = None
        self._timer: Timer | None = None
        self._timer_at = inf
        self._submitted = 0
        self._attempts = 0

    @property
    def state(self) -> str:
        """`flowing`, `throttled`, `suspect`, `down` or `misconfigured`."""
        if self._breaker.state is CLOSED and self._breaker.paused(self._clock.monotonic()):
            return "throttled"
        return self._breaker.state.value

    @property
    def last_error(self) -> str:
        """Code of the last answer that was not a delivery."""
        return self._answers.last_error

    @property
    def delivered_at(self) -> float | None:
        """Monotonic time of the last delivery."""
        return self._answers.delivered_at

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
            self._answers.began(job, now)
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
        self._answers.take(job, answer, self._attempts, len(self._in_flight))
        self._pump()

    # --- ends

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
