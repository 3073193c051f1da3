"""The page in the browser and the control endpoint: everything on the port that is not Yespo's.

| request                    | does                                                              |
|----------------------------|-------------------------------------------------------------------|
| GET /                      | the page                                                          |
| GET /control/state?after=N | counts, and the newest requests with a number above N, masked;    |
|                            | `api`, `event` and `person` choose among them                     |
| GET /control/faults        | the fault profile                                                 |
| PUT /control/faults        | replaces it: the body is a profile, `{}` is a healthy vendor      |
| POST /control/refuse       | `{"seconds": 30}`: refuse connections for that long               |
| POST /control/clear        | forgets what arrived                                              |
"""

import asyncio
import shlex
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Protocol
from urllib.parse import parse_qs

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumer.privacy.documents import DocumentMask, ShapeMask
from consumer.sandbox import page
from consumer.sandbox.answers import wrong_method, wrong_type
from consumer.sandbox.faults import FaultProfile, mistakes
from consumer.sandbox.protocol import Reply, Request, reply
from consumer.sandbox.recording import Recorder
from consumer.sandbox.store import Origin, Received, Store
from consumer.sandbox.vendor_apis import DEFAULT_KEY, PATHS

_SHOWN = 50
_BEFORE_REFUSING = 0.05  # seconds
_JSON = "application/json; charset=utf-8"
_PATHS = {api: path.decode() for path, api in PATHS.items()}
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
    """The sandbox, as the console steers it."""

    @property
    def faults(self) -> FaultProfile: ...

    @faults.setter
    def faults(self, profile: FaultProfile) -> None: ...

    def refuse_connections(self, seconds: float | None = None) -> None: ...

    def origin_of(self, body: bytes) -> Origin | None: ...

    def clear(self) -> None: ...


class Console:
    """Shows nothing unmasked. Changes need a JSON Content-Type, which no foreign page can send
    without asking first, and no foreign `Origin`."""

    def __init__(
        self,
        sandbox: Controlled,
        store: Store,
        masker: DocumentMask,
        recorder: Recorder | None,
        account_info: Callable[[Request], Reply],
    ) -> None:
        self._sandbox = sandbox
        self._store = store
        self._masker = masker
        self._recorder = recorder
        self._shapes = ShapeMask()
        self._routes: dict[bytes, dict[bytes, Callable[[Request], Reply]]] = {
            b"/": {b"GET": _page},
            b"/api/v1/account/info": {b"GET": account_info},
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
        asked = {name: found[0] for name, found in parse_qs(request.query.decode()).items()}
        number = asked.get("after", "0")
        after = int(number) if number.isdecimal() and len(number) < 16 else 0
        latest = self._store.latest(after, _SHOWN, partial(self._is_wanted, asked))
        base = "http://" + request.headers.get(b"host", b"").decode("latin-1")
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
            "received": [self._row(one, base) for one in latest],
        }
        return _json(state)

    def _is_wanted(self, asked: Mapping[str, str], one: Received) -> bool:
        """True if a request is of the API, has the text in its event, and is about the person."""
        masker = self._masker
        return (
            asked.get("api", one.api) == one.api
            and asked.get("event", "").lower() in masker.text(one.event).lower()
            and asked.get("person", "").lower() in masker.person_in(one.api, one.body).lower()
        )

    def _row(self, one: Received, base: str) -> dict[str, object]:
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
            "record": self._record(one),
            "curl": self._curl(one, base),
        }

    def _record(self, one: Received) -> dict[str, object] | None:
        """The record that the request was made of, masked, where it is known."""
        origin = self._sandbox.origin_of(one.body)
        if origin is None:
            return None
        value = orjson.dumps(self._masker.masked(origin.record), option=orjson.OPT_INDENT_2)
        return {"position": origin.position, "value": value.decode()}

    def _curl(self, one: Received, base: str) -> str:
        """A command that sends such a request to this sandbox, with other people in it."""
        body = self._shapes.sendable(one.body)
        if body is None:
            return ""
        words = ["curl", base + _PATHS[one.api], "-H", f"Content-Type: {_JSON}", "-d", body]
        if one.api != "legacy":
            words += ["-u", f"user:{DEFAULT_KEY}"]
        return shlex.join(words)

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
    """Refuses requests that a foreign page could make a browser send. Programs send no Origin."""
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
