"""Where each metric's value is read. On the loop's thread, when the page is asked for."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from consumer import __version__
from consumer.commit.committer import Committer
from consumer.decode.avro import READERS
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.delivery.dead_letters.writer import DeadLetterWriter
from consumer.delivery.deliver import Delivery
from consumer.delivery.endpoint.queue import EndpointLane
from consumer.model import Endpoint
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.ledger import EventCounts, Ledger
from consumer.pipeline.partition_buffers import Held
from consumer.pipeline.pipeline import Pipeline, PipelineLimits
from consumer.source.consumer import KafkaSource
from consumer.startup.reload import Reloadable
from consumer.telemetry import logs
from consumer.telemetry.metrics import Readers, Values
from consumer.telemetry.tallies import Tallies

ENDPOINT_STATES = ("flowing", "throttled", "suspect", "down", "misconfigured")
EVENT_ENDS = ("delivered", "superseded", "expired", "dead_lettered", "released")
_NONE = EventCounts()


@dataclass(frozen=True, slots=True)
class BridgeParts:
    """The parts of one running bridge that have something to tell."""

    source: KafkaSource
    registry: RegistryClient
    decoder: Decoder
    mapping: Reloadable
    delivery: Delivery
    dead_letters: DeadLetterWriter
    committer: Committer
    pipeline: Pipeline
    breaker: DeadLetterBreaker
    ledger: Ledger
    tallies: Tallies
    limits: PipelineLimits
    max_in_flight: int


def readers(parts: BridgeParts) -> Readers:
    """One for each metric of the catalogue."""
    tallies, committer, source = parts.tallies, parts.committer, parts.source
    return {
        "records_received": lambda: _records_received(parts.ledger),
        "records_ended": lambda: _records_ended(parts),
        "records_in_flight": lambda: _by_partition(parts, lambda held: held.records),
        "events_built": lambda: [
            ((*end, name), counts.built) for (end, name), counts in _events(parts).items()
        ],
        "events_ended": lambda: _events_ended(parts),
        "events_in_flight": lambda: [
            ((*end, name), counts.in_flight) for (end, name), counts in _events(parts).items()
        ],
        "ledger_imbalance": lambda: _one(len(parts.ledger.imbalance())),
        "lag_records": lambda: _lag_records(parts),
        "lag_seconds": lambda: lag_seconds(parts, time.time()),
        "commit_gap": lambda: [
            ((p.topic, str(p.number)), committer.gap(p)) for p in parts.pipeline.held()
        ],
        "freshness_seconds": tallies.freshness.items,
        "last_delivery_timestamp_seconds": lambda: _by_endpoint(
            parts, lambda lane: _wall(lane.delivered_at)
        ),
        "requests": tallies.requests.items,
        "request_duration_seconds": tallies.request_seconds.items,
        "retries": tallies.retries.items,
        "requests_in_flight": lambda: _by_endpoint(parts, lambda lane: lane.in_flight),
        "requests_in_flight_limit": lambda: _one(parts.max_in_flight),
        "events_waiting": lambda: [
            (endpoint, parts.delivery.waiting_for(endpoint)) for endpoint in parts.delivery.lanes
        ],
        "endpoint_state": lambda: _states(parts),
        "rate_limit_requests_per_second": lambda: _by_endpoint(parts, lambda lane: lane.rate),
        "rate_limit_ceiling_requests_per_second": lambda: _by_endpoint(
            parts, lambda lane: lane.ceiling
        ),
        "rate_limit_wait_seconds": lambda: _by_endpoint(parts, lambda lane: lane.rate_wait),
        "mapping_info": lambda: [((parts.mapping.digest,), 1)],
        "mapping_reloads": tallies.mapping_reloads.items,
        "mapping_refused": lambda: _one(parts.mapping.refused),
        "skipped": tallies.skipped.items,
        "left_out": tallies.left_out.items,
        "dead_letters": tallies.dead_letters.items,
        "dead_letter_errors": tallies.dead_letter_errors.items,
        "dead_letters_outstanding": lambda: _one(parts.dead_letters.outstanding),
        "dead_letter_breaker_open": lambda: _one(bool(parts.breaker.open_reason)),
        "schema_lookups": tallies.schema_lookups.items,
        "schemas_read": lambda: _schemas_read(parts.decoder),
        "records_left_to_fastavro": tallies.left_to_fastavro.items,
        "registry_reachable": lambda: _one(parts.registry.reachable),
        "partitions_assigned": lambda: _one(len(parts.pipeline.held())),
        "partitions_paused": lambda: _paused(parts),
        "pauses": tallies.pauses.items,
        "rebalances": tallies.rebalances.items,
        "commits": tallies.commits.items,
        "last_commit_timestamp_seconds": lambda: _one(_wall(committer.last_success)),
        "requests_unacknowledged": lambda: _one(committer.unacknowledged),
        "requests_unacknowledged_limit": lambda: _one(parts.limits.unacknowledged),
        "kafka_errors": tallies.kafka_errors.items,
        "last_poll_timestamp_seconds": lambda: _one(_wall(source.polled_at)),
        "joined": lambda: _one(source.joined),
        "build_info": lambda: [((__version__,), 1)],
        "event_loop_lag_seconds": tallies.loop_lag.items,
        "log_lines_suppressed": lambda: _one(logs.suppressed()),
    }


def _lag_records(parts: BridgeParts) -> Values:
    """Only of partitions held now: the source's figures are a few seconds old."""
    lags = parts.source.lags
    for partition in parts.pipeline.held():
        lag = lags.get((partition.topic, partition.number))
        if lag is not None and lag.end >= 0:
            yield (partition.topic, str(partition.number)), lag.records


