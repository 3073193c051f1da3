"""Keeps the jobs that wait in the queue of one endpoint, each in the place of what it waits for.

A job that waits is in exactly one place: behind a predecessor (`order`), `ready`, in back-off (which
takes no slot), or `unresolved` (answered 403 or the like, until another event shows whether the
endpoint or the event is at fault).
"""

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator

from consumer.delivery.endpoint.job import Job
from consumer.delivery.endpoint.order import Order
from consumer.delivery.endpoint.unfinished import Place
from consumer.model import Partition


class Waiting:
    """Plain places: when a job comes or goes, is the queue's business."""

    __slots__ = ("_backoff", "_hurried", "order", "ready", "unresolved")

    def __init__(self) -> None:
        self.order = Order()
        self.ready: deque[Job] = deque()
        self.unresolved: deque[Job] = deque()
        self._backoff: list[tuple[float, int, Job]] = []
        self._hurried: frozenset[Partition] = frozenset()

    def places(self) -> Iterator[Place]:
        """Every job that waits for no other one, with the place it waits in."""
        for job in self.ready:
            yield job, "ready", None
        for due, _, job in self._backoff:
            yield job, "in back-off", due
        for job in self.unresolved:
            yield job, "under suspicion", None

    def never_tried(self) -> Job | None:
        """Take the first ready job that has had no attempt yet."""
        for index, job in enumerate(self.ready):
            if not job.attempts:
                del self.ready[index]
                return job
        return None

    def leave(self, job: Job) -> None:
        """The job has ended, or goes elsewhere, with all that it superseded: the jobs that waited for
        it alone are ready."""
        released = self.order.finish(job)
        if job.flight.partition in self._hurried:
            self.ready.extendleft(reversed(released))
        else:
            self.ready.extend(released)

    def hurry(self, partitions: Collection[Partition]) -> None:
        """From now on what is ready of these partitions goes before all else, until they are
        forgotten."""
        hurried = self._hurried = self._hurried.union(partitions)
        self.ready = deque(sorted(self.ready, key=lambda j: j.flight.partition not in hurried))

    def fall_back(self, failed: Job) -> None:
        """The job has ended undelivered: what it superseded last is to be sent in its place."""
        if (older := self.order.restore(failed)) is not None:
            self.ready.appendleft(older)

    # --- time and verdicts

    def back_off(self, job: Job, until: float) -> None:
        heapq.heappush(self._backoff, (until, job.number, job))

    def rested(self, now: float) -> float | None:
        """Put in front whatever has waited long enough. Returns the time of the next one, None if no job
        is in back-off."""
        while self._backoff and self._backoff[0][0] <= now:
            self.ready.appendleft(heapq.heappop(self._backoff)[2])
        return self._backoff[0][0] if self._backoff else None

    def recall(self) -> None:
        """Put all jobs in back-off in front, the one with the shortest wait left first."""
        self.ready.extendleft(entry[2] for entry in sorted(self._backoff, reverse=True))
        self._backoff.clear()

    def requeue_unresolved(self) -> None:
        """The endpoint is at fault, not the unresolved events."""
        self.ready.extend(self.unresolved)
        self.unresolved.clear()

    def heads(self) -> Iterator[Job]:
        """Every job that waits for no other one and is not in flight."""
        return (job for job, _, _ in self.places())

    def drop(self, jobs: Collection[Job], kept: Iterable[Job]) -> None:
        """Forget these jobs, which never started; `kept` are the others of their partitions."""
        gone = set(jobs)
        self.order.drop(gone)
        self.ready = deque(job for job in self.ready if job not in gone)
        for job in kept:
            if job.followers:
                job.followers = [follower for follower in job.followers if follower not in gone]

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop all that is unfinished of these partitions, wherever it waits."""
        self._hurried = self._hurried.difference(partitions)
        for partition in partitions:
            self.order.forget(partition)
        self.ready = deque(j for j in self.ready if j.flight.partition not in partitions)
        self.unresolved = deque(j for j in self.unresolved if j.flight.partition not in partitions)
        self._backoff = [b for b in self._backoff if b[2].flight.partition not in partitions]
        heapq.heapify(self._backoff)
