"""Metrics of the two ledgers: where every record and every event went."""

from collections.abc import Callable

from consumer.model import Ended, Endpoint
from consumer.observability.metrics.declare import (
    EVENT,
    PARTITION,
    Metric,
    by_partition,
    one,
)
from consumer.observability.parts import BridgeParts
from consumer.pipeline.ledger import EventCounts
from consumer.telemetry.exposition import Values

_LEDGERS = "Where everything went"
_NONE = EventCounts()


def _records_received(parts: BridgeParts) -> Values:
    for (topic, number), counts in parts.ledger.records.items():
        yield (topic, str(number)), counts.received


def _records_ended(parts: BridgeParts) -> Values:
    none = dict.fromkeys(("already_ended", *parts.mapping.filters), 0)
    for (topic, number), counts in parts.ledger.records.items():
        where = (topic, str(number))
        yield (*where, "delivered", ""), counts.delivered
        yield (*where, "released", ""), counts.released
        for reason, count in (none | counts.filtered).items():
            yield (*where, "filtered", reason), count
        for reason, count in counts.dead_lettered.items():
            yield (*where, "dead_lettered", reason), count


def _kinds(parts: BridgeParts) -> dict[tuple[Endpoint, str], EventCounts]:
    """Events by endpoint and name: those made, and at 0 those that the mapping in force can make."""
    return dict.fromkeys(parts.mapping.kinds, _NONE) | parts.ledger.events


def _events(parts: BridgeParts, value: Callable[[EventCounts], int]) -> Values:
    return [
        ((*endpoint, name), value(counts)) for (endpoint, name), counts in _kinds(parts).items()
    ]


def _events_ended(parts: BridgeParts) -> Values:
    for (endpoint, name), counts in _kinds(parts).items():
        for end in Ended:
            yield (*endpoint, name, end), getattr(counts, end)


LEDGERS: tuple[Metric, ...] = (
    Metric(
        _LEDGERS,
        "records_received",
        "counter",
        PARTITION,
        "Records taken from Kafka",
        "Is anything coming in?",
        read=_records_received,
    ),
    Metric(
        _LEDGERS,
        "records_ended",
        "counter",
        (*PARTITION, "outcome", "reason"),
        "Records by the way they ended: delivered, filtered, dead_lettered or released",
        "What became of the records, and why were they not delivered?",
        read=_records_ended,
    ),
    Metric(
        _LEDGERS,
        "records_in_flight",
        "gauge",
        PARTITION,
        "Records taken that have not ended; only partitions held now",
        "How much unfinished work is held? Unlike the lag, one slow person does not inflate it",
        read=lambda parts: by_partition(parts, lambda held: held.records),
    ),
    Metric(
        _LEDGERS,
        "events_built",
        "counter",
        EVENT,
        "Events the mapping made, each worth one request",
        "How many events do the mappings make of the records?",
        read=lambda parts: _events(parts, lambda counts: counts.built),
    ),
    Metric(
        _LEDGERS,
        "events_ended",
        "counter",
        (*EVENT, "outcome"),
        "Events by the way they ended: delivered, superseded, expired, dead_lettered or released",
        "Which kind of event is not delivered?",
        read=_events_ended,
    ),
    Metric(
        _LEDGERS,
        "events_in_flight",
        "gauge",
        EVENT,
        "Events made that have not ended",
        "Which kind of event is waiting?",
        read=lambda parts: _events(parts, lambda counts: counts.in_flight),
    ),
    Metric(
        _LEDGERS,
        "ledger_imbalance",
        "gauge",
        (),
        "Lines of the two ledgers for which received = ended + in flight does not hold",
        "Can the other figures be believed? Anything but 0 is a bug of ours",
        read=lambda parts: one(len(parts.ledger.imbalance())),
    ),
)
