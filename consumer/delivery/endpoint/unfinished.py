"""Says how far single unfinished events of an endpoint have come: for status and page."""

from collections.abc import Collection, Iterable
from itertools import chain
from typing import Literal

from consumer.delivery.endpoint.job import Job
from consumer.model import Event, Progress

Place = tuple[Job, Literal["in flight", "ready", "in back-off", "under suspicion"], float | None]
"""A job, where it is, and the monotonic time of its next attempt if that is known."""


def unfinished(
    in_flight: Iterable[Job], waiting: Iterable[Place], wanted: Collection[Event]
) -> dict[Event, Progress]:
    """Of the wanted events those that are in flight or waiting, or superseded by one that is."""
    found: dict[Event, Progress] = {}
    sent: Iterable[Place] = ((job, "in flight", None) for job in in_flight)
    for job, state, due in chain(sent, waiting):
        one: Job | None = job
        while one is not None:
            if one.event in wanted:
                found[one.event] = _progress(job, state, due)
            one = one.superseded
    return found


def _progress(
    job: Job,
    state: Literal["in flight", "ready", "in back-off", "under suspicion"],
    due: float | None,
) -> Progress:
    began = job.began_at if job.attempts else None
    return Progress(state, job.attempts, began, job.last_answer, due)
