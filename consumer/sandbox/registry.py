"""A schema registry in this process: the part of the Confluent API that a bridge needs, with faults.

It serves the demo and the tests, in memory, on loopback, from a thread of its own:

    with SchemaRegistryDouble() as registry:
        registry.register("shop.clicks-value", schema)     # 1
        registry.url                                       # http://127.0.0.1:40123
"""

import json
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

_MAX_BODY = 4 * 1024**2
_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class NotFoundError(Exception):
    """A subject, version or schema that is not there; `code` as Confluent numbers them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Registered:
    """One schema. `references` are `{"name", "subject", "version"}` as the API has them."""

    id: int
    guid: uuid.UUID
    text: str
    kind: str
    references: Sequence[Mapping[str, Any]]

    def document(self) -> dict[str, Any]:
        """The answer of `/schemas/ids/{id}`. Avro is the default type, which the API leaves out."""
        document: dict[str, Any] = {"schema": self.text, "guid": str(self.guid)}
        if self.kind != "AVRO":
            document["schemaType"] = self.kind
        if self.references:
            document["references"] = list(self.references)
        return document


@dataclass(frozen=True, slots=True)
class RegistryFault:
    """A fault of one request: wait `delay` seconds, then answer `status` and `body`.

    With `status` 0 the answer after the delay is the right one. `path` limits the fault to
    requests whose path begins so.
    """

    status: int = 0
    body: bytes = b'{"error_code":50001,"message":"a fault was asked for"}'
    content_type: str = _CONTENT_TYPE
    delay: float = 0.0
    path: str = "/"


@dataclass(slots=True)
class _Shelf:
    """All schemas and subjects. Ids and versions count from 1, as in the real thing."""

    schemas: dict[int, Registered] = field(default_factory=dict)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    """Subjects that are deleted softly: only who asks with `deleted=true` gets their versions."""

    def add(
        self, subject: str, text: str, kind: str, references: Sequence[Mapping[str, Any]]
    ) -> Registered:
        found = next((one for one in self.schemas.values() if one.text == text), None)
        if found is None:
            guid = uuid.uuid5(uuid.NAMESPACE_OID, text)
            found = Registered(len(self.schemas) + 1, guid, text, kind, references)
            self.schemas[found.id] = found
        versions = self.subjects.setdefault(subject, [])
        if found.id not in versions:
            versions.append(found.id)
        return found

    def by_id(self, number: str) -> Registered:
        found = self.schemas.get(int(number)) if number.isdigit() else None
        if found is None:
            raise NotFoundError(40403, f"Schema {number} not found")
        return found

    def by_guid(self, text: str) -> Registered:
        for one in self.schemas.values():
            if str(one.guid) == text.lower():
                return one
        raise NotFoundError(40403, f"Schema {text} not found")

    def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        if subject not in self.subjects or (subject in self.deleted and not deleted):
            raise NotFoundError(40401, f"Subject '{subject}' not found.")
        return list(range(1, len(self.subjects[subject]) + 1))

    def version(self, subject: str, version: str, *, deleted: bool) -> dict[str, Any]:
        known = self.versions(subject, deleted=deleted)
        number = len(known) if version in {"latest", "-1"} else int(version)
        if number not in known:
            raise NotFoundError(40402, f"Version {version} not found.")
        schema = self.schemas[self.subjects[subject][number - 1]]
        return {"subject": subject, "version": number, "id": schema.id, **schema.document()}


class SchemaRegistryDouble:
    """The server. `url` is valid after `start`; `stop` ends its thread and closes its port."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._shelf = _Shelf()
        self._fault: RegistryFault | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.requests: list[str] = []
        """`GET /path` of each request, in order of arrival, faulty ones included."""
        self.authorizations: list[str | None] = []
        """The Authorization header of each of them."""

    def start(self) -> Self:
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.double = self
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="schema-registry-double",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port. What is registered stays, and `start` serves it on the same port."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def register(
        self,
        subject: str,
        schema: Any,
        *,
        kind: str = "AVRO",
        references: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Add a version to a subject without going by HTTP; returns the schema's id.

        `schema` is Avro JSON as Python objects, or its text.
        """
        text = schema if isinstance(schema, str) and kind != "AVRO" else _text(schema)
        with self._lock:
            return self._shelf.add(subject, text, kind, references).id

    def guid(self, number: int) -> uuid.UUID:
        return self._shelf.schemas[number].guid

    def fail_with(self, fault: RegistryFault | None) -> None:
        """Let requests fail from now on; None ends the fault."""
        self._fault = fault

    def answer(
        self, method: str, path: str, body: bytes, authorization: str | None
    ) -> tuple[int, bytes, str]:
        """Status, body and content type for one request. Called by the server's threads."""
        with self._lock:
            self.requests.append(f"{method} {path}")
            self.authorizations.append(authorization)
        fault = self._fault
        if fault is not None and path.startswith(fault.path):
            time.sleep(fault.delay)
            if fault.status:
                return fault.status, fault.body, fault.content_type
        with self._lock:
            status, document = self._route(method, path, body)
        return status, json.dumps(document).encode(), _CONTENT_TYPE

    def _route(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        parts = [unquote(part) for part in urlsplit(path).path.split("/") if part]
        document: Any
        try:
            match method, parts:
                case "GET", []:
                    document = {}
                case "GET", ["subjects"]:
                    document = sorted(self._shelf.subjects)
                case "GET", ["subjects", subject, "versions"]:
                    document = self._shelf.versions(subject)
                case "GET", ["subjects", subject, "versions", version]:
                    deleted = "deleted=true" in urlsplit(path).query
                    document = self._shelf.version(subject, version, deleted=deleted)
                case "GET", ["schemas", "ids", number]:
                    document = self._shelf.by_id(number).document()
                case "GET", ["schemas", "guids", text]:
                    document = self._shelf.by_guid(text).document()
                case "POST", ["subjects", subject, "versions"]:
                    document = self._post(subject, body)
                case _:
                    # Confluent's own answer to a path it does not have: 404, not 404xx.
                    return HTTPStatus.NOT_FOUND, _error(404, "HTTP 404 Not Found")
        except NotFoundError as error:
            return HTTPStatus.NOT_FOUND, _error(error.code, str(error))
        except ValueError as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, _error(42201, f"Invalid request: {error}")
        return HTTPStatus.OK, document

    def _post(self, subject: str, body: bytes) -> dict[str, int]:
        document = json.loads(body)
        if not isinstance(document, dict) or "schema" not in document:
            raise ValueError('expected {"schema": "..."}')
        kind = document.get("schemaType", "AVRO")
        text = _text(json.loads(document["schema"])) if kind == "AVRO" else document["schema"]
        added = self._shelf.add(subject, text, kind, document.get("references", ()))
        return {"id": added.id}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    double: SchemaRegistryDouble

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up (a timeout under test) is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An idle keep-alive connection must not hold its thread for ever after `stop`.
    timeout = 5.0
    server: _Server

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_: object) -> None:
        """Requests are kept in `requests`; a test or the demo needs no access log."""

    def _answer(self, method: str) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _MAX_BODY)
        status, body, content_type = self.server.double.answer(
            method, self.path, self.rfile.read(length), self.headers.get("Authorization")
        )
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _text(schema: Any) -> str:
    return json.dumps(schema, separators=(",", ":"))


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error_code": code, "message": message}
