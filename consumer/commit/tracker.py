"""The gap-free watermark of one partition: all records below it have ended."""

from collections import deque

from consumer.commit import completed_map
from consumer.model import Flight, Partition
from consumer.stages import Position


class Tracker:
    """Follows the records of one assignment of one partition, in offset order.

    Offsets are compared, never counted: transactions, compaction and retention leave holes.
    """

    __slots__ = (
        "_above",
        "_changed",
        "_covered",
        "_flights",
        "_in_commit",
        "_newest",
        "_next",
        "_partition",
        "_restored",
        "_unanswered",
    )

    def __init__(self, partition: Partition, start: Position) -> None:
        self._partition = partition
        self._next = start.offset
        self._newest = start.offset - 1
        self._flights: deque[Flight] = deque()
        self._restored = completed_map.decode(start.offset, partition.topic_id, start.metadata)
        self._changed = False
        self._unanswered = False
        self._covered = 0
        self._in_commit = 0
        self._above = 0

    @property
    def restored(self) -> int:
        """Number of records above the watermark that an earlier run had ended, as far as known."""
        return len(self._restored)

    def finished_before(self, offset: int) -> bool:
        """True if an earlier run had already ended this record above its watermark."""
        return offset in self._restored

    def admitted(self, flight: Flight) -> None:
        self._flights.append(flight)
        self._newest = flight.offset

    def ended(self, flight: Flight) -> None:
        flight.ended = True
        self._changed = True
        flights = self._flights
        if flights[0] is not flight:
            self._above += 1
            return
        flights.popleft()
        self._covered += flight.uncommitted_requests
        self._next = flight.offset + 1
        while flights and flights[0].ended:
            flight = flights.popleft()
            self._above -= 1
            self._covered += flight.uncommitted_requests
            self._next = flight.offset + 1

    @property
    def watermark(self) -> int:
        """Every record below this offset has ended."""
        return self._flights[0].offset if self._flights else self._next

    @property
    def gap(self) -> int:
        """Offsets between the watermark and the newest record admitted; 0 when all have ended."""
        return self._flights[-1].offset - self._flights[0].offset if self._flights else 0

    @property
    def unacknowledged(self) -> int:
        """Requests that no acknowledged commit covers. Counts the held flights: not for hot paths."""
        held = sum(flight.uncommitted_requests for flight in self._flights)
        return self._covered + self._in_commit + held

    def take_position(self) -> Position | None:
        """The position to commit now, or None without progress; `answered` must follow.

        Asked again before the answer (at revoke, while an asynchronous commit is under way) it
        gives the newer position, or the same again: the first may yet fail. The earlier answer then
        acknowledges both.
        """
        if not self._changed and not self._unanswered:
            return None
        base, topic_id = self.watermark, self._partition.topic_id
        above: list[int] = []
        if self._above and topic_id:  # a map of an unknown topic would not be read again
            for flight in self._flights:
                if flight.ended and flight.offset - base < completed_map.MAX_SPAN:
                    above.append(flight.offset)
                    self._covered += flight.uncommitted_requests
                    flight.uncommitted_requests = 0
        # Offsets that the former run had finished and we have not read again yet must stay on the map.
        if self._restored:
            unread = sorted(offset for offset in self._restored if offset > self._newest)
            self._restored = frozenset(unread)
            above += unread
        self._in_commit += self._covered
        self._covered = 0
        self._changed = False
        self._unanswered = True
        return Position(base, completed_map.encode(base, topic_id, above))

    def answered(self, succeeded: bool) -> int:
        """The commit was answered: returns the requests it acknowledged."""
        acknowledged, self._in_commit = self._in_commit, 0
        self._unanswered = False
        if succeeded:
            return acknowledged
        self._covered += acknowledged
        self._changed = True
        return 0
