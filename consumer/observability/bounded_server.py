"""HTTP server whose clients cannot take the process's descriptors, threads or time.

    accepted ──▶ open (MAX_OPEN at most) ──answered──▶ closed
                   ├─ one more comes while all are taken: the oldest is closed
                   └─ REQUEST_SECONDS are over: closed, whether it was silent or slow

One connection carries one request. Connections that stay open would else hold a descriptor each,
and delivery could open none to Yespo or Kafka.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

import structlog
from prometheus_client.exposition import ThreadingWSGIServer

from consumer.privacy.safe_traceback import describe

log = structlog.get_logger()

MAX_OPEN = 32
"""Connections at a time. A few scrapers, probes and people need five; each costs a thread."""

REQUEST_SECONDS = 15.0
"""From a connection's acceptance to the last byte of the answer. Scrapers give up after 10."""


class BoundedServer(ThreadingWSGIServer):
    """Speaks IPv4 or IPv6, as the host says."""

    request_queue_size = 128
    """Its backlog is that of a probe's second: with the library's 5, the sixth of those who come
    together waits for that long."""

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._lock = threading.Lock()
        self._opened: dict[socket.socket, float] = {}
        """Monotonic time at which each open connection was accepted, the oldest first."""
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._opened[request] = time.monotonic()
            if len(self._opened) > MAX_OPEN:
                self._cut(next(iter(self._opened)))
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._opened.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Several times a second: close what has taken too long."""
        due = time.monotonic() - REQUEST_SECONDS
        with self._lock:
            for request in [each for each, opened in self._opened.items() if opened < due]:
                self._cut(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """The library would print the exception's text, and the client's address."""
        log.error("a connection to the admin port failed", exc_info=True)  # noqa: LOG014

    def _cut(self, request: socket.socket) -> None:
        """Wake the thread that serves it: its next read or write fails, and it closes the socket."""
        del self._opened[request]
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)


class QuietHandler(WSGIRequestHandler):
    """Writes no line per request: probes every few seconds are no news."""

    timeout = REQUEST_SECONDS

    def handle(self) -> None:
        with _cut_off():
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it
        """Nothing."""


@contextmanager
def _cut_off() -> Iterator[None]:
    """A client that goes away, or that was cut, is no fault of ours."""
    try:
        yield
    except (OSError, ValueError) as error:
        log.debug("a client of the admin port went away", fault=describe(error))
