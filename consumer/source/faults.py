"""Classifies a Kafka error: a person must act, the process must end, or it passes."""

from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaError

from consumer.errors import BridgeError, FatalError, KafkaSetupError
from consumer.privacy.safe_traceback import as_fatal
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

REMIND_SECONDS = 60.0

# librdkafka's own codes begin with an underscore; they are as public as those of the brokers.
PARTITION_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001
AUTO_OFFSET_RESET = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001
UNREACHABLE = {
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
}
"""Nobody answers: what librdkafka says of it never tells why."""
_AUTHENTICATION = KafkaError._AUTHENTICATION  # noqa: SLF001
_SSL = KafkaError._SSL  # noqa: SLF001
_UNSUPPORTED_FEATURE = KafkaError._UNSUPPORTED_FEATURE  # noqa: SLF001

_ACCESS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant its user READ and DESCRIBE on the topics",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant its user READ on the group `kafka.group.id`",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant its user access to the cluster",
}
_CONNECTING = {
    _AUTHENTICATION: "check `sasl.mechanisms`, `sasl.username` and `sasl.password`",
    KafkaError.SASL_AUTHENTICATION_FAILED: "check `sasl.username` and `sasl.password`",
    KafkaError.UNSUPPORTED_SASL_MECHANISM: "set `sasl.mechanisms` to one that the brokers offer",
    _SSL: "check `security.protocol`, `ssl.ca.location` and the client certificate",
}
_MEMBERSHIP = {
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "another member of the group uses another assignor: stop "
    "it, or choose another `group.id`",
    KafkaError.INVALID_SESSION_TIMEOUT: "set `session.timeout.ms` within the bounds of the brokers "
    "(`group.min.session.timeout.ms`, `group.max.session.timeout.ms`)",
    KafkaError.UNSUPPORTED_ASSIGNOR: "set `group.remote.assignor` to one that the brokers offer",
    KafkaError.UNSUPPORTED_VERSION: "`group.protocol: consumer` needs Kafka 4.0 or later: remove it",
    _UNSUPPORTED_FEATURE: "`group.protocol: consumer` needs Kafka 4.0 or later: remove it",
    KafkaError.GROUP_MAX_SIZE_REACHED: "run fewer replicas, or raise `group.max.size` of the brokers",
    KafkaError.FENCED_INSTANCE_ID: "another process uses the same `group.instance.id`: each needs "
    "its own",
    KafkaError.UNRELEASED_INSTANCE_ID: "another process uses the same `group.instance.id`: each "
    "needs its own",
}


def ending(error: KafkaError, *, connected: bool) -> BridgeError | None:
    """The error to end the process with, or None where waiting helps.

    A broker that refuses our credentials ends a process that never got through; later it may be
    that broker's own trouble while the others go on, or a rotation that is under way.
    """
    code = error.code()
    if remedy := _ACCESS.get(code):
        return KafkaSetupError(f"Kafka denies access ({error.name()}): {remedy}")
    if remedy := _MEMBERSHIP.get(code):
        return KafkaSetupError(f"the group cannot be joined ({error.name()}): {remedy}")
    if not connected and (remedy := _CONNECTING.get(code)):
        return KafkaSetupError(f"Kafka refuses the connection ({error.str()}): {remedy}")
    if error.fatal():
        return FatalError(f"the Kafka client cannot go on: {error.name()}: {error.str()}")
    return None


def guarded(call: Callable[..., None], note: Callable[[BridgeError], None]) -> Callable[..., None]:
    """A call-back for librdkafka: it never raises, what it meets is noted."""

    def guarded_call(*arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 one here loses records and can hang `close`
            note(as_fatal("a Kafka call-back failed", error))

    return guarded_call


class ErrorLog:
    """One line when trouble of a kind begins, a reminder each minute, one line when it is over."""

    def __init__(self, tallies: Tallies, monotonic: Callable[[], float]) -> None:
        self._tallies = tallies
        self._monotonic = monotonic
        self._told: dict[str, float] = {}
        self._silent: dict[str, int] = {}

    def note(self, event: str, error: KafkaError) -> None:
        self._tallies.counter("kafka_errors").add((error.name(),))
        kind = "unreachable" if error.code() in UNREACHABLE else error.name()
        now = self._monotonic()
        told = self._told.get(kind)
        if told is not None and now - told < REMIND_SECONDS:
            self._silent[kind] = self._silent.get(kind, 0) + 1
            return
        self._told[kind] = now
        repeated = self._silent.pop(kind, 0)
        log.warning(event, error=error.name(), detail=error.str(), repeated=repeated)

    def over(self) -> None:
        """Kafka answers: say so if it did not before."""
        if self._told:
            log.info("Kafka can be reached again", after=sorted(self._told))
            self._told.clear()
            self._silent.clear()
