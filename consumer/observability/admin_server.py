"""The admin HTTP server: /metrics for Prometheus, /livez /readyz /startupz for Kubernetes, /status for
programs and / for people.

It runs in threads of its own, so that a slow scraper never holds the event loop up.
"""

import errno
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIServer, make_server

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app

from consumer.errors import PortInUseError
from consumer.observability import status_page
from consumer.observability.bounded_server import BoundedServer, QuietHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Probes:
    """Sources of the answers. A probe gives None when all is well, else the reason."""

    live: Callable[[], str | None]
    ready: Callable[[], str | None]
    started: Callable[[], str | None]
    status: Callable[[], dict[str, Any]]
    tap: Callable[[int, float], list[dict[str, Any]]]
    """Gives the next records with what they became: at most so many, within so many seconds."""
    problems: Callable[[], list[str]] = list
    """Gives the problems of the verdict: lines of `/readyz`' body."""


class AdminServer:
    """The server. `start` binds and returns; `port` is the one that was bound."""

    def __init__(self, host: str, port: int, metrics: CollectorRegistry, probes: Probes) -> None:
        self._host = host
        self._metrics = make_wsgi_app(metrics)
        self._probes = probes
        self._server: WSGIServer | None = None
        self._pages = {
            "/": self._page,
            "/metrics": self._exported,
            "/livez": self._live,
            "/readyz": self._ready,
            "/startupz": self._started,
            "/status": self._status,
            "/tap": self._tap,
        }
        self.port = port

    def start(self) -> None:
        """Raises PortInUseError where the port cannot be bound."""
        try:
            server = make_server(
                self._host,
                self.port,
                self._guarded,
                BoundedServer,
                handler_class=QuietHandler,
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
        page = self._pages.get(path)
        if page is None:
            return _respond(start, HTTPStatus.NOT_FOUND, _TEXT, " ".join(self._pages))
        return page(environ, start)

    def _exported(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        # It refuses HEAD, and fails at versions that are none.
        asked = {**environ, "REQUEST_METHOD": "GET", "HTTP_ACCEPT": _accepted(environ)}
        answered: Iterable[bytes] = self._metrics(asked, start)
        return answered

    def _live(self, _: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return _probe(start, self._probes.live())

    def _ready(self, _: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        problem = self._probes.ready()
        others = self._probes.problems()
        return _probe(
            start, problem, [each for each in others if not each.startswith(problem or "\n")]
        )

    def _started(self, _: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return _probe(start, self._probes.started())

    def _status(self, _: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        body = json.dumps(self._probes.status(), indent=2)
        return _respond(start, HTTPStatus.OK, _JSON, body)

    def _page(self, _: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        body = status_page.page(self._probes.status())
        kind = "text/html; charset=utf-8"
        return _respond(start, HTTPStatus.OK, kind, body, status_page.HEADERS)

    def _tap(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        try:
            number, seconds = int(asked["records"][0]), float(asked["seconds"][0])
        except (KeyError, ValueError):
            text = "/tap?records=10&seconds=10"
            return _respond(start, HTTPStatus.BAD_REQUEST, _TEXT, text)
        return _respond(start, HTTPStatus.OK, _JSON, json.dumps(self._probes.tap(number, seconds)))


_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text"


def _accepted(environ: "WSGIEnvironment") -> str:
    """Of what the client accepts, the one format beside the classic text that we can write."""
    kinds = [each.split(";")[0].strip() for each in environ.get("HTTP_ACCEPT", "").split(",")]
    return f"{_OPENMETRICS}; version=1.0.0" if _OPENMETRICS in kinds else ""


def _probe(
    start: "StartResponse", problem: str | None, others: Iterable[str] = ()
) -> Iterable[bytes]:
    status = HTTPStatus.OK if problem is None else HTTPStatus.SERVICE_UNAVAILABLE
    return _respond(start, status, _TEXT, "\n".join([problem or "ok", *others]))


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
