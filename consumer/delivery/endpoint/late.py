"""Ends events that were too old to be sent when their turn came, as the mapping says."""

from collections.abc import Callable, Collection, Iterable, Iterator

from consumer.clock import Clock
from consumer.delivery.endpoint.job import Job
from consumer.model import Ended, Failure, Outcome, Partition


class Late:
    """Of one queue. Jobs stay in the queue's order until they are dealt with, in the loop's next round:
    they may be found from inside `submit`, where `end` must not be called. For each job either `end`
    is called, or `release` and then `past`, which ends it elsewhere; `then` after all of a round."""

    __slots__ = ("_clock", "_end", "_jobs", "_past", "_release", "_then")

    def __init__(
        self,
        clock: Clock,
        *,
        end: Callable[[Job, Outcome], None],
        release: Callable[[Job], None],
        past: Callable[[Job], None] | None,
        then: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._end = end
        self._release = release
        self._past = past
        self._then = then
        self._jobs: dict[Job, None] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def __contains__(self, job: Job) -> bool:
        return job in self._jobs

    def add(self, job: Job) -> None:
        if not self._jobs:
            self._clock.call_later(0.0, self._deal)
        self._jobs[job] = None

    def drop(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._jobs.pop(job, None)

    def forget(self, partitions: Collection[Partition]) -> None:
        for job in [job for job in self._jobs if job.flight.partition in partitions]:
            del self._jobs[job]

    def _deal(self) -> None:
        jobs, self._jobs = self._jobs, {}
        for job in jobs:
            if job.event.when_older == "drop":
                self._end(job, Outcome(Ended.EXPIRED, job.attempts, job.ambiguous))
            elif job.event.when_older == "past_events" and self._past is not None:
                self._release(job)
                for one in _apart(job):
                    self._past(one)
            else:
                self._end(job, _dead(job))
        self._then()


def _apart(job: Job) -> list[Job]:
    """A job and those it superseded, oldest first, each for itself: past_events takes each state."""
    found = [job]
    while (older := found[-1].superseded) is not None:
        found[-1].superseded = None
        found.append(older)
    return found[::-1]


def _dead(job: Job) -> Outcome:
    detail = "older than its `max_age` when its turn came"
    failure = Failure("delivery", "expired", detail, job.event.label)
    return Outcome(Ended.DEAD_LETTERED, job.attempts, job.ambiguous, failure)
