"""Reads an answer: the one table of meanings, and a text for a person.

    delivered      2xx
    invalid        this event will never be taken: dead letter
    throttled      429: too fast
    transient      408, 425, 5xx and every transport fault: try again
    suspect        the endpoint or this event alone? Another event shows (see `circuit_breaker`)
    misconfigured  401, 407: no event will be taken until a person (or a new key) helps

Success is any 2xx: the vendor's pages name 200 and 204 for the tracker and none for v2. Its codes
for refused events are not documented beyond 400, so whatever could also be said of *all* events
(moved, forbidden, not found, wrong method or media type) is a suspicion only.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import structlog

from consumer.config.settings import AnswerRule
from consumer.delivery.endpoint.retry import retry_after
from consumer.delivery.http.answer import NOTHING_ARRIVED, Answer
from consumer.model import Api
from consumer.privacy.safe_traceback import describe

log = structlog.get_logger()


class Meaning(StrEnum):
    """Closed set: these are values of the metric label `class`."""

    DELIVERED = "delivered"
    INVALID = "invalid"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    SUSPECT = "suspect"
    MISCONFIGURED = "misconfigured"


_BY_HUNDRED = {
    2: Meaning.DELIVERED,
    3: Meaning.SUSPECT,
    4: Meaning.INVALID,
    5: Meaning.TRANSIENT,
}
_EXCEPTIONS = {
    401: Meaning.MISCONFIGURED,
    407: Meaning.MISCONFIGURED,
    402: Meaning.SUSPECT,
    403: Meaning.SUSPECT,
    404: Meaning.SUSPECT,
    405: Meaning.SUSPECT,
    406: Meaning.SUSPECT,
    410: Meaning.SUSPECT,
    411: Meaning.SUSPECT,
    415: Meaning.SUSPECT,
    421: Meaning.SUSPECT,
    426: Meaning.SUSPECT,
    451: Meaning.SUSPECT,
    408: Meaning.TRANSIENT,
    425: Meaning.TRANSIENT,
    429: Meaning.THROTTLED,
}
_MEANINGS = {
    status: _EXCEPTIONS.get(status, _BY_HUNDRED[status // 100]) for status in range(200, 600)
}

_PARAMETERS_WANTED = b"The event should have the following params"
"""Start of v2's answer when the event type validates its parameters (docs.yespo.io, validating
event parameters)."""


class Reading(NamedTuple):
    """The content of an answer. `explanation` is for a person; `wait` are the seconds that the server
    asks for, None where it asks for none; `may_have_arrived` says that a repeat may be a duplicate."""

    meaning: Meaning
    explanation: str
    wait: float | None
    may_have_arrived: bool


class Classifier:
    """The table for one API, after the user's rules. Codes outside 200-599 are a broken server's:
    transient."""

    __slots__ = ("_rules",)

    def __init__(self, rules: Sequence[AnswerRule], api: Api) -> None:
        self._rules = [rule for rule in rules if rule.api in {None, api}]

    def read(self, answer: Answer, now_ms: int) -> Reading:
        """Never raises: an answer that cannot be read is transient, and costs its own request alone."""
        try:
            return Reading(
                self.meaning(answer),
                explanation(answer),
                retry_after(answer.retry_after, now_ms),
                may_have_arrived(answer),
            )
        except Exception as error:  # noqa: BLE001  whatever a vendor's answer leads to is that answer's
            log.error("an answer cannot be read", code=answer.code, fault=describe(error))  # noqa: TRY400  the text may quote the answer
            return Reading(Meaning.TRANSIENT, "an answer that cannot be read", None, True)

    def meaning(self, answer: Answer) -> Meaning:
        if 200 <= answer.status < 300:
            return Meaning.DELIVERED
        for rule in self._rules:
            if _matches(rule, answer):
                return Meaning(rule.means)
        return _MEANINGS.get(answer.status, Meaning.TRANSIENT)


def _matches(rule: AnswerRule, answer: Answer) -> bool:
    if answer.fault is not None:
        return rule.fault == answer.fault
    return rule.status == answer.status and (rule.body is None or rule.body.encode() in answer.body)


def may_have_arrived(answer: Answer) -> bool:
    """True if a failed attempt may have been processed all the same: it was sent without an answer, or
    answered by a gateway that had none (502, 504)."""
    if answer.fault is None:
        return answer.status in {502, 504}
    return answer.fault not in NOTHING_ARRIVED


def explanation(answer: Answer) -> str:
    """An answer for a person, in our words: the vendor's may quote the event."""
    if answer.fault is not None:
        return f"no answer: {answer.fault.value}"
    if answer.status == 400 and _PARAMETERS_WANTED in answer.body:
        return (
            "answered 400: this event type validates its parameters in Yespo, and the mapping "
            "leaves out or misnames a required one"
        )
    return f"answered {answer.status}"
