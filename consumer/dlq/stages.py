"""Wraps the stages for a replay: dead letters travel between them, originals come to them.

The pipeline counts, commits and orders by the position in the dead-letter topic; decoding and mapping
see the record as it once came, with its own topic, offset, time and headers.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from consumer.config.scopes import holds
from consumer.dlq.letter import Letter, Selection, letter_of
from consumer.dlq.marks import Marks
from consumer.errors import SchemaPending
from consumer.model import NEVER_REPLAYED, Decoded, Failure, Mapped, Record, Replayed
from consumer.stages import DeadLetters, Decode, Map
from consumer.startup.scoped_map import within

REMEMBERED = 100_000
"""Letters that a repeated one is recognised among. What a `kill -9` repeats lies close together."""

_NOTHING = Decoded(None, "", "")


Fetch = Callable[[Letter], Record | None]
"""Reads the record of a letter that lacks it; None where it is not in its topic any more. Blocks."""


class Judgement:
    """Decides which letters are replayed, and why the others are not."""

    def __init__(
        self,
        selection: Selection,
        max_replays: int,
        fetch: Fetch = lambda _: None,
        marks: Marks | None = None,
    ) -> None:
        """`marks` are those of the dead-letter topic: discarded letters are left out."""
        self.selection = selection
        self._marks = marks or Marks()
        self._max_replays = max_replays
        self._fetch = fetch
        self._fetched: dict[str, Record | None] = {}
        """Records of letters that lack theirs, by place, until they are mapped."""
        self._seen: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._last: tuple[Record, Letter | None, str] | None = None

    def of(self, record: Record) -> tuple[Letter | None, str]:
        """The letter, and why it is left out (empty if it is not). Decoding and mapping both ask.

        Raises SchemaPending for a letter whose record has to be fetched first.
        """
        last = self._last
        if last is None or last[0] is not record:
            letter = letter_of(record)
            last = self._last = record, letter, self._why_not(record, letter)
        _, letter, why_not = last
        if letter is None or why_not or not letter.lacks_record:
            return letter, why_not
        if letter.place not in self._fetched:
            raise SchemaPending(letter)
        original = self._fetched[letter.place]
        if original is None:
            return letter, "original_gone"
        return replace(letter, record=original), ""

    async def fetch(self, letter: Letter) -> None:
        """Read the record of a letter that lacks it."""
        self._fetched[letter.place] = await asyncio.to_thread(self._fetch, letter)

    def forget(self, letter: Letter | None) -> None:
        """The letter's record is not needed any more."""
        if letter is not None:
            self._fetched.pop(letter.place, None)

    def _why_not(self, record: Record, letter: Letter | None) -> str:
        if letter is None:
            return "mark" if self._marks.add(record) else "not_a_dead_letter"
        if self._marks.discarded(record.partition.number, record.offset):
            return "discarded"
        if not self.selection.takes(letter):
            return "not_selected"
        if letter.again.replays >= self._max_replays:
            return "replayed_too_often"
        # By place: a record that waits for its schema is asked about again.
        first = self._seen.setdefault(letter.identity, letter.place)
        if first != letter.place:
            return "repeated"
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return ""


class ReplayDecode:
    """Implements `stages.Decode`. A letter that is left out is not decoded: it must not fail again."""

    def __init__(self, inner: Decode, judgement: Judgement) -> None:
        self._inner = inner
        self._judgement = judgement

    def decode(self, record: Record) -> Decoded:
        letter, why_not = self._judgement.of(record)
        if letter is None or why_not:
            return _NOTHING
        return self._inner.decode(letter.record)

    def look_ahead(self, records: Iterable[Record]) -> None:
        """Nothing: these are letters; the schemas of the records in them are asked for one by one."""

    async def resolve(self, ref: object) -> None:
        if isinstance(ref, Letter):
            await self._judgement.fetch(ref)
        else:
            await self._inner.resolve(ref)


class ReplayMap:
    """Implements `stages.Map`: today's mapping, restricted to the events that failed."""

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
        self._judgement.forget(letter)
        if letter is None or why_not:
            return Mapped((), why_not)
        mapped = self._inner.map(letter.record, decoded)
        if letter.again.endpoints:
            mapped = within(mapped, partial(holds, letter.again.endpoints))
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
    """Implements `stages.DeadLetters`: a record that fails again is a dead letter again, with its
    count of replays raised."""

    def __init__(self, inner: DeadLetters, judgement: Judgement) -> None:
        self._inner = inner
        self._judgement = judgement

    def send(
        self,
        record: Record,
        failures: Sequence[Failure],
        digest: str,
        done: Callable[[], None],
        again: Replayed = NEVER_REPLAYED,
    ) -> None:
        letter = letter_of(record)
        assert letter is not None  # others are left out
        self._judgement.forget(letter)
        again = letter.again._replace(replays=letter.again.replays + 1)
        self._inner.send(letter.record, self._named(letter, failures), digest, done, again)

    async def close(self, seconds: float) -> None:
        await self._inner.close(seconds)

    def _named(self, letter: Letter, failures: Sequence[Failure]) -> Sequence[Failure]:
        """A record that fails as a whole has still sent the events that did not fail before."""
        wanted = self._judgement.selection.failed(letter)
        first = failures[0]
        if first.event or not wanted:
            return failures
        return [replace(first, event=label) for label in wanted]
