"""Events that go to Yespo several in a request.

    take ──▶ behind a predecessor ──▶ ready ──linger──▶ batch of one partition ──▶ queue
                        ▲                ▲                                           │
                        └──── ended ─────┴── again: in halves, or for a while ◀──────┘

A batch is an event of its own to the queue below, which knows nothing of its parts: pauses, breaker,
rate and retries are those of any endpoint. Batches hold events of one partition, so that a partition
can be given up, and never two events that must keep their order.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import inf

from consumer.clock import Clock
from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.order import Order
from consumer.delivery.endpoint.queue import EndpointQueue
from consumer.delivery.http.answer import Pool
from consumer.model import Ended, Event, Flight, Outcome, Partition, Progress
from consumer.stages import EventEnded

OpenQueue = Callable[[Callable[[Pool], Pool], EventEnded], EndpointQueue]
"""Makes the queue for batches, over a pool that is passed through the first argument."""


class Batches(ABC):
    """Takes jobs, and ends them. Keeps their order itself."""

    queue: EndpointQueue
    """The queue that takes batches; the subclass opens it."""

    def __init__(self, *, linger: float, ended: EventEnded, clock: Clock) -> None:
        """`linger`: seconds that the first event waits for others to go with it."""
        self._linger = linger
        self._ended = ended
        self._clock = clock
        self._order = Order()
        self._ready: dict[Partition, deque[Job]] = {}
        self._lingering = False
        self._under_way: dict[Event, list[Job]] = {}
        self._made = 0

    @property
    def waiting(self) -> int:
        """Events that this or the queue has taken and that are neither ended nor on the wire, each by
        itself, not by batches."""
        batches = self._under_way
        sent = [len(batches[event]) for event in self.queue.on_the_wire if event in batches]
        waiting_batches = len(batches) - len(sent)
        return len(self._order) - sum(sent) + self.queue.waiting - waiting_batches

    def progress(self, wanted: Collection[Event]) -> dict[Event, Progress]:
        """Of the wanted events those in a request under way, as far as that has come."""
        batch_of = {
            job.event: event
            for event, jobs in self._under_way.items()
            for job in jobs
            if job.event in wanted
        }
        of_batches = self.queue.progress(set(batch_of.values()))
        return {job: of_batches[batch] for job, batch in batch_of.items() if batch in of_batches}

    def take(self, job: Job) -> None:
        if self._order.add(job):
            self._queue([job])

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop all unfinished events of these partitions. The caller drops them from `queue` too."""
        for partition in partitions:
            self._order.forget(partition)
            self._ready.pop(partition, None)
        for event, jobs in list(self._under_way.items()):
            if jobs[0].flight.partition in partitions:
                del self._under_way[event]

    # --- what a kind of batch is

    @abstractmethod
    def _portion(self, jobs: deque[Job]) -> list[Job]:
        """Take the first of them that fit into one request; at least one."""

    @abstractmethod
    def _event(self, jobs: Sequence[Job], number: int) -> Event:
        """The request for these jobs, the `number`th so far."""

    @abstractmethod
    def _accepted(self, jobs: Sequence[Job]) -> None:
        """The request with these jobs was answered with a 2xx: end them, or `_queue` them again."""

    # --- from jobs to requests

    def _queue(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._ready.setdefault(job.flight.partition, deque()).append(job)
        if jobs and not self._lingering:
            self._lingering = True
            self._clock.call_later(self._linger, self._send_ready)

    def _send_ready(self) -> None:
        self._lingering = False
        ready, self._ready = self._ready, {}
        for jobs in ready.values():
            while jobs:
                self._send(self._portion(jobs))

    def _send(self, jobs: list[Job]) -> None:
        self._made += 1
        event = self._event(jobs, self._made)
        self._under_way[event] = jobs
        self.queue.submit(event, jobs[0].flight)

    # --- ends

    def _batch_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        del flight
        jobs = self._under_way.pop(event)
        for job in jobs:
            job.attempts += outcome.attempts
            job.ambiguous = job.ambiguous or outcome.ambiguous
        if outcome.ended is Ended.DELIVERED:
            self._accepted(jobs)
        elif len(jobs) > 1:
            # Halving finds the event at fault, so that the others are not refused with it.
            middle = len(jobs) // 2
            self._send(jobs[:middle])
            self._send(jobs[middle:])
        else:
            self._end(jobs[0], outcome)

    def _end(self, job: Job, outcome: Outcome) -> None:
        """End a job as `outcome` says, in its own name and with its own attempts."""
        failure = outcome.failure and replace(outcome.failure, event=job.event.label)
        self._queue(self._order.finish(job))
        own = Outcome(outcome.ended, job.attempts, job.ambiguous, failure)
        self._ended(job.flight, job.event, own)


def first_of(
    jobs: deque[Job], size: int, room: Callable[[Event], int], most: float = inf
) -> list[Job]:
    """Take the first of `jobs`: one at least, `most` at most, and no more than together have
    `room` in `size` bytes."""
    taken: list[Job] = []
    used = 0
    while jobs and len(taken) < most:
        used += room(jobs[0].event)
        if taken and used > size:
            break
        taken.append(jobs.popleft())
    return taken
