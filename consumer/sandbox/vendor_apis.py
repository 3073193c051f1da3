"""The three vendor APIs: authenticate, judge, answer, note what arrived. Knows no sockets."""

import hmac
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from consumer.model import Api
from consumer.sandbox import answers
from consumer.sandbox.faults import Fault, FaultEngine
from consumer.sandbox.protocol import Ending, Reply, Request
from consumer.sandbox.recording import Recorder
from consumer.sandbox.store import Item, Received, Store
from consumer.yespo.spec import ContractViolation

Judge = Callable[[Api, bytes], Sequence[ContractViolation]]
"""The contract's verdict on a body: empty when every documented rule is kept."""

PATHS: dict[bytes, Api] = {
    b"/api/v2": "legacy",
    b"/api/v2/event": "v2",
    b"/api/v2/past_events": "past_events",
}

DEFAULT_KEY = "sandbox-key"
ACCEPTED = "ACCEPTED"

_ITEM = re.compile(r"events\[(\d+)\](?:\.|$)")


@dataclass(slots=True)
class Arrival:
    """The facts that the headers of a request give."""

    api: Api
    fault: Fault | None


class VendorApis:
    """`api_key` is the one key v2 and past_events accept; `legacy_status` is 200 or 204.

    Both, and `faults`, may be replaced at any time.
    """

    def __init__(
        self,
        store: Store,
        judge: Judge,
        faults: FaultEngine,
        api_key: str,
        legacy_status: int,
        recorder: Recorder | None = None,
    ) -> None:
        self.faults = faults
        self.api_key = api_key
        self._store = store
        self._judge = judge
        self._legacy_status = legacy_status
        self._recorder = recorder

    def began(self, api: Api, request: Request) -> Reply | None:
        """Draw the fault of this request; a reply breaks the connection before the body."""
        fault = self.faults.draw(api)
        request.context = Arrival(api, fault)
        if fault is not None:
            self._store.fault(fault.value)
        if fault is Fault.RESET_BEFORE:
            answer = answers.taken(200)
            answer.ending = Ending.RESET
            return answer
        return None

    def account_info(self, request: Request) -> Reply:
        """`GET /api/v1/account/info`: the name of the account, for a known key."""
        return answers.account() if self._authorized("v2", request) else answers.unauthorized()

    def handle(self, request: Request) -> Reply:
        arrival: Arrival = request.context
        api, fault, body = arrival.api, arrival.fault, request.body
        document = _parsed(body)
        undeclared = _transport_violations(request)
        violations = [*undeclared, *self._judge(api, body)]
        answer = self._faulty(fault) or self._refusal(api, request, bool(undeclared))
        if answer is not None:
            items = _items(api, document, violations, taken=False)
        else:
            answer, items = self._verdict(api, document, violations)
        taken = any(item.taken for item in items)
        self._disturb(api, fault, answer, request)
        self._note(request, api, document, violations, answer, items, taken, fault)
        return answer

    # -- the answer, in the order in which a real front end would find a reason not to take it

    def _faulty(self, fault: Fault | None) -> Reply | None:
        """The answer of a vendor that did not take the event."""
        profile = self.faults.profile
        match fault:
            case Fault.THROTTLED:
                answer = answers.throttled(profile.retry_after)
            case Fault.ERROR:
                answer = answers.failed(profile.error_status)
            case Fault.PROXY_PAGE:
                answer = answers.proxy_page()
            case Fault.REDIRECT:
                answer = answers.redirect()
            case Fault.HANG:
                answer = answers.taken(200)
                answer.ending = Ending.HANG
            case _:
                return None
        return answer

    def _refusal(self, api: Api, request: Request, undeclared: bool) -> Reply | None:
        """A reason not to take the request that is not in the body."""
        if self.faults.forbids(api, request.body):
            return answers.firewall()
        if request.method != b"POST":
            return answers.wrong_method("POST")
        if api == "legacy":
            return None
        if not self._authorized(api, request):
            return answers.unauthorized()
        return answers.wrong_type() if undeclared else None

    def _authorized(self, api: Api, request: Request) -> bool:
        if self.faults.profile.unauthorized and self.faults.touches(api):
            return False
        credentials = answers.basic_credentials(request.headers.get(b"authorization", b""))
        return credentials is not None and hmac.compare_digest(
            credentials[1].encode(), self.api_key.encode()
        )

    def _verdict(
        self, api: Api, document: Any, violations: Sequence[ContractViolation]
    ) -> tuple[Reply, tuple[Item, ...]]:
        if api == "legacy":
            items = _items(api, document, violations, taken=True)
            return answers.taken(self._legacy_status), items
        if api == "past_events":
            return self._past_events(document, violations)
        items = _items(api, document, violations, taken=not violations)
        if not violations:
            return answers.taken(200), items
        if _too_large(violations):
            return answers.too_large(), items
        return answers.refused(violations), items

    def _past_events(
        self, document: Any, violations: Sequence[ContractViolation]
    ) -> tuple[Reply, tuple[Item, ...]]:
        """The vendor's result has a status for a wrong `occurred`; any other broken rule has none,
        so the whole request is refused as a v2 event would be."""
        if _too_large(violations):
            return answers.too_large(), _items("past_events", document, violations, taken=False)
        statuses: dict[int, str] = {}
        unlisted = []
        for found in violations:
            index, status = _occurred_status(found)
            if status:
                statuses.setdefault(index, status)
            else:
                unlisted.append(found)
        if unlisted:
            items = _items("past_events", document, violations, taken=False)
            return answers.refused(unlisted), items
        by_type = self.faults.profile.item_status if self.faults.touches("past_events") else {}
        given = [
            statuses.get(index) or by_type.get(name) or ACCEPTED
            for index, name in enumerate(_names("past_events", document))
        ]
        refused = _refused_by(violations)
        items = tuple(
            Item(name, status == ACCEPTED, refused.get(index, 0))
            for index, (name, status) in enumerate(
                zip(_names("past_events", document), given, strict=True)
            )
        )
        return answers.past_events(given), items

    def _disturb(self, api: Api, fault: Fault | None, answer: Reply, request: Request) -> None:
        """Injects faults on the way back, whether the event was taken or not."""
        profile = self.faults.profile
        if self.faults.quiet:
            return
        answer.delay = self.faults.latency(api, request.body)
        if fault is Fault.RESET_AFTER:
            answer.ending = Ending.RESET
        elif fault is Fault.MALFORMED:
            garbled = answers.malformed()
            answer.head, answer.body, answer.ending = garbled.head, garbled.body, garbled.ending
        elif fault is Fault.SLOW_BODY:
            slowed = answers.slow(answer, profile.slow_body_seconds)
            answer.head, answer.body, answer.pace = slowed.head, slowed.body, slowed.pace
        last = profile.close_after and request.number >= profile.close_after
        if last and answer.ending is Ending.KEEP:
            answer.ending = Ending.CLOSE if profile.announce_close else Ending.DROP

    # -- the note

    def _note(
        self,
        request: Request,
        api: Api,
        document: Any,
        violations: Sequence[ContractViolation],
        answer: Reply,
        items: tuple[Item, ...],
        taken: bool,
        fault: Fault | None,
    ) -> None:
        silent = answer.ending in (Ending.RESET, Ending.HANG) or fault is Fault.MALFORMED
        agent = request.headers.get(b"user-agent")
        received = Received(
            number=self._store.next_number(),
            at_ms=time.time_ns() // 1_000_000,
            api=api,
            account=_account(api, document, request),
            event=items[0].event if len(items) == 1 else f"{len(items)} events",
            body=request.body,
            user_agent=None if agent is None else agent.decode("latin-1"),
            violations=tuple(violations),
            status=0 if silent else answer.status,
            taken=taken,
            items=items,
            fault="" if fault is None else fault.value,
            repeats=self._store.first_with(api, request.body) if taken else None,
        )
        self._store.add(received)
        if self._recorder is not None:
            self._recorder.record(received)


