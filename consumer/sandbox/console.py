"""The page in the browser and the control endpoint: everything on the port that is not Yespo's.

| request                    | does                                                              |
|----------------------------|-------------------------------------------------------------------|
| GET /                      | the page                                                          |
| GET /control/state?after=N | counts, and the newest requests with a number above N, masked     |
| GET /control/faults        | the fault profile                                                 |
| PUT /control/faults        | replaces it: the body is a profile, `{}` is a healthy vendor      |
| POST /control/refuse       | `{"seconds": 30}`: refuse connections for that long               |
| POST /control/clear        | forgets what arrived                                              |
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Protocol
from urllib.parse import parse_qs

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumer.privacy.documents import DocumentMask
from consumer.sandbox import page
from consumer.sandbox.answers import wrong_method, wrong_type
from consumer.sandbox.faults import FaultProfile, mistakes
from consumer.sandbox.protocol import Reply, Request, reply
from consumer.sandbox.recording import Recorder
from consumer.sandbox.store import Received, Store

_SHOWN = 50
_BEFORE_REFUSING = 0.05  # seconds
_JSON = "application/json; charset=utf-8"
_SAFE = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]


class Refusal(BaseModel):
    """Body of `POST /control/refuse`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: Annotated[float, Field(gt=0, le=3600)]


class Controlled(Protocol):
    """What the console steers: the sandbox."""

    @property
    def faults(self) -> FaultProfile: ...

    @faults.setter
    def faults(self, profile: FaultProfile) -> None: ...

    def refuse_connections(self, seconds: float | None = None) -> None: ...

    def clear(self) -> None: ...


class Console:
    """Shows nothing unmasked. Changes need a JSON Content-Type, which no foreign page can send
    without asking first, and no foreign `Origin`."""

    def __init__(
        self, sandbox: Controlled, store: Store, masker: DocumentMask, recorder: Recorder | None
    ) -> None:
        self._sandbox = sandbox
        self._store = store
        self._masker = masker
        self._recorder = recorder

        self._routes: dict[bytes, dict[bytes, Callable[[Request], Reply]]] = {
            b"/": {b"GET": _page},
            b"/control/state": {b"GET": self._state},
            b"/control/faults": {b"GET": self._faults, b"PUT": self._set_faults},
            b"/control/refuse": {b"POST": self._refuse},
            b"/control/clear": {b"POST": self._clear},
        }

    def handle(self, request: Request) -> Reply:
        methods = self._routes.get(request.path)
        if methods is None:
            return reply(404, b"Not Found")
        act = methods.get(request.method)
        if act is None:
            return wrong_method(b", ".join(methods).decode())
        if request.method != b"GET" and (refusal := _not_from_here(request)):
            return refusal
        try:
            return act(request)
        except orjson.JSONDecodeError:
            return _json({"errors": ["the body is not JSON"]}, 400)
        except ValidationError as error:
            return _json({"errors": mistakes(error)}, 400)

    def _faults(self, _: Request) -> Reply:
        return _json(self._sandbox.faults.model_dump(mode="json"))

    def _set_faults(self, request: Request) -> Reply:
        self._sandbox.faults = FaultProfile.model_validate(orjson.loads(request.body))
        return self._faults(request)

    def _refuse(self, request: Request) -> Reply:
        seconds = Refusal.model_validate(orjson.loads(request.body)).seconds
        # After the answer is out: refusing resets every connection, also the one that asked.
        asyncio.get_running_loop().call_later(
            _BEFORE_REFUSING, self._sandbox.refuse_connections, seconds
        )
        return _json({"refusing_seconds": seconds})

    def _clear(self, _: Request) -> Reply:
        self._sandbox.clear()
        return _json({})

    def _state(self, request: Request) -> Reply:
        asked = parse_qs(request.query.decode("latin-1")).get("after", ["0"])[0]
        after = int(asked) if asked.isdecimal() and len(asked) < 16 else 0
        totals = self._store.totals()
        kinds = sorted(self._store.kinds().items())
        state = {
            "requests": totals.requests,
            "taken": totals.taken,
            "violating": totals.violating,
            "repeated": totals.repeated,
            "injected": totals.faults,
            "faults": self._sandbox.faults.model_dump(mode="json", exclude_defaults=True),
            "recording": self._recording(),
            "kinds": [
                {
                    "api": api,
                    "event": self._masker.text(event),
                    "arrived": kind.arrived,
                    "taken": kind.taken,
                    "violating": kind.violating,
                    "repeated": kind.repeated,
                    "first_ms": kind.first_ms,
                    "last_ms": kind.last_ms,
                }
                for (api, event), kind in kinds
            ],
            "received": [self._row(one) for one in self._store.latest(after, _SHOWN)],
        }
        return _json(state)

    def _row(self, one: Received) -> dict[str, object]:
        masker = self._masker
        person, body = masker.shown(one.api, one.body)
        return {
            "number": one.number,
            "at_ms": one.at_ms,
            "api": one.api,
            "account": masker.text(one.account),
            "event": masker.text(one.event),
            "person": person,
            "status": one.status,
            "taken": one.taken,
            "repeats": one.repeats,
            "fault": one.fault,
            "violations": [
                {
                    "path": masker.text(found.path),
                    "rule": found.rule,
                    "message": masker.text(found.message),
                }
                for found in one.violations
            ],
            "body": body,
        }

    def _recording(self) -> dict[str, object] | None:
        if self._recorder is None:
            return None
        recorder = self._recorder
        return {
            "file": str(recorder.path),
            "dropped": recorder.dropped,
            "failed": recorder.failed,
        }


def _not_from_here(request: Request) -> Reply | None:
    """Refuses what a page of somebody else's could make a browser send. Programs send no Origin."""
    origin = request.headers.get(b"origin")
    if origin is not None and origin != b"http://" + request.headers.get(b"host", b""):
        return reply(403, b"This page may not steer the sandbox")
    if request.headers.get(b"content-type", b"").partition(b";")[0] != b"application/json":
        return wrong_type()
    return None


def _page(_: Request) -> Reply:
    content, policy = page.load()
    headers = [*_SAFE, ("Content-Security-Policy", policy), ("X-Frame-Options", "DENY")]
    return reply(200, content, "text/html; charset=utf-8", headers)


def _json(value: object, status: int = 200) -> Reply:
    return reply(status, orjson.dumps(value), _JSON, _SAFE)
