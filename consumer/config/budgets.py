"""The numbers that follow from several settings, and the inequality that each must satisfy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from consumer.config.settings import Settings

COMMIT_SECONDS = 5.0
"""Seconds for a synchronous commit, on revoke and on shutdown, after the drain."""

MARGIN_SECONDS = 5.0
"""Seconds between our own end and a kill: interpreter exit, a slow disk."""

STALE_MARGIN_SECONDS = 1.0
"""For a heartbeat on its way."""

_POLL_INTERVAL_MS = 300_000
_SESSION_TIMEOUT_MS = 45_000
_HEARTBEAT_MS = 3_000
_BROKERS_HEARTBEAT_MS = 5_000
"""KIP-848 keeps session and heartbeat on the broker, and a client cannot ask for them: this and
`_SESSION_TIMEOUT_MS` are its defaults (`group.consumer.heartbeat.interval.ms`,
`group.consumer.session.timeout.ms`)."""

Kafka = Mapping[str, str | int | float | bool]
"""The `kafka` section."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the setting at `path`: with its value, or with the key itself."""

    path: tuple[str, ...]
    message: str
    remedy: str = ""
    with_key: bool = False
    hidden: bool = False
    """The value may be a secret: no message shows it."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """All in seconds, except `unacknowledged` (requests)."""

    unacknowledged: int
    """Requests that no acknowledged commit covers: what a `kill -9` repeats at most."""
    max_queued_seconds: float
    """Work at its pace that an endpoint is given ahead. A drain finishes it in half of its time: else a
    rebalance would repeat the request of a record to one API because that to the other has to wait."""
    session: float
    """Without a sign of life for so long, the group gives our partitions to another member."""
    stale: float
    """A poll older than this proves nothing about whose the partitions are: no request starts."""
    poll_interval: float
    """The longest that the source may go without polling."""
    revoke: float
    """The longest that a rebalance waits for us: drain and commit."""
    termination_grace: float
    """Seconds that a supervisor has to allow (Kubernetes: `terminationGracePeriodSeconds`)."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        kafka, drain = settings.kafka, settings.drain
        return cls(
            unacknowledged=settings.delivery.max_in_flight + settings.commit.max_unacknowledged,
            max_queued_seconds=drain.revoke / 2,
            session=_session(kafka),
            stale=stale_seconds(kafka),
            poll_interval=_milliseconds(kafka, "max.poll.interval.ms", _POLL_INTERVAL_MS),
            revoke=drain.revoke + COMMIT_SECONDS,
            termination_grace=drain.shutdown + COMMIT_SECONDS + MARGIN_SECONDS,
        )

    @classmethod
    def problems(cls, settings: Settings) -> Iterator[Problem]:
        """The inequalities that do not hold, each with its sum and the setting to change."""
        budgets, drain, delivery = cls.of(settings), settings.drain, settings.delivery
        revoke = f"drain.revoke {_s(drain.revoke)} + commit {_s(COMMIT_SECONDS)}"
        if budgets.revoke >= budgets.session:
            # A member that drains for longer than its session sends for partitions that are no
            # longer its own.
            yield Problem(
                ("drain", "revoke"),
                f"{revoke} = {_s(budgets.revoke)} must be less than "
                f"session.timeout.ms {_s(budgets.session)}",
                "lower `drain.revoke`, or raise `session.timeout.ms` under `kafka`",
            )
        if drain.revoke >= budgets.stale:
            # Nothing polls during the drain: beyond this it could only wait, not send.
            yield Problem(
                ("drain", "revoke"),
                f"drain.revoke {_s(drain.revoke)} must be less than {_s(budgets.stale)}, after which "
                f"nothing is sent without a poll: session.timeout.ms {_s(budgets.session)} - "
                f"heartbeat.interval.ms {_s(_heartbeat(settings.kafka))} - margin "
                f"{_s(STALE_MARGIN_SECONDS)}",
                "lower `drain.revoke` or `heartbeat.interval.ms`, or raise `session.timeout.ms` under "
                "`kafka`",
            )
        if budgets.poll_interval < budgets.session:
            yield Problem(
                ("kafka", "max.poll.interval.ms"),
                f"max.poll.interval.ms {_s(budgets.poll_interval)} must not be less than "
                f"session.timeout.ms {_s(budgets.session)}: Kafka's client refuses that",
                "raise `max.poll.interval.ms`, or lower `session.timeout.ms`",
            )
        if budgets.revoke + MARGIN_SECONDS >= budgets.poll_interval:
            # The drain runs within a call-back of the poll: it is time without polling.
            yield Problem(
                ("drain", "revoke"),
                f"{revoke} + margin {_s(MARGIN_SECONDS)} = {_s(budgets.revoke + MARGIN_SECONDS)} "
                f"must be less than max.poll.interval.ms {_s(budgets.poll_interval)}",
                "lower `drain.revoke`, or raise `max.poll.interval.ms` under `kafka`",
            )
        if delivery.total_timeout > drain.shutdown:
            # Otherwise a stop gives up, and the next start repeats, what the vendor still answers.
            yield Problem(
                ("delivery", "total_timeout"),
                f"delivery.total_timeout {_s(delivery.total_timeout)} must not exceed "
                f"drain.shutdown {_s(drain.shutdown)}",
                "lower `delivery.total_timeout`, or raise `drain.shutdown`",
            )
        for name, part in (
            ("connect_timeout", delivery.connect_timeout),
            ("response_timeout", delivery.response_timeout),
        ):
            if part > delivery.total_timeout:
                yield Problem(
                    ("delivery", name),
                    f"delivery.{name} {_s(part)} must not exceed "
                    f"delivery.total_timeout {_s(delivery.total_timeout)}",
                    f"lower `delivery.{name}`, or raise `delivery.total_timeout`",
                )
        if delivery.retry.initial > delivery.retry.maximum:
            yield Problem(
                ("delivery", "retry", "initial"),
                f"delivery.retry.initial {_s(delivery.retry.initial)} must not exceed "
                f"delivery.retry.maximum {_s(delivery.retry.maximum)}",
                "lower `delivery.retry.initial`, or raise `delivery.retry.maximum`",
            )


def stale_seconds(kafka: Kafka) -> float:
    """The greatest age of the last poll at which a request may start, in seconds.

    The group gives our partitions to another member one session timeout after the last *heartbeat*
    it saw, and that may be a heartbeat interval older than our last poll.
    """
    return max(0.0, _session(kafka) - _heartbeat(kafka) - STALE_MARGIN_SECONDS)


def _session(kafka: Kafka) -> float:
    return _milliseconds(kafka, "session.timeout.ms", _SESSION_TIMEOUT_MS)


def _heartbeat(kafka: Kafka) -> float:
    brokers = kafka.get("group.protocol") == "consumer"
    default = _BROKERS_HEARTBEAT_MS if brokers else _HEARTBEAT_MS
    return _milliseconds(kafka, "heartbeat.interval.ms", default)


def _milliseconds(kafka: Kafka, name: str, default: int) -> float:
    return float(kafka.get(name, default)) / 1000


def _s(seconds: float) -> str:
    return f"{seconds:g}s"
