"""Order per person: who must wait for whom. One `Order` per endpoint.

A person is known by several values over time (cookie, then e-mail after login), so an event waits
for the last unfinished event of its partition that shares *any* of its values. Each value points to
its last unfinished event, which makes a chain per value; adding and finishing cost O(1) per value,
and what is finished leaves nothing behind.
"""

from consumer.delivery.job import Job
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
        """Take the next event of its partition. True if it waits for nobody."""
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
        tails = chains.tails
        for value in job.event.order_by:
            if tails.get(value) is job:
                del tails[value]
        followers, job.followers = job.followers, None
        if not followers:
            return []
        released = []
        for follower in followers:
            follower.waits_for -= 1
            if not follower.waits_for:
                released.append(follower)
        return released

    def forget(self, partition: Partition) -> None:
        """Drop all that is unfinished of this partition."""
        self._partitions.pop(partition, None)
