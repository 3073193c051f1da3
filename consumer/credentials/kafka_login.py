"""User and password towards Kafka, followed when the files that hold them change.

librdkafka takes new ones for the connections it makes from then on; those that stand stay as they are.
"""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from consumer.config.secrets import LiveText

log = structlog.get_logger()

Value = str | int | float | bool

USERNAME, PASSWORD = "sasl.username", "sasl.password"
LOOK_SECONDS = 5.0


class Client(Protocol):
    """A consumer, producer or admin client of confluent_kafka."""

    def set_sasl_credentials(self, username: str, password: str, /) -> None: ...


class KafkaLogin:
    """Those of one set of librdkafka properties. Does nothing where none of them is a reference."""

    __slots__ = ("_live", "_look_at", "_monotonic", "_properties", "_readable", "_refused", "_told")

    def __init__(
        self, properties: Mapping[str, Value], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._properties = properties
        self._monotonic = monotonic
        self._live = any(
            isinstance(properties.get(name), LiveText) for name in (USERNAME, PASSWORD)
        )
        self._look_at = 0.0
        self._readable = True
        self._told = self._refused = self._as_loaded()

    def properties(self) -> dict[str, Value]:
        """For a client that is made now."""
        if not self._live:
            return dict(self._properties)
        username, password = self._present()
        return {**self._properties, USERNAME: username, PASSWORD: password}

    def look_after(self, client: Client) -> None:
        """Tell a client that lives on, where they have changed. For a loop: looks now and then."""
        if not self._live or (now := self._monotonic()) < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        found = self._present()
        if found in (self._told, self._refused):
            return
        try:
            client.set_sasl_credentials(*found)
        except Exception as error:  # noqa: BLE001 e.g. ValueError for a NUL in the file
            self._refused = found
            log.warning(
                "Kafka's user or password not usable, keeping the last ones",
                error=type(error).__name__,
            )
            return
        self._told = self._refused = found
        log.info("Kafka's user and password read again")

    def _as_loaded(self) -> tuple[str, str]:
        return str(self._properties.get(USERNAME, "")), str(self._properties.get(PASSWORD, ""))

    def _present(self) -> tuple[str, str]:
        """The login of the files; the one before where they cannot be read."""
        try:
            username, password = (_now(self._properties.get(n, "")) for n in (USERNAME, PASSWORD))
        except Exception as error:  # noqa: BLE001 a file of any content costs this look alone
            if self._readable:
                log.warning(
                    "Kafka's user or password not readable, keeping the last ones",
                    error=type(error).__name__,
                )
            self._readable = False
            return self._told
        self._readable = True
        return username, password


def _now(value: Value) -> str:
    return value.current() if isinstance(value, LiveText) else str(value)
