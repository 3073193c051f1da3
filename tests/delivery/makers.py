"""Events, flights and a scripted pool, as small as the delivery tests need them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from consumer.delivery.http.answer import Answer
from consumer.model import Endpoint, Event, Flight, Partition, WhenOlder
from tests.fakes import a_record

V2 = Endpoint("main", "v2")
LEGACY = Endpoint("main", "legacy")
PAST = Endpoint("main", "past_events")


def an_event(
    name: str,
    *order_by: str,
    endpoint: Endpoint = V2,
    user_agent: str | None = None,
    expires_ms: int = -1,
    when_older: WhenOlder = "drop",
) -> Event:
    """`name` is also its body. Without `order_by` it has a person of its own."""
    return Event(
        endpoint,
        "cartUpdated",
        "cart",
        0,
        name.encode(),
        order_by or (name,),
        user_agent=user_agent,
        expires_ms=expires_ms,
        when_older=when_older,
    )


def an_old_cart(name: str, *order_by: str, at_ms: int = 1_763_600_000_000) -> Event:
    """A v2 event with a body like the vendor's, too old at any time a ManualClock may begin with."""
    return Event(
        V2,
        "cartUpdated",
        "cart",
        0,
        b'{"eventTypeKey":"cartUpdated","keyValue":"%s","params":[]}' % name.encode(),
        order_by or (name,),
        occurred_ms=at_ms,
        expires_ms=at_ms + 3_600_000,
        when_older="past_events",
    )


def a_flight(partition: Partition, offset: int = 0) -> Flight:
    return Flight(a_record(offset, partition=partition))


def a_partition(number: int = 0) -> Partition:
    return Partition("shop.clicks", number, 1)


@dataclass
class Attempt:
    """One request that the pool was asked to send; the test answers it."""

    body: str
    user_agent: str | None
    answered: Callable[[Answer], None]
    aborted: bool = False

    def abort(self) -> None:
        self.aborted = True


@dataclass
class ScriptedPool:
    """Implements `answer.Pool`: nothing is answered until the test says how."""

    sent: list[str] = field(default_factory=list)
    """All bodies, in the order in which they were sent."""
    wire: dict[str, Attempt] = field(default_factory=dict)
    """What is under way, by body."""
    authorizations: list[str | None] = field(default_factory=list)
    closed: bool = False
    not_connected: str = ""

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> Attempt:
        attempt = Attempt(body.decode(), user_agent, answered)
        assert attempt.body not in self.wire, "sent again while under way"
        self.sent.append(attempt.body)
        self.wire[attempt.body] = attempt
        return attempt

    def authorize(self, authorization: str | None) -> None:
        self.authorizations.append(authorization)

    async def close(self) -> None:
        self.closed = True

    def answer(self, body: str, answer: Answer | int) -> None:
        """End the attempt of this body."""
        attempt = self.wire.pop(body)
        assert not attempt.aborted
        attempt.answered(Answer(answer) if isinstance(answer, int) else answer)

    def answer_all(self, answer: Answer | int) -> None:
        for body in list(self.wire):
            self.answer(body, answer)
