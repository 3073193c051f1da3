"""Decides which records of leaving partitions can be given back untouched.

A record is given back when none of its events was started: the next owner of the partition sends them
for the first time. Two kinds of records are kept, and finished here:

    started       an event of it was sent: giving the record back would send that event again
    before one    an event of it stands before an event that is kept: in its chain, or in its place
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from consumer.delivery.endpoint.job import Job
from consumer.model import Flight


def untouched(jobs: Collection[Job]) -> set[Flight]:
    """Returns the records to give back. `jobs` are all unfinished places of the leaving partitions, of
    all queues that take events themselves. Cost: linear in jobs and in who waits for whom.

    An event that no job stands for (in a batch, or finished) keeps its record.
    """
    idle: Counter[Flight] = Counter()
    places: dict[Flight, list[Job]] = {}
    before: dict[Job, list[Job]] = {}
    for job in jobs:
        for one in members(job):
            places.setdefault(one.flight, []).append(job)
            if not job.attempts:
                idle[one.flight] += 1
        for follower in job.followers or ():
            before.setdefault(follower, []).append(job)
    given_back = {
        flight
        for flight, count in idle.items()
        if count == len(flight.events) == flight.uncommitted_requests and not flight.failures
    }
    kept = [flight for flight in places if flight not in given_back]
    while kept:
        for job in places[kept.pop()]:
            for place in (job, *before.get(job, ())):
                for one in members(place):
                    if one.flight in given_back:
                        given_back.discard(one.flight)
                        kept.append(one.flight)
    return given_back


def members(job: Job) -> Iterator[Job]:
    """The job, and those that it superseded: they share one place."""
    one: Job | None = job
    while one is not None:
        yield one
        one = one.superseded


def with_followers(heads: Iterable[Job]) -> list[Job]:
    """The jobs, and all that wait behind them."""
    found: dict[Job, None] = {}
    left = list(heads)
    while left:
        job = left.pop()
        if job not in found:
            found[job] = None
            left += job.followers or ()
    return list(found)
