"""Counters the stages write to: plain integers, read by the metrics page when it is scraped.

Stages own no metric objects: adding to a dict costs 0.1 µs. Each tally has the name under which
`observability.metrics` declares it, with its labels. Label values come from closed sets, the
configuration and the mapping; never out of a record.
"""

from collections.abc import Iterable, Iterator, Mapping

from consumer.model import Endpoint
from consumer.telemetry.histograms import Histogram, Histograms, Key


class Tally:
    """A counter by label values. `tally.add(("main", "v2", "200"))`."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}

    def add(self, key: Key = (), count: int = 1) -> None:
        """Add `count` under `key`: one value per label, in the order of the declaration."""
        counts = self._counts
        counts[key] = counts.get(key, 0) + count

    def declare(self, *key: str) -> None:
        """Export this combination as zero from the start, so that a rate can be taken of it."""
        self._counts.setdefault(key, 0)

    def get(self, *key: str) -> int:
        return self._counts.get(key, 0)

    def total(self) -> int:
        return sum(self._counts.values())

    def items(self) -> Iterator[tuple[Key, int]]:
        yield from list(self._counts.items())


class Tallies:
    """All tallies of a process, made once by `app` and handed to each stage that counts.

    A stage on the hot path keeps the tally that it asked for.
    """

    def __init__(self) -> None:
        self._counters: dict[str, Tally] = {}
        self._histograms: dict[str, Histograms] = {}
        self._skipped, self._left_out = self.counter("skipped"), self.counter("left_out")

    def counter(self, name: str) -> Tally:
        """The counter that `observability.metrics` declares under this name."""
        found = self._counters.get(name)
        if found is None:
            found = self._counters[name] = Tally()
        return found

    def histogram(self, name: str, bounds: tuple[float, ...]) -> Histograms:
        """The histogram that `observability.metrics` declares under this name."""
        found = self._histograms.get(name)
        if found is None:
            found = self._histograms[name] = Histograms(bounds)
        return found

    def distributions(self, name: str) -> Iterable[tuple[Key, Histogram]]:
        """The children of a histogram; none before a stage has asked for it."""
        found = self._histograms.get(name)
        return () if found is None else found.items()

    @property
    def names(self) -> set[str]:
        """Of all that stages count."""
        return {*self._counters, *self._histograms}

    def omitted(
        self, skipped: Mapping[tuple[Endpoint, str], int], left_out: Mapping[tuple[str, str], int]
    ) -> None:
        """Count what the mapping of one record left undone; see `model.Mapped`."""
        for (endpoint, reason), count in skipped.items():
            self._skipped.add((*endpoint, reason), count)
        for key, count in left_out.items():
            self._left_out.add(key, count)
