"""The series that begin at 0: what appears only with its first count is missing from `increase()` and
`rate()` just when it matters."""

from collections.abc import Iterable

from consumer.decode.reasons import Reason
from consumer.delivery.http.answer import Fault
from consumer.model import Endpoint
from consumer.telemetry.tallies import Tallies, Tally
from consumer.yespo.identifiers import LEFT_OUT
from consumer.yespo.violations import RULES

_CODES = ("200", "204", "400", "401", "403", "404", "429", "500", "502", "503", "504")
_RETRIES = ("throttled", "transient", "suspect", "misconfigured")
_OF_MAPPING = frozenset(
    (
        *("account", "internal", "missing", "no_rule", "number"),
        *("time", "tombstone", "too_long", "unmapped_type"),
    )
)
_KAFKA_ERRORS = (
    *("_ALL_BROKERS_DOWN", "_AUTHENTICATION"),
    *("_AUTO_OFFSET_RESET", "_RESOLVE", "_TRANSPORT"),
)
"""Those that alerts and docs ask for; librdkafka has many more."""


def declare_zeros(tallies: Tallies, endpoints: Iterable[Endpoint]) -> None:
    """Declare every combination of labels that is known beforehand."""
    for endpoint in endpoints:
        _of_endpoint(tallies, endpoint)
    for tally, keys in _known(tallies):
        for key in keys:
            tally.declare(*key)
    tallies.loop_lag.of()


def _of_endpoint(tallies: Tallies, endpoint: Endpoint) -> None:
    for code in (*_CODES, *Fault):
        tallies.requests.declare(*endpoint, str(code))
    for meaning in _RETRIES:
        tallies.retries.declare(*endpoint, meaning)
    for reason in ("missing", "no_identifier"):
        tallies.skipped.declare(*endpoint, reason)
    tallies.freshness.of(endpoint)
    tallies.request_seconds.of(endpoint)


def _known(tallies: Tallies) -> Iterable[tuple[Tally, Iterable[tuple[str, ...]]]]:
    yield tallies.rebalances, (("assigned",), ("revoked",), ("lost",))
    yield tallies.commits, (("ok",), ("error",))
    yield tallies.pauses, (("buffer",), ("schema",))
    yield tallies.kafka_errors, ((code,) for code in _KAFKA_ERRORS)
    yield tallies.left_out, LEFT_OUT
    yield tallies.dead_letters, (("decode", reason) for reason in (*Reason, "internal"))
    yield tallies.dead_letters, (("mapping", reason) for reason in sorted(_OF_MAPPING | RULES))
    ends = ("rejected", "exhausted", "expired")
    yield tallies.dead_letters, (("delivery", reason) for reason in ends)
    yield tallies.dead_letter_errors, ((),)
    yield tallies.left_to_fastavro, ((),)
