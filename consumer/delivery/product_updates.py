"""ProductUpdate events, several in a request: the tracker takes an array of products (S0:1186).

A catalogue job tells the prices of thousands of products in a moment, one record each. Off unless
`delivery.product_update_linger` says how long one may wait for others.
"""

from collections import deque
from collections.abc import Sequence

from consumer.clock import Clock
from consumer.delivery.batches import Batches, OpenQueue, first_of
from consumer.delivery.endpoint.job import Job
from consumer.model import Ended, Event, Flight, Outcome
from consumer.stages import EventEnded
from consumer.yespo.catalogue import EVENTS
from consumer.yespo.rules import MAX_BODY

_MERGED = next(event for event in EVENTS.values() if event.traits.array)
NAME = _MERGED.name
_ARRAY = f'"{_MERGED.traits.array}":['.encode()
"""The text before the products. The name of the event, before it, is followed by a comma, and quotes
inside a text are escaped: the first one found is the one."""
_END = b"]}"


class ProductUpdates(Batches):
    """Stands before the tracker's queue of an account, and lets all other events pass."""

    def __init__(
        self, open_queue: OpenQueue, *, linger: float, ended: EventEnded, clock: Clock
    ) -> None:
        super().__init__(linger=linger, ended=ended, clock=clock)
        self.queue = open_queue(lambda pool: pool, self._queue_ended)
        self._taken = 0

    def submit(self, event: Event, flight: Flight) -> None:
        if event.name == NAME:
            self._taken += 1
            self.take(Job(event, flight, self._taken))
        else:
            self.queue.submit(event, flight)

    def _queue_ended(self, flight: Flight, event: Event, outcome: Outcome) -> None:
        if event.name == NAME:
            self._batch_ended(flight, event, outcome)
        else:
            self._ended(flight, event, outcome)

    def _portion(self, jobs: deque[Job]) -> list[Job]:
        head = _head(jobs[0].event)
        return first_of(
            jobs, MAX_BODY - len(head) - len(_END) + 1, lambda event: len(_products(event)) + 1
        )

    def _event(self, jobs: Sequence[Job], number: int) -> Event:
        first = jobs[0].event
        if len(jobs) == 1:
            return first
        # All heads are alike: they name the site of the account, and no person.
        body = _head(first) + b",".join(_products(job.event) for job in jobs) + _END
        # Too old as a whole once one of them is: apart, each fares as the mapping says.
        expires_ms = min((j.event.expires_ms for j in jobs if j.event.expires_ms >= 0), default=-1)
        return Event(
            first.endpoint,
            NAME,
            first.rule,
            number,
            body,
            (f"{NAME} {number}",),  # batches need not wait for one another
            expires_ms=expires_ms,
            when_older="dead_letter",
        )

    def _accepted(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._end(job, Outcome(Ended.DELIVERED, job.attempts))


def _head(event: Event) -> bytes:
    """`{"GeneralInfo":{...},"ProductUpdate":[`."""
    return event.body[: event.body.index(_ARRAY) + len(_ARRAY)]


def _products(event: Event) -> bytes:
    """The content of the array."""
    return event.body[event.body.index(_ARRAY) + len(_ARRAY) : -len(_END)]