def _parsed(body: bytes) -> Any:
    """The document, or None: the judge says what is wrong with it."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _transport_violations(request: Request) -> list[ContractViolation]:
    """Headers the vendor documents, or says nothing of and must not be relied on."""
    found = []
    media, _, parameters = request.headers.get(b"content-type", b"").lower().partition(b";")
    if media.strip() != b"application/json":
        found.append(_header("Content-Type", "must be application/json"))
    elif b"charset" in parameters and b"utf-8" not in parameters:
        found.append(_header("Content-Type", "must be UTF-8, the charset of both APIs"))
    if request.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        found.append(_header("Content-Encoding", "compressed requests are not documented"))
    return found


def _header(name: str, message: str) -> ContractViolation:
    return ContractViolation(f"header {name}", "header", message)


def _names(api: Api, document: Any) -> list[str]:
    """The event names in a body, "?" where there is none to be found."""
    if not isinstance(document, dict):
        return ["?"]
    if api == "legacy":
        general = document.get("GeneralInfo")
        return [_text(general.get("eventName") if isinstance(general, dict) else None)]
    if api == "v2":
        return [_text(document.get("eventTypeKey"))]
    events = document.get("events")
    if not isinstance(events, list):
        return ["?"]
    return [_text(one.get("eventTypeKey") if isinstance(one, dict) else None) for one in events]


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) and value else "?"


def _too_large(violations: Sequence[ContractViolation]) -> bool:
    """True if it is the body as a whole that is too large."""
    return any(found.rule == "body_size" and not found.path for found in violations)


def _items(
    api: Api, document: Any, violations: Sequence[ContractViolation], taken: bool
) -> tuple[Item, ...]:
    names = _names(api, document)
    if api != "past_events":
        return (Item(names[0], taken, len(violations)),)
    refused = _refused_by(violations)
    return tuple(Item(name, taken, refused.get(index, 0)) for index, name in enumerate(names))


def _refused_by(violations: Sequence[ContractViolation]) -> dict[int, int]:
    """Broken rules by index of the past event."""
    counts: dict[int, int] = {}
    for found in violations:
        if match := _ITEM.match(found.path):
            counts[int(match[1])] = counts.get(int(match[1]), 0) + 1
    return counts


def _occurred_status(found: ContractViolation) -> tuple[int, str]:
    """The vendor's item status for a wrong time, or "" where it has none for this rule."""
    match = re.fullmatch(r"events\[(\d+)\]\.occurred", found.path)
    if match is None:
        return -1, ""
    if found.rule == "required":
        return int(match[1]), "OCCURRED_DATE_IS_REQUIRED"
    return int(match[1]), "INCORRECT_OCCURRED_DATE_FORMAT"


def _account(api: Api, document: Any, request: Request) -> str:
    if api != "legacy":
        credentials = answers.basic_credentials(request.headers.get(b"authorization", b""))
        return credentials[0] if credentials else ""
    general = document.get("GeneralInfo") if isinstance(document, dict) else None
    site = general.get("siteId") if isinstance(general, dict) else None
    return site if isinstance(site, str) else ""