def lag_seconds(parts: BridgeParts, now: float) -> Values:
    """By partition. Left out where records remain and nothing tells how old they are."""
    lags = parts.source.lags
    for partition, held in parts.pipeline.held().items():
        lag = lags.get((partition.topic, partition.number))
        age = age_of(held, lag.end if lag else -1, lag.records if lag else 0, now)
        if age is not None:
            yield (partition.topic, str(partition.number)), age


def age_of(held: Held, end: int, lag: int, now: float) -> float | None:
    """Seconds that the oldest record not ended has been in Kafka; None if unknown. `end` is the
    partition's end offset, `lag` the records up to it that are not committed."""
    if held.records:
        oldest = held.oldest_ms
    elif lag == 0 or held.newest_offset + 1 >= end:
        return 0.0  # what is left of the lag is a commit under way
    else:
        oldest = held.newest_ms
    return max(0.0, now - oldest / 1000) if oldest >= 0 else None


def _one(value: float) -> Values:
    return [((), float(value))]


def _wall(monotonic: float | None) -> float:
    """Unix time of a monotonic one; 0 for never."""
    return 0.0 if monotonic is None else time.time() - (time.monotonic() - monotonic)


def _by_partition(parts: BridgeParts, value: Callable[[Held], float]) -> Values:
    for partition, held in parts.pipeline.held().items():
        yield (partition.topic, str(partition.number)), value(held)


def _by_endpoint(parts: BridgeParts, value: Callable[[EndpointLane], float]) -> Values:
    return [(endpoint, value(lane)) for endpoint, lane in parts.delivery.lanes.items()]


def _states(parts: BridgeParts) -> Values:
    for endpoint, lane in parts.delivery.lanes.items():
        for state in ENDPOINT_STATES:
            yield (*endpoint, state), float(lane.state == state)


def _schemas_read(decoder: Decoder) -> Values:
    for reader in READERS:
        yield (reader,), sum(one.reader == reader for one in decoder.chosen)


def _paused(parts: BridgeParts) -> Values:
    lanes: dict[Any, Held] = dict(parts.pipeline.held())
    gaps = [parts.committer.gap(partition) for partition in lanes]
    yield ("buffer",), sum(held.paused for held in lanes.values())
    yield ("schema",), sum(held.blocked for held in lanes.values())
    yield ("gap",), sum(gap >= parts.limits.gap for gap in gaps)


def _records_received(ledger: Ledger) -> Values:
    for (topic, number), counts in ledger.records.items():
        yield (topic, str(number)), counts.received


def _records_ended(parts: BridgeParts) -> Iterator[tuple[tuple[str, ...], float]]:
    none = dict.fromkeys(("already_ended", *parts.mapping.filters), 0)
    for (topic, number), counts in parts.ledger.records.items():
        where = (topic, str(number))
        yield (*where, "delivered", ""), counts.delivered
        yield (*where, "released", ""), counts.released
        for reason, count in (none | counts.filtered).items():
            yield (*where, "filtered", reason), count
        for reason, count in counts.dead_lettered.items():
            yield (*where, "dead_lettered", reason), count


def _events(parts: BridgeParts) -> dict[tuple[Endpoint, str], EventCounts]:
    """Those that were made, and at 0 those that the mapping in force can make."""
    return dict.fromkeys(parts.mapping.kinds, _NONE) | parts.ledger.events


def _events_ended(parts: BridgeParts) -> Values:
    for (endpoint, name), counts in _events(parts).items():
        for end in EVENT_ENDS:
            yield (*endpoint, name, end), getattr(counts, end)
