"""The parts of one running bridge that metrics, status and verdict read."""

from dataclasses import dataclass

from consumer.commit.committer import Committer
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.delivery.dead_letters.writer import DeadLetterWriter
from consumer.delivery.deliver import Delivery
from consumer.observability.verdict import Verdict
from consumer.pipeline.dead_letter_breaker import DeadLetterBreaker
from consumer.pipeline.ledger import Ledger
from consumer.pipeline.pipeline import Pipeline, PipelineLimits
from consumer.source.consumer import KafkaSource
from consumer.startup.reload import Reloadable
from consumer.telemetry.tallies import Tallies


@dataclass(frozen=True, slots=True)
class BridgeParts:
    """One of each, as `app` built them. Read on the loop's thread only."""

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
    verdict: Verdict
    """Written by `Observation`."""
