"""An event inside delivery, from `submit` to its end."""

from __future__ import annotations

from consumer.delivery.http.answer import Exchange
from consumer.model import Event, Flight


class Job:
    """Plain state; owned by the queue of its endpoint, `waits_for`, `followers` and `superseded` by
    its order."""

    __slots__ = (
        "ambiguous",
        "attempts",
        "began_at",
        "charged",
        "charged_seconds",
        "event",
        "exchange",
        "failures",
        "flight",
        "followers",
        "last_answer",
        "marked_at",
        "marked_deliveries",
        "number",
        "refusal",
        "refusals",
        "started",
        "started_at",
        "superseded",
        "waits_for",
    )

    def __init__(self, event: Event, flight: Flight, number: int) -> None:
        self.event = event
        self.flight = flight
        self.number = number
        """Position in the order of submission."""
        self.waits_for = 0
        """Values whose last event has not ended."""
        self.followers: list[Job] | None = None
        self.superseded: Job | None = None
        """The one before, not sent because this one makes it superfluous, with those behind it."""
        self.exchange: Exchange | None = None
        self.started = 0
        """Number of the queue's attempt that this job's last one was."""
        self.started_at = 0.0
        """Monotonic time of that attempt."""
        self.began_at = 0.0
        """Monotonic time of the first attempt."""
        self.last_answer = ""
        """Of the last attempt that was not a delivery: status code or kind of fault."""
        self.attempts = 0
        self.failures = 0
        """Transient failures in the flowing state: what the back-off grows by."""
        self.refusals = 0
        """Times it was refused while the endpoint took others."""
        self.refusal = ""
        self.ambiguous = False
        self.charged = 0
        self.charged_seconds = 0.0
        self.marked_deliveries = 0
        self.marked_at = 0.0
