"""Describes the answer to one attempt, and what an HTTP client must be able to do.

The seam between the queues and the clients: `pool` (our own) and `httpx_pool` implement `Pool`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, Protocol


class Fault(StrEnum):
    """The reason why there is no status. Closed set: these are values of the metric label `code`."""

    DNS = "dns"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_FAILED = "connect_failed"
    """Any other failure before a connection stood: network unreachable, proxy, ..."""
    TLS = "tls"
    NOT_SENT = "not_sent"
    """The connection broke while the request was being written; the vendor cannot have it whole."""
    RESPONSE_TIMEOUT = "response_timeout"
    RESET_BEFORE_ANSWER = "reset_before_answer"
    RESET_IN_ANSWER = "reset_in_answer"
    MALFORMED = "malformed"
    """The answer is not HTTP."""
    OVERSIZED = "oversized"
    """The head of the answer is larger than any server's should be."""


NOTHING_ARRIVED = frozenset(
    {
        Fault.DNS,
        Fault.CONNECT_REFUSED,
        Fault.CONNECT_TIMEOUT,
        Fault.CONNECT_FAILED,
        Fault.TLS,
        Fault.NOT_SENT,
    }
)
"""Faults after which the vendor certainly does not have the event: a repeat is no duplicate."""

BODY_KEPT = 4096
"""Bytes kept of the body of an answer that is not a success. They may hold personal data: they are
matched against patterns, never logged or stored."""


class Answer(NamedTuple):
    """The end of one attempt: a status, or a fault. `status` is 0 exactly when `fault` is set."""

    status: int
    fault: Fault | None = None
    retry_after: str = ""
    """The header of that name, as it came."""
    body: bytes = b""

    @property
    def code(self) -> str:
        """The metric label: `200`, `503`, `connect_refused`."""
        return self.fault.value if self.fault is not None else str(self.status)


class Exchange(Protocol):
    """One attempt under way."""

    def abort(self) -> None:
        """Give the attempt up and abort its connection. No call-back is made any more."""


class Pool(Protocol):
    """Connections to one URL."""

    @property
    def not_connected(self) -> str:
        """The system's words for the last connection that failed; for a person."""

    def post(
        self, body: bytes, user_agent: str | None, answered: Callable[[Answer], None]
    ) -> Exchange:
        """Start a POST. `answered` is called exactly once, unless aborted, and never from inside
        this call. `user_agent` is the visitor's, forwarded where it can be a header."""

    def authorize(self, authorization: str | None) -> None:
        """Use this `Authorization` header from the next request on."""

    async def close(self) -> None:
        """Abort what is under way, without call-backs, and close all connections."""
