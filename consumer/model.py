"""The types that travel between stages, in the order in which a record meets them.

    Partition ─ Record ─ Decoded ─ Event … Outcome ─ Flight

A `Record` comes in from Kafka, becomes `Decoded`, is mapped to `Event`s (each is one request's
worth), and every event ends with an `Outcome`. A `Flight` is a record on its way: it lives from
the moment a record is admitted until it has ended and its offset has been acknowledged.

These classes are slotted but not frozen: a frozen dataclass costs 0.5-1 µs more per object, and
several are made per event. Only the owner named in each docstring writes to them. Two of them
are equal only if they are the same object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from consumer.errors import InvalidRecord

Api = Literal["legacy", "v2", "past_events"]
WhenOlder = Literal["drop", "dead_letter", "past_events"]


class Endpoint(NamedTuple):
    """Destination of an event: one API of one Yespo account. The unit of pools, limits and order."""

    account: str
    api: Api

    def __str__(self) -> str:
        return f"{self.account}/{self.api}"


class Partition:
    """One *assignment* of one topic partition to this process.

    A partition that is lost and regained is a new object with a higher epoch, so a late completion
    of the former assignment can never be mistaken for the present one: identity is the epoch check.
    Owner: the source, which sets `active` to False (before anything else happens) when the
    assignment ends. Nothing may be sent or committed for an inactive partition. The source sets
    `topic_id` too, once Kafka has answered ("" until then): a topic made anew has another one.
    """

    __slots__ = ("active", "epoch", "number", "topic", "topic_id")

    def __init__(self, topic: str, number: int, epoch: int, topic_id: str = "") -> None:
        self.topic = topic
        self.number = number
        self.epoch = epoch
        self.topic_id = topic_id
        self.active = True

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"

    def __repr__(self) -> str:
        state = "" if self.active else ", ended"
        return f"<Partition {self} epoch {self.epoch}{state}>"


class TimestampType(StrEnum):
    NONE = "none"
    CREATE = "create"
    APPEND = "append"


@dataclass(slots=True, eq=False)
class Record:
    """One Kafka record as it was read: bytes and position, nothing interpreted.

    `timestamp_ms` is -1 when Kafka has none. `headers` keeps duplicates, order and null values.
    """

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp_ms: int
    timestamp_type: TimestampType = TimestampType.CREATE
    fault: InvalidRecord | None = None
    """Set where the source could not hand the record over whole: its headers cannot be read
    (`malformed_header`; `headers` is empty) or its value is not held (`too_large`; `value` is None).
    Decoding raises it, so that the record becomes a dead letter."""

    @property
    def position(self) -> str:
        """`topic/partition@offset`, the way every message of ours names a record."""
        return f"{self.partition}@{self.offset}"

    @property
    def size(self) -> int:
        """Bytes held in memory for this record: value, key and headers, which may be the larger."""
        size = len(self.value or b"") + len(self.key or b"")
        for name, value in self.headers:
            size += len(name) + len(value or b"")
        return size


@dataclass(slots=True, eq=False)
class Decoded:
    """The decoded record. `value` has the forms that docs/decode.md lists for the reader schema.

    `type_name` is the full name of the record type (`shop.Click`), `schema_id` the writer schema
    as the source named it (registry id or fingerprint), for metrics and `explain`.
    A tombstone (null value) has `value` None and an empty `type_name`.
    """

    value: Any
    type_name: str
    schema_id: str


@dataclass(slots=True, eq=False)
class Event:
    """One request's worth: encoded, validated, ready to send. Retries send these very bytes.

    `name` is the vendor's event name (`ProductPage`, `cartUpdated`), `rule` the mapping rule it came
    from, `element` the index among the events that rule made of the record: together with the
    endpoint they name the event in dead letters. `order_by` are the values that may not overtake
    one another (never empty). `occurred_ms` is epoch milliseconds, -1 if unknown. `expires_ms` is
    when the event becomes too old to be sent (epoch milliseconds, -1 for never): then `when_older`
    says whether it is dropped (ends `expired`), goes to the dead letters, or, of v2 alone, is
    delivered by the account's `past_events` instead. `state_of` is set where the mapping says
    `conflate`: the event carries a whole state (a cart), so of two that follow one another with equal
    `order_by` and equal `state_of` the earlier need not be sent, if it still waits.
    """

    endpoint: Endpoint
    name: str
    rule: str
    element: int
    body: bytes
    order_by: tuple[str, ...]
    occurred_ms: int = -1
    user_agent: str | None = None
    expires_ms: int = -1
    when_older: WhenOlder = "drop"
    state_of: tuple[str | None, ...] | None = None

    @property
    def label(self) -> str:
        """`endpoint/event/rule/element`, the name of the event in a dead letter."""
        return f"{self.endpoint}/{self.name}/{self.rule}/{self.element}"


@dataclass(slots=True)
class Mapped:
    """All that a record becomes, built and validated before any of it is sent.

    Without events the record is filtered, and `filtered` says why. `skipped` counts events that
    were not built though a rule asked for them, by (endpoint, reason), e.g. `no_identifier`;
    `left_out` counts optional values that broke a vendor rule, by (field, reason).
    """

    events: Sequence[Event]
    filtered: str | None = None
    skipped: Mapping[tuple[Endpoint, str], int] = field(default_factory=dict)
    left_out: Mapping[tuple[str, str], int] = field(default_factory=dict)


class Ended(StrEnum):
    """Ends of an event. Exactly one per event."""

    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead_lettered"
    RELEASED = "released"


@dataclass(slots=True, frozen=True)
class Failure:
    """The reason for which an event or a whole record goes to the dead-letter topic.

    `stage` and `reason` come from closed sets (they are metric labels). `detail` is for a person and
    never holds a value out of the record: it names fields, rules, offsets and status codes only.
    """

    stage: Literal["decode", "mapping", "delivery"]
    reason: str
    detail: str
    event: str = ""
    """`Event.label` where a single event failed; empty where the record as a whole did."""


class Replayed(NamedTuple):
    """The history of a record that fails again in a replay of dead letters.

    `replays` is the number of replays it has failed in; `size` are the bytes of a record that its
    former dead letter did not carry, 0 of any other. `endpoints` are those of the scope whose process
    wrote the dead letter, as `account/api`; empty for all.
    """

    replays: int = 0
    size: int = 0
    endpoints: tuple[str, ...] = ()


NEVER_REPLAYED = Replayed()


@dataclass(slots=True, frozen=True)
class Outcome:
    """The end of one event in delivery. `failure` is set exactly for `DEAD_LETTERED`."""

    ended: Ended
    attempts: int
    ambiguous: bool = False
    """At least one attempt may have reached the vendor without our seeing the answer."""
    failure: Failure | None = None


class Progress(NamedTuple):
    """Progress of delivery with an unfinished event. Times are monotonic, None for never."""

    state: Literal["in flight", "ready", "in back-off", "under suspicion"]
    attempts: int
    began_at: float | None
    """Start of the first attempt."""
    last_answer: str
    """Status code or kind of fault of the last attempt; empty before its answer."""
    next_try_at: float | None
    """Time of the next attempt; None if only its turn is known."""


class Flight:
    """A record on its way, from admission to the acknowledged commit.

    Owner: the pipeline for `record`, `events` and `failures`; the commit stage for `ended` and
    `uncommitted_requests`. `events` are those that have not ended. `uncommitted_requests` is the
    number of requests this record may cause that no acknowledged commit covers yet.
    """

    __slots__ = (
        "digest",
        "ended",
        "events",
        "failures",
        "offset",
        "partition",
        "record",
        "uncommitted_requests",
    )

    def __init__(self, record: Record, digest: str = "") -> None:
        self.record: Record | None = record
        self.partition = record.partition
        self.offset = record.offset
        self.digest = digest
        self.events: list[Event] = []
        self.uncommitted_requests = 0
        self.failures: list[Failure] | None = None
        self.ended = False
