"""Metrics of records and mapping: what could not be used, and why."""

from collections.abc import Iterable

from consumer.decode.avro import READERS
from consumer.decode.reasons import Reason
from consumer.mapping.reasons import EVERY_INVALID, SKIPPED
from consumer.observability.metrics.declare import (
    ENDPOINT,
    NO_LABELS,
    Labels,
    Metric,
    each_endpoint,
    one,
)
from consumer.observability.parts import BridgeParts
from consumer.telemetry.exposition import Values
from consumer.yespo.identifiers import LEFT_OUT

_CONTENT = "Records and mapping"


def _dead_letter_reasons(_: BridgeParts) -> Iterable[Labels]:
    yield from (("decode", reason) for reason in (*Reason, "internal"))
    yield from (("mapping", reason) for reason in sorted(EVERY_INVALID))
    yield from (("delivery", reason) for reason in ("rejected", "exhausted", "expired"))


def _schemas_read(parts: BridgeParts) -> Values:
    for reader in READERS:
        yield (reader,), sum(each.reader == reader for each in parts.decoder.chosen)


CONTENT: tuple[Metric, ...] = (
    Metric(
        _CONTENT,
        "mapping_info",
        "gauge",
        ("digest",),
        "1; the digest names the mappings and schemas in force",
        "Which mapping runs, and since when?",
        read=lambda parts: [((parts.mapping.digest,), 1)],
    ),
    Metric(
        _CONTENT,
        "mapping_reloads",
        "counter",
        ("result",),
        "Changed mapping files: taken, or refused while the old mapping goes on",
        "When did the mapping change?",
        zeros=lambda _: (("taken",), ("refused",)),
    ),
    Metric(
        _CONTENT,
        "mapping_refused",
        "gauge",
        (),
        "1 while the files hold a mapping that was refused and is not in force",
        "Does what runs differ from what was rolled out?",
        read=lambda parts: one(parts.mapping.refused),
    ),
    Metric(
        _CONTENT,
        "skipped",
        "counter",
        (*ENDPOINT, "reason"),
        "Events not made though a rule asked for them, e.g. for want of a contact identifier",
        "How many events lack a contact to be sent to?",
        zeros=lambda parts: each_endpoint(parts, SKIPPED),
    ),
    Metric(
        _CONTENT,
        "left_out",
        "counter",
        ("field", "reason"),
        "Optional values left out of an event because they broke a rule of Yespo",
        "Which field of the source is of bad quality?",
        zeros=lambda _: LEFT_OUT,
    ),
    Metric(
        _CONTENT,
        "dead_letters",
        "counter",
        ("stage", "reason"),
        "Dead letters acknowledged by Kafka, by the first failure: decode, mapping or delivery",
        "Whose fault are the dead letters: the producer's, the mapping's, or Yespo's answer?",
        zeros=_dead_letter_reasons,
    ),
    Metric(
        _CONTENT,
        "dead_letter_errors",
        "counter",
        (),
        "Failed attempts to write a dead letter; the record is held until one succeeds",
        "Is the safety net there?",
        zeros=lambda _: NO_LABELS,
    ),
    Metric(
        _CONTENT,
        "dead_letters_outstanding",
        "gauge",
        (),
        "Dead letters that Kafka has not acknowledged yet",
        "Are records held up because their dead letter cannot be written?",
        read=lambda parts: one(parts.dead_letters.outstanding),
    ),
    Metric(
        _CONTENT,
        "dead_letter_breaker_open",
        "gauge",
        (),
        "1 while nothing is taken because most records became dead letters",
        "Has a bad mapping or a bad producer stopped the bridge?",
        read=lambda parts: one(bool(parts.breaker.open_reason)),
    ),
    Metric(
        _CONTENT,
        "schema_lookups",
        "counter",
        ("result",),
        "Schema look-ups: hit (in memory), miss (fetched), negative (does not exist), error "
        "(the registry could not be asked)",
        "Does the schema cache work?",
        zeros=lambda _: (("hit",), ("miss",), ("negative",), ("error",)),
    ),
    Metric(
        _CONTENT,
        "schemas_read",
        "gauge",
        ("reader",),
        "Writer schemas met so far by who reads their records: code generated for the schema "
        "and the mapping, or fastavro (recursive types, items without bytes, schemas out of "
        "all proportion)",
        "Are records read the fast way?",
        read=_schemas_read,
    ),
    Metric(
        _CONTENT,
        "records_left_to_fastavro",
        "counter",
        (),
        "Records of such schemas that the generated code left to fastavro, because they are "
        "damaged, hold a symbol or branch that the reader schema lacks, or are written oddly",
        "Does a producer write what has to be read the slow way?",
        zeros=lambda _: NO_LABELS,
    ),
    Metric(
        _CONTENT,
        "registry_reachable",
        "gauge",
        (),
        "Whether the schema registry answered the last question; 1 before the first",
        "Is the registry the cause of paused partitions?",
        read=lambda parts: one(parts.registry.reachable),
    ),
)
