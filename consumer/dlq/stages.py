"""What a replay puts around the stages: between them travel dead letters, to them come originals.

The pipeline counts, commits and orders by the position in the dead-letter topic; decoding and mapping
see the record as it once came, with its own topic, offset, time and headers.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from consumer.dlq.letter import REPLAYS, Letter, Selection, letter_of
from consumer.model import Decoded, Failure, Mapped, Record
from consumer.stages import DeadLetters, Decode, Map

REMEMBERED = 100_000
"""Letters that a repeated one is recognised among. What a `kill -9` repeats lies close together."""

_NOTHING = Decoded(None, "", "")


class Judgement:
    """Which letters are replayed, and why the others are not."""

    def __init__(self, selection: Selection, max_replays: int) -> None:
        self.selection = selection
        self._max_replays = max_replays
        self._seen: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._last: tuple[Record, Letter | None, str] | None = None

    def of(self, record: Record) -> tuple[Letter | None, str]:
        """The letter, and why it is left out (empty if it is not). Decoding and mapping both ask."""
        last = self._last
        if last is None or last[0] is not record:
            letter = letter_of(record)
            last = self._last = record, letter, self._why_not(letter)
        return last[1], last[2]

    def _why_not(self, letter: Letter | None) -> str:
        if letter is None:
            return "not_a_dead_letter"
        if not self.selection.takes(letter):
            return "not_selected"
        if letter.replays >= self._max_replays:
            return "replayed_too_often"
        # By place: a record that waits for its schema is asked about again.
        first = self._seen.setdefault(letter.identity, letter.place)
        if first != letter.place:
            return "repeated"
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return ""


class ReplayDecode:
    """Implements `stages.Decode`. What is left out is not decoded: it must not fail again."""

    def __init__(self, inner: Decode, judgement: Judgement) -> None:
        self._inner = inner
        self._judgement = judgement

    def decode(self, record: Record) -> Decoded:
        letter, why_not = self._judgement.of(record)
        if letter is None or why_not:
            return _NOTHING
        return self._inner.decode(letter.record)

    async def resolve(self, ref: object) -> None:
        await self._inner.resolve(ref)


class ReplayMap:
    """Implements `stages.Map`: today's mapping, and of its events those that failed."""

    def __init__(self, inner: Map, judgement: Judgement) -> None:
        self._inner = inner
        self._judgement = judgement
        self.not_made: Counter[str] = Counter()
        """Failed events that today's mapping does not make of their record."""

    @property
    def digest(self) -> str:
        return self._inner.digest

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        letter, why_not = self._judgement.of(record)
        if letter is None or why_not:
            return Mapped((), why_not)
        mapped = self._inner.map(letter.record, decoded)
        if not letter.events:
            return mapped
        wanted = self._judgement.selection.failed(letter)
        made = {event.label: event for event in mapped.events}
        self.not_made.update(label for label in wanted if label not in made)
        events = [event for event in mapped.events if event.label in wanted]
        if events:
            return replace(mapped, events=events)
        return Mapped((), mapped.filtered or "event_not_made", mapped.skipped, mapped.left_out)


class ReplayDeadLetters:
    """Implements `stages.DeadLetters`: what fails again is a dead letter again, and says so."""

    def __init__(self, inner: DeadLetters, judgement: Judgement) -> None:
        self._inner = inner
        self._judgement = judgement

    def send(
        self, record: Record, failures: Sequence[Failure], digest: str, done: Callable[[], None]
    ) -> None:
        letter = letter_of(record)
        assert letter is not None  # others are left out
        count = str(letter.replays + 1).encode()
        original = replace(letter.record, headers=[*letter.record.headers, (REPLAYS, count)])
        self._inner.send(original, self._named(letter, failures), digest, done)

    async def close(self, seconds: float) -> None:
        await self._inner.close(seconds)

    def _named(self, letter: Letter, failures: Sequence[Failure]) -> Sequence[Failure]:
        """A record that fails as a whole has still sent the events that did not fail before."""
        wanted = self._judgement.selection.failed(letter)
        first = failures[0]
        if first.event or not wanted:
            return failures
        return [replace(first, event=label) for label in wanted]
