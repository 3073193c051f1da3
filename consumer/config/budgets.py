"""The numbers that follow from several settings, and the inequality that each must satisfy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from consumer.config.settings import Settings

COMMIT_SECONDS = 5.0
"""What a synchronous commit may take, on revoke and on shutdown, after the drain."""

MARGIN_SECONDS = 5.0
"""Between our own end and being ended by somebody else: interpreter exit, a slow disk."""

_POLL_INTERVAL_MS = 300_000
_SESSION_TIMEOUT_MS = 45_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the setting at `path`: with its value, or with the key itself."""

    path: tuple[str, ...]
    message: str
    remedy: str = ""
    with_key: bool = False


@dataclass(frozen=True, slots=True)
class Budgets:
    """All in seconds, except `unacknowledged` (requests)."""

    unacknowledged: int
    """Requests that no acknowledged commit covers: what a `kill -9` repeats at most."""
    session: float
    """Without a sign of life for so long, the group gives our partitions to another member."""
    poll_interval: float
    """The longest that the source may go without polling."""
    revoke: float
    """The longest that a rebalance waits for us: drain and commit."""
    termination_grace: float
    """What whoever stops us (Kubernetes: `terminationGracePeriodSeconds`) has to allow."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """`session` is Kafka's own default where KIP-848 leaves it to the broker."""
        kafka, drain = settings.kafka, settings.drain
        return cls(
            unacknowledged=settings.delivery.max_in_flight + settings.commit.max_unacknowledged,
            session=_milliseconds(kafka, "session.timeout.ms", _SESSION_TIMEOUT_MS),
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


def _milliseconds(kafka: dict[str, str | int | float | bool], name: str, default: int) -> float:
    return float(kafka.get(name, default)) / 1000


def _s(seconds: float) -> str:
    return f"{seconds:g}s"
