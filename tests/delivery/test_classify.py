"""The table of meanings, written out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from consumer.config.settings import AnswerRule
from consumer.delivery.endpoint.classify import (
    Classifier,
    Meaning,
    explanation,
    may_have_arrived,
)
from consumer.delivery.http.answer import Answer, Fault
from tests.seams.foreign import FOREIGN

meaning = Classifier([], "v2").meaning

TABLE = {
    "delivered": [200, 201, 202, 204, 206, 299],
    "suspect": [
        300,
        301,
        302,
        303,
        307,
        308,
        402,
        403,
        404,
        405,
        406,
        410,
        411,
        415,
        421,
        426,
        451,
    ],
    "invalid": [400, 409, 412, 413, 414, 416, 417, 418, 422, 424, 431, 499],
    "misconfigured": [401, 407],
    "throttled": [429],
    "transient": [408, 425, 500, 501, 502, 503, 504, 507, 520, 599, 600, 999],
}


@pytest.mark.parametrize(
    ("status", "expected"), [(status, name) for name, all_ in TABLE.items() for status in all_]
)
def test_each_status_has_one_meaning(status: int, expected: str) -> None:
    assert meaning(Answer(status)) == expected


@pytest.mark.parametrize("fault", list(Fault))
def test_every_transport_fault_is_transient(fault: Fault) -> None:
    assert meaning(Answer(0, fault)) == "transient"


def test_the_faults_are_a_closed_set() -> None:
    assert {fault.value for fault in Fault} == {
        "dns",
        "connect_refused",
        "connect_timeout",
        "connect_failed",
        "tls",
        "not_sent",
        "response_timeout",
        "reset_before_answer",
        "reset_in_answer",
        "malformed",
        "oversized",
    }


@pytest.mark.parametrize(
    ("answer", "ambiguous"),
    [
        (Answer(0, Fault.DNS), False),
        (Answer(0, Fault.CONNECT_REFUSED), False),
        (Answer(0, Fault.CONNECT_TIMEOUT), False),
        (Answer(0, Fault.CONNECT_FAILED), False),
        (Answer(0, Fault.TLS), False),
        (Answer(0, Fault.NOT_SENT), False),
        (Answer(0, Fault.RESPONSE_TIMEOUT), True),
        (Answer(0, Fault.RESET_BEFORE_ANSWER), True),
        (Answer(0, Fault.RESET_IN_ANSWER), True),
        (Answer(0, Fault.MALFORMED), True),
        (Answer(0, Fault.OVERSIZED), True),
        (Answer(500), False),
        (Answer(502), True),
        (Answer(503), False),
        (Answer(504), True),
        (Answer(429), False),
    ],
)
def test_only_what_was_sent_and_not_judged_may_have_arrived(
    answer: Answer, ambiguous: bool
) -> None:
    assert may_have_arrived(answer) is ambiguous


def test_the_vendors_words_are_never_repeated() -> None:
    quoting = Answer(400, None, "", b'bad e-mail "anna@example.com"')
    assert explanation(quoting) == "answered 400"


def test_a_missing_parameter_is_explained() -> None:
    # The opening of the answer as docs.yespo.io shows it (validating event parameters).
    body = b'The event should have the following params: [ {"name": "EmailAddress", "required": true} ]'
    assert explanation(Answer(400, None, "", body)) == (
        "answered 400: this event type validates its parameters in Yespo, and the mapping leaves "
        "out or misnames a required one"
    )


def rule(**says: object) -> AnswerRule:
    return AnswerRule.model_validate(says)


def test_the_first_rule_that_matches_wins() -> None:
    judge = Classifier(
        [
            rule(status=400, body="try later", means="transient"),
            rule(status=400, body="unknown type", means="misconfigured"),
            rule(status=403, means="invalid"),
            rule(fault="tls", means="misconfigured"),
        ],
        "v2",
    ).meaning
    assert judge(Answer(400, None, "", b"please try later, unknown type")) == "transient"
    assert judge(Answer(400, None, "", b"unknown type x")) == "misconfigured"
    assert judge(Answer(400, None, "", b"Unknown Type")) == "invalid"
    assert judge(Answer(403)) == "invalid"
    assert judge(Answer(404)) == "suspect"
    assert judge(Answer(0, Fault.TLS)) == "misconfigured"
    assert judge(Answer(0, Fault.DNS)) == "transient"
    assert judge(Answer(200)) == "delivered"


def test_a_rule_may_be_for_one_api_only() -> None:
    rules = [rule(status=404, api="legacy", means="transient")]
    assert Classifier(rules, "legacy").meaning(Answer(404)) == "transient"
    assert Classifier(rules, "v2").meaning(Answer(404)) == "suspect"


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_can_be_named_in_a_rule(fault: Fault) -> None:
    judge = Classifier([rule(fault=fault.value, means="throttled")], "v2").meaning
    assert judge(Answer(0, fault)) == "throttled"


@pytest.mark.parametrize(
    "says",
    [
        {"means": "invalid"},
        {"status": 400, "fault": "tls", "means": "invalid"},
        {"fault": "tls", "body": "x", "means": "invalid"},
        {"status": 200, "means": "invalid"},
        {"status": 400, "means": "delivered"},
        {"fault": "gremlins", "means": "invalid"},
    ],
)
def test_a_rule_that_cannot_match_is_refused(says: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rule(**says)


class Odd(bytes):
    """A body that cannot be looked at."""

    raised: type[Exception]

    def __contains__(self, _: object) -> bool:
        raise self.raised("ann@shop.ua")


@pytest.mark.parametrize("error", FOREIGN)
@pytest.mark.parametrize("rules", [[AnswerRule(status=400, body="x", means="invalid")], []])
def test_an_answer_that_cannot_be_read_is_transient(
    error: type[Exception], rules: list[AnswerRule]
) -> None:
    body = Odd(b"abc")
    body.raised = error
    with capture_logs() as logs:
        read = Classifier(rules, "v2").read(Answer(400, body=body), 0)
    assert read == (Meaning.TRANSIENT, "an answer that cannot be read", None, True)
    assert [entry["event"] for entry in logs] == ["an answer cannot be read"]
    assert "ann@shop.ua" not in str(logs)


@given(
    answer=st.builds(
        Answer,
        st.integers(0, 999),
        st.none() | st.sampled_from(Fault),
        st.text() | st.integers().map(str),
        st.binary(),
    )
)
def test_any_answer_can_be_read(answer: Answer) -> None:
    with capture_logs() as logs:
        Classifier([], "v2").read(answer, 1_763_700_000_000)
    assert logs == []
