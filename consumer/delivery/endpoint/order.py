"""Order per person: who must wait for whom. One `Order` per endpoint.

A person is known by several values over time (cookie, then e-mail after login), so an event waits
for the last unfinished event of its partition that shares *any* of its values. Each value points to
its last unfinished event, which makes a chain per value; adding and finishing cost O(1) per value,
and what is finished leaves nothing behind.

A job is a place in these chains. A newer state of the same thing may take over the place of an older
one that was never started: the older one is kept behind it, for the case that the newer one fails.

    cart 1 ◀─ waits ─ cart 2 ◀─ waits ─ order         two places, then the order's
    cart 1 ◀─ waits ─ cart 3 ◀─ waits ─ order         cart 3 came before the order did:
                        └ superseded: cart 2          it stands where cart 2 stood
"""

from collections.abc import Collection

from consumer.delivery.endpoint.giving_back import members
from consumer.delivery.endpoint.job import Job
from consumer.model import Partition


class _Chains:
    __slots__ = ("tails", "unfinished")

    def __init__(self) -> None:
        self.tails: dict[str, Job] = {}
        self.unfinished = 0


class Order:
    __slots__ = ("_partitions",)

    def __init__(self) -> None:
        self._partitions: dict[Partition, _Chains] = {}

    def __len__(self) -> int:
        """Events added and not finished."""
        return sum(chains.unfinished for chains in self._partitions.values())

    def add(self, job: Job) -> bool:
        """Take the next event of its partition. True if it waits for no other event."""
        chains = self._partitions.get(job.flight.partition)
        if chains is None:
            chains = self._partitions[job.flight.partition] = _Chains()
        chains.unfinished += 1
        tails = chains.tails
        for value in job.event.order_by:
            last = tails.get(value)
            tails[value] = job
            if last is not None and last is not job:
                if last.followers is None:
                    last.followers = []
                last.followers.append(job)
                job.waits_for += 1
        return job.waits_for == 0

    def finish(self, job: Job) -> list[Job]:
        """The events that waited for this one alone, in the order in which they were added."""
        chains = self._partitions.get(job.flight.partition)
        if chains is None:  # given up meanwhile
            return []
        chains.unfinished -= 1
        older = job.superseded
        while older is not None:
            chains.unfinished -= 1
            older = older.superseded
        tails = chains.tails
        for value in job.event.order_by:
            last = tails.pop(value, job)
            if last is not job:
                tails[value] = last
        followers, job.followers = job.followers, None
        if not followers:
            return []
        released = []
        for follower in followers:
            follower.waits_for -= 1
            if not follower.waits_for:
                released.append(follower)
        return released

    def state_before(self, job: Job) -> Job | None:
        """Returns the last unfinished job of all values of a job that is about to be added, if both
        describe the same state and that one was never started."""
        chains = self._partitions.get(job.flight.partition)
        if chains is None:
            return None
        event, tails = job.event, chains.tails
        last = tails.get(event.order_by[0])
        if last is None or last.attempts or last.event.state_of != event.state_of:
            return None
        if last.event.order_by != event.order_by:
            return None
        return last if all(tails.get(value) is last for value in event.order_by) else None

    def supersede(self, last: Job, newer: Job) -> None:
        """`newer`, instead of being added, takes over the place of `last` (from `state_before`)."""
        last.event, newer.event = newer.event, last.event
        last.flight, newer.flight = newer.flight, last.flight
        last.number, newer.number = newer.number, last.number
        last.superseded, newer.superseded = newer, last.superseded
        self._partitions[last.flight.partition].unfinished += 1

    def restore(self, failed: Job) -> Job | None:
        """The one that `failed` has superseded, now in its place. Those who wait go on waiting. None
        where the partition was given up meanwhile."""
        older = failed.superseded
        chains = self._partitions.get(failed.flight.partition)
        if chains is None or older is None:
            return None
        chains.unfinished -= 1
        for value in failed.event.order_by:
            if chains.tails.get(value) is failed:
                chains.tails[value] = older
        older.followers, failed.followers = failed.followers, None
        failed.superseded = None
        return older

    def drop(self, jobs: Collection[Job]) -> None:
        """Forget these unfinished jobs. Whatever waits for one of them must be among them."""
        for job in jobs:
            chains = self._partitions[job.flight.partition]
            chains.unfinished -= sum(1 for _ in members(job))
            for value in job.event.order_by:
                if chains.tails.get(value) is job:
                    del chains.tails[value]

    def forget(self, partition: Partition) -> None:
        """Drop all that is unfinished of this partition."""
        self._partitions.pop(partition, None)
