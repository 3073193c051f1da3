"""The admin HTTP server: /metrics for Prometheus, /livez /readyz /startupz for Kubernetes, /status for
programs and / for people.

It runs in threads of its own, so that a slow scraper never holds the event loop up.
"""

import errno
import json
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from consumer.errors import PortInUseError
from consumer.observability import status_page

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


log = structlog.get_logger()

SILENCE_SECONDS = 10.0
"""For so long a client may say nothing: its socket and thread are needed elsewhere."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What the endpoints ask. A probe answers None when all is well, else why not."""

    live: Callable[[], str | None]
    ready: Callable[[], str | None]
    started: Callable[[], str | None]
    status: Callable[[], dict[str, Any]]


class AdminServer:
    """The server. `start` binds and returns; `port` is the one that was bound."""

    def __init__(self, host: str, port: int, metrics: CollectorRegistry, probes: Probes) -> None:
        self._host = host
        self._metrics = make_wsgi_app(metrics)
        self._probes = probes
        self._server: ThreadingWSGIServer | None = None
        self.port = port

    def start(self) -> None:
        """Raises PortInUseError where the port cannot be bound."""
        try:
            server = make_server(
                self._host,
                self.port,
                self._guarded,
                _Server,
                handler_class=_QuietHandler,
            )
        except OSError as error:
            setting = "http.port" if error.errno == errno.EADDRINUSE else "http.host"
            text = f"cannot listen on {self._host}:{self.port} ({error.strerror}); set `{setting}`"
            raise PortInUseError(text) from error
        self._server = server
        self.port = server.server_port
        serve = partial(server.serve_forever, poll_interval=0.1)
        threading.Thread(target=serve, name="admin-server", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _guarded(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        try:
            answer = self._answer(environ, start)
            return [] if environ.get("REQUEST_METHOD") == "HEAD" else answer
        except Exception:  # the server would print it with its text
            log.exception("a page could not be made", path=environ.get("PATH_INFO"))
            return _respond(start, HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, "see the log")

    def _answer(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            text = "this port is for reading"
            return _respond(start, HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, text)
        if path == "/metrics":
            asked = {**environ, "REQUEST_METHOD": "GET"}  # it refuses HEAD
            answered: Iterable[bytes] = self._metrics(asked, start)
            return answered
        probes = {
            "/livez": self._probes.live,
            "/readyz": self._probes.ready,
            "/startupz": self._probes.started,
        }
        if path in probes:
            problem = probes[path]()
            status = HTTPStatus.OK if problem is None else HTTPStatus.SERVICE_UNAVAILABLE
            return _respond(start, status, _TEXT, problem or "ok")
        if path == "/status":
            body = json.dumps(self._probes.status(), indent=2)
            return _respond(start, HTTPStatus.OK, "application/json", body)
        if path == "/":
            body = status_page.page(self._probes.status())
            return _respond(
                start, HTTPStatus.OK, "text/html; charset=utf-8", body, status_page.HEADERS
            )
        pages = "/ /metrics /livez /readyz /startupz /status"
        return _respond(start, HTTPStatus.NOT_FOUND, _TEXT, pages)


_TEXT = "text/plain; charset=utf-8"


def _respond(
    start: "StartResponse",
    status: HTTPStatus,
    kind: str,
    body: str,
    more: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    data = (body + "\n").encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(data))), *more]
    start(f"{status.value} {status.phrase}", headers)
    return [data]


class _Server(ThreadingWSGIServer):
    """Of IPv4 or IPv6, as the host says. Its backlog is that of a probe's second: the library's own, of
    5, makes the sixth of those who come together wait for that long."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


class _QuietHandler(WSGIRequestHandler):
    timeout = SILENCE_SECONDS

    def handle(self) -> None:
        with suppress(TimeoutError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it
        """Probes every few seconds are no news."""
