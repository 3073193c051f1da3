"""Decides what an answer leads to: the event ends, or waits for another attempt.

    delivered ──▶ ended                       transient ──▶ back-off, or ended once its budget is used up
    invalid ────▶ ended                       throttled ──▶ in front, after the pause
    suspect ────▶ unresolved                  misconfigured ──▶ behind the others

The circuit breaker and the limiter hear of every answer as well.
"""

from collections import deque
from collections.abc import Callable
from random import Random

import structlog

from consumer.clock import Clock
from consumer.config.settings import DeliverySettings
from consumer.delivery.endpoint.circuit_breaker import CircuitBreaker, State
from consumer.delivery.endpoint.classify import Classifier, Meaning, Reading
from consumer.delivery.endpoint.counts import Counts
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.limiter import Limiter
from consumer.delivery.endpoint.retry import Budget, backoff
from consumer.delivery.endpoint.waiting import Waiting
from consumer.delivery.http.answer import Answer
from consumer.model import Ended, Endpoint, Failure, Outcome
from consumer.telemetry.tallies import Tallies

MAX_REFUSALS = 2
"""Times an event alone is refused, with others taken in between, until it is a dead letter. The
second try costs little, and spares what met a passing fault of the vendor's."""

_FIRST_TIME = Outcome(Ended.DELIVERED, 1)

log = structlog.get_logger()


class Answers:
    """Of one endpoint. `end` ends a job; `wake` has the queue look again at a monotonic time."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: DeliverySettings,
        *,
        breaker: CircuitBreaker,
        limiter: Limiter,
        waiting: Waiting,
        end: Callable[[Job, Outcome], None],
        wake: Callable[[float], None],
        clock: Clock,
        tallies: Tallies,
        rng: Random,
    ) -> None:
        self.last_error = ""
        self.delivered_at: float | None = None
        self._endpoint = endpoint
        self._read = Classifier(settings.rules, endpoint.api).read
        self._retry = settings.retry
        self._budget = Budget(settings.retry)
        self._breaker = breaker
        self._limiter = limiter
        self._waiting = waiting
        self._end = end
        self._wake = wake
        self._clock = clock
        self._counts = Counts(endpoint, tallies)
        self._rng = rng
        self._deliveries = 0

    def began(self, job: Job, now: float) -> None:
        """The first attempt of a job starts."""
        self._budget.begin(job, self._deliveries, now)

    def take(self, job: Job, answer: Answer, latest: int, in_flight: int) -> None:
        """The answer to the last attempt of a job. `latest` is the number of the last attempt that was
        started, `in_flight` how many others are not answered."""
        now = self._clock.monotonic()
        self._counts.attempt(now - job.started_at, answer)
        if 200 <= answer.status < 300:
            self._delivered(job, now)
        else:
            self.last_error = job.last_answer = answer.code
            self._not_delivered(job, answer, now, latest, in_flight)

    def _delivered(self, job: Job, now: float) -> None:
        self._deliveries += 1
        self.delivered_at = now
        self._counts.delivered(job.flight.record, self._clock.now_ms())
        self._limiter.delivered(now)
        self._taken(job, now)
        if job.attempts == 1:
            self._end(job, _FIRST_TIME)
        else:
            self._end(job, Outcome(Ended.DELIVERED, job.attempts, job.ambiguous))

    def _not_delivered(
        self, job: Job, answer: Answer, now: float, latest: int, in_flight: int
    ) -> None:
        before = self._breaker.state
        reading = self._read(answer, self._clock.now_ms())
        job.ambiguous = job.ambiguous or reading.may_have_arrived
        if reading.meaning is Meaning.INVALID:
            self._taken(job, now)  # an endpoint that judges an event is up, and lets us in
            self._dead(job, "rejected", reading.explanation)
            return
        self._counts.repeat(reading.meaning)
        if reading.meaning is Meaning.THROTTLED:
            self._throttled(job, reading, now, latest, in_flight)
        elif reading.meaning is Meaning.TRANSIENT:
            self._failed(job, reading, now, latest)
        elif reading.meaning is Meaning.MISCONFIGURED:
            self._breaker.misconfigured(job.started, latest, now)
            self._waiting.ready.append(job)
        else:
            self._breaker.suspected(job.started, latest, now, fresh=job.attempts == 1)
            job.refusal = reading.explanation
            self._waiting.unresolved.append(job)
        if self._breaker.stopped:
            self._waiting.requeue_unresolved()
            self._log_stop(before, in_flight)

    def _throttled(
        self, job: Job, reading: Reading, now: float, latest: int, in_flight: int
    ) -> None:
        if self._breaker.throttled(job.started, latest, now, reading.wait):
            until = self._breaker.paused_until
            if self._breaker.pauses > 1:
                self._limiter.held(now, until)
            else:
                self._limiter.refused(now, until, in_flight)
            log.debug("told to slow down", endpoint=str(self._endpoint), code=self.last_error)
        if self._breaker.stopped:
            self._taken(job, now)
        self._waiting.ready.appendleft(job)

    def _failed(self, job: Job, reading: Reading, now: float, latest: int) -> None:
        if self._budget.exhausted(job, self._deliveries, now):
            tried = f"{reading.explanation}; {job.attempts} attempts, others were delivered"
            self._dead(job, "exhausted", tried)
            return
        wait = reading.wait or 0.0
        self._breaker.failed(job.started, job.number, latest, now, wait)
        if self._breaker.stopped:
            self._waiting.ready.append(job)  # the breaker's probes set the pace, and take turns
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
        # Events in back-off failed because of the endpoint, not by themselves.
        self._waiting.recall()
        log.info(
            "delivery resumed", endpoint=str(self._endpoint), stopped_seconds=round(now - since, 1)
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

    def _dead(self, job: Job, reason: str, detail: str) -> None:
        failure = Failure("delivery", reason, detail, job.event.label)
        self._end(job, Outcome(Ended.DEAD_LETTERED, job.attempts, job.ambiguous, failure))

    def _log_stop(self, before: State, in_flight: int) -> None:
        state = self._breaker.state
        if state is before:
            return
        log.warning(
            "delivery stopped",
            endpoint=str(self._endpoint),
            state=state.value,
            last_error=self.last_error,
            waiting=len(self._waiting.order) - in_flight,
        )
