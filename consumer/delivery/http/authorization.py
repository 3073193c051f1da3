"""Keeps what a pool authorizes itself with at what the secret says, so that a new key needs no
restart."""

from collections.abc import Callable

import structlog

from consumer.delivery.http.answer import Pool
from consumer.model import Endpoint

OLD = 30.0
"""Seconds after which the secret is read again even though all is well."""

log = structlog.get_logger()


class Authorization:
    """Pure but for `read`, which gives the header's value: times come in as arguments."""

    __slots__ = ("_endpoint", "_pool", "_read", "_read_at")

    def __init__(
        self, endpoint: Endpoint, pool: Pool, read: Callable[[], str | None], now: float
    ) -> None:
        """The pool has the value of `now` already."""
        self._endpoint = endpoint
        self._pool = pool
        self._read = read
        self._read_at = now

    def renew(self, now: float, *, at_once: bool) -> None:
        """Read the secret again if it is old, or `at_once`. One that cannot be read changes nothing."""
        if not at_once and now - self._read_at < OLD:
            return
        self._read_at = now
        try:
            authorization = self._read()
            self._pool.authorize(authorization)
        except Exception as error:  # noqa: BLE001 a file of any content costs this look alone
            log.warning(
                "secret not readable, keeping the last one",
                endpoint=str(self._endpoint),
                error=type(error).__name__,
            )
