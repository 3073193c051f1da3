"""The requests that arrived: each with its verdict, and the counts, safe to read from any thread."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from consumer.model import Api
from consumer.yespo.spec import ContractViolation

REMEMBERED = 1_000_000
"""Accepted bodies remembered (by hash, about 100 bytes each) to recognise a repeated one."""

SEARCHED = 2_000
"""Requests that a filter of the page looks at, the newest."""

MAX_KINDS = 1_000
OTHER = "(other)"


@dataclass(slots=True, frozen=True)
class Item:
    """One event of a request: legacy and v2 have one, past_events up to 500."""

    event: str
    taken: bool
    refused_by: int = 0
    """Broken rules."""


@dataclass(slots=True, frozen=True)
class Received:
    """One request as it arrived. `account` is the legacy site id, or the user of HTTP Basic.

    `status` is the HTTP status we answered, 0 where no answer was sent. `taken` says whether the
    vendor would now have the event (the legacy tracker takes anything and says nothing);
    `repeats` is the number of the first accepted request with this very body.
    """

    number: int
    at_ms: int
    api: Api
    account: str
    event: str
    body: bytes
    user_agent: str | None
    violations: tuple[ContractViolation, ...]
    status: int
    taken: bool
    items: tuple[Item, ...]
    fault: str = ""
    repeats: int | None = None


@dataclass(slots=True, frozen=True)
class Origin:
    """The Kafka record that a request was made of. `record` is its value, as JSON has it."""

    position: str
    record: object


@dataclass(slots=True)
class KindCounts:
    """Counts of one (api, event), in events."""

    arrived: int = 0
    taken: int = 0
    violating: int = 0
    repeated: int = 0
    first_ms: int = 0
    last_ms: int = 0


@dataclass(slots=True, frozen=True)
class Violation:
    """One broken rule, with the request it was found in. Holds no value of the event."""

    number: int
    api: Api
    event: str
    path: str
    rule: str
    message: str


@dataclass(slots=True)
class Totals:
    requests: int = 0
    taken: int = 0
    violating: int = 0
    """Requests that break at least one rule."""
    repeated: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    """Faults injected, by kind; those before the request was read are counted here only."""


class Store:
    """`keep` bounds the requests held in memory (None: all of them); the counts are of all."""

    def __init__(self, keep: int | None) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything, also which bodies were seen."""
        with self._lock:
            self._received: deque[Received] = deque(maxlen=self._keep)
            self._violations: deque[Violation] = deque(maxlen=self._keep)
            self._kinds: dict[tuple[Api, str], KindCounts] = {}
            self._seen: dict[int, int] = {}
            self._totals = Totals()

    def next_number(self) -> int:
        return self._totals.requests + 1

    def first_with(self, api: Api, body: bytes) -> int | None:
        """The number of the first accepted request with this body."""
        return self._seen.get(hash((api, body)))

    def add(self, received: Received) -> None:
        with self._lock:
            self._received.append(received)
            self._count(received)
            if received.taken and received.repeats is None:
                self._remember(received)
            for found in received.violations:
                self._violations.append(
                    Violation(
                        received.number,
                        received.api,
                        received.event,
                        found.path,
                        found.rule,
                        found.message,
                    )
                )

    def fault(self, kind: str) -> None:
        with self._lock:
            self._totals.faults[kind] = self._totals.faults.get(kind, 0) + 1

    def _count(self, received: Received) -> None:
        totals = self._totals
        totals.requests += 1
        totals.taken += received.taken
        totals.violating += bool(received.violations)
        repeated = received.repeats is not None
        totals.repeated += repeated
        for item in received.items:
            kind = self._kind(received.api, item.event)
            kind.first_ms = kind.first_ms or received.at_ms
            kind.last_ms = received.at_ms
            kind.arrived += 1
            kind.taken += item.taken
            kind.violating += bool(item.refused_by)
            kind.repeated += repeated

    def _kind(self, api: Api, event: str) -> KindCounts:
        found = self._kinds.get((api, event))
        if found is None:
            if len(self._kinds) >= MAX_KINDS:
                event = OTHER
            found = self._kinds.setdefault((api, event), KindCounts())
        return found

    def _remember(self, received: Received) -> None:
        if len(self._seen) >= REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[hash((received.api, received.body))] = received.number

    # -- reading, from any thread

    def received(self) -> list[Received]:
        """The requests held, in order of arrival."""
        with self._lock:
            return list(self._received)

    def latest(
        self, after: int, limit: int, wanted: Callable[[Received], bool] = lambda _: True
    ) -> Sequence[Received]:
        """The newest requests with a number above `after` that are `wanted`, newest first, at most
        `limit`, and of the last `SEARCHED` ones."""
        with self._lock:
            newest = list(islice(reversed(self._received), SEARCHED))
        candidates = takewhile(lambda one: one.number > after, newest)
        return list(islice(filter(wanted, candidates), limit))

    def violations(self) -> list[Violation]:
        with self._lock:
            return list(self._violations)

    def kinds(self) -> dict[tuple[Api, str], KindCounts]:
        """A copy of the counts by (api, event name)."""
        with self._lock:
            return {
                key: KindCounts(
                    kind.arrived,
                    kind.taken,
                    kind.violating,
                    kind.repeated,
                    kind.first_ms,
                    kind.last_ms,
                )
                for key, kind in self._kinds.items()
            }

    def totals(self) -> Totals:
        with self._lock:
            now = self._totals
            return Totals(now.requests, now.taken, now.violating, now.repeated, dict(now.faults))
