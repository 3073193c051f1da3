"""The headers of a dead letter: the record's own, then ours, and the way to part them again.

Names that begin with `yespo.dlq.` are ours. A header of the record that has such a name is escaped:
`yespo.dlq.replays` is carried as `yespo.dlq.foreign.replays`, and comes back as it was.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from consumer import __version__
from consumer.documents.foreign_text import LONGEST, bounded
from consumer.model import Failure, Record, Replayed

PREFIX = "yespo.dlq."
FOREIGN = PREFIX + "foreign."
"""The prefix of a header that is the record's own and has our prefix."""

Header = tuple[str, bytes | None]


def carried(headers: Iterable[Header]) -> list[Header]:
    """The record's own headers as the dead letter has them: all of them, in their order."""
    return [
        (FOREIGN + name.removeprefix(PREFIX) if name.startswith(PREFIX) else name, value)
        for name, value in headers
    ]


def parted(headers: Iterable[Header]) -> tuple[dict[str, str], list[Header]]:
    """Our headers by name without the prefix, and the record's own as they were."""
    ours: dict[str, str] = {}
    own: list[Header] = []
    for name, value in headers:
        if name.startswith(FOREIGN):
            own.append((PREFIX + name.removeprefix(FOREIGN), value))
        elif name.startswith(PREFIX):
            ours[name.removeprefix(PREFIX)] = (value or b"").decode(errors="replace")
        else:
            own.append((name, value))
    return ours, own


def required(
    record: Record, failures: Sequence[Failure], digest: str, written_ms: int, again: Replayed
) -> list[Header]:
    """The headers that `dlq` works from: names of rules and fields, positions and codes."""
    first = failures[0]
    written = datetime.fromtimestamp(written_ms / 1000, UTC).isoformat(timespec="milliseconds")
    texts = {
        "stage": first.stage,
        "reason": first.reason,
        "topic": record.partition.topic,
        "partition": str(record.partition.number),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp_ms),
        "timestamp_type": record.timestamp_type.value,
        "mapping": digest,
        "bridge": __version__,
        "time": written,
    }
    if again.replays:
        texts["replays"] = str(again.replays)
    headers = _ours(texts)
    events = [failure.event for failure in failures if failure.event]
    headers.append((PREFIX + "events", _json(events)))
    if again.endpoints:
        headers.append((PREFIX + "endpoints", _json(again.endpoints)))
    return headers


def by_position(size: int) -> list[Header]:
    """The headers of a letter that does not carry its record; `size` is the record's, in bytes."""
    return _ours({"carried": "position", "size": str(size)})


def optional(failures: Sequence[Failure]) -> list[Header]:
    """For a person who asks why; left out where the letter would be too large."""
    most = max(64, LONGEST // len(failures))
    described = [
        {
            "stage": failure.stage,
            "reason": failure.reason,
            "detail": bounded(failure.detail, most),
            "event": failure.event,
        }
        for failure in failures
    ]
    return [
        *_ours({"detail": bounded(failures[0].detail)}),
        (PREFIX + "failures", _json(described)),
    ]


def _ours(texts: Mapping[str, str]) -> list[Header]:
    return [(PREFIX + name, value.encode()) for name, value in texts.items()]


def _json(value: Any) -> bytes:
    """Compact; a lone surrogate, as a rule's name may hold one, stands as its escape."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.encode("utf-8", "backslashreplace")
