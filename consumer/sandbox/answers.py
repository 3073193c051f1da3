"""The answers of each API, in the vendor's words where they are documented.

| request                            | legacy      | v2, past_events                               |
|------------------------------------|-------------|-----------------------------------------------|
| keeps every rule                   | 200 or 204  | 200; past_events with a status per event      |
| breaks a rule of the body          | 200 or 204  | 400 with the vendor's sentence                |
| v2 event above 20 kB               | -           | 413 (status undocumented: the one HTTP has)   |
| wrong or no key                    | no key asked| 401                                           |
| not POST                           | 405         | 405 with `Allow`                              |
| not JSON by its Content-Type       | 200 or 204  | 415                                           |

Statuses 405 and 415 are documented for contact methods of the v2 host; an event method is assumed
to give the same.
"""

import base64
import binascii
from collections.abc import Sequence

import orjson

from consumer.memory import remembered
from consumer.sandbox.protocol import Ending, Reply, reply
from consumer.yespo.spec import ContractViolation

Violations = Sequence[ContractViolation]

_HTML = "text/html; charset=utf-8"


def taken(status: int) -> Reply:
    """Success. The body is undocumented and clients ignore it: there is none."""
    return reply(status)


def refused(violations: Violations) -> Reply:
    """400: plain text with a JSON fragment, which is not valid JSON as a whole (vendor page
    "Validating event parameters")."""
    params = [
        {
            "name": found.path,
            "required": found.rule == "required",
            "rule": found.rule,
            "details": found.message,
        }
        for found in violations
    ]
    text = b"The event should have the following params: " + orjson.dumps(params)
    return reply(400, text)


def too_large() -> Reply:
    return reply(413, b"The maximum size of event data in the request body is 20 KB")


def unauthorized() -> Reply:
    return reply(
        401, b"Unauthorized", headers=[("WWW-Authenticate", 'Basic realm="Yespo API sandbox"')]
    )


def account() -> Reply:
    """The answer to `getAccountInfo`."""
    body = b'{"organisationName":"Yespo sandbox"}'
    return reply(200, body, "application/json; charset=UTF-8")


def wrong_method(allowed: str) -> Reply:
    return reply(405, b"Method Not Allowed", headers=[("Allow", allowed)])


def wrong_type() -> Reply:
    return reply(415, b"Unsupported Media Type")


def firewall() -> Reply:
    return reply(403, b"<html><body><h1>403 Forbidden</h1></body></html>", _HTML)


def throttled(retry_after: int | None) -> Reply:
    headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
    return reply(429, b"Too Many Requests", headers=headers)


def failed(status: int) -> Reply:
    try:
        return reply(status, b"Internal error")
    except ValueError:  # 5xx without a registered name, such as 520 of a CDN
        answer = reply(500, b"Internal error")
        answer.status = status
        answer.head = answer.head.replace(b"500 Internal Server Error", b"%d Error" % status, 1)
        return answer


def proxy_page() -> Reply:
    page = (
        b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n"
        b"<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n"
        b"</body>\r\n</html>\r\n"
    )
    return reply(503, page, _HTML)


def redirect() -> Reply:
    return reply(302, headers=[("Location", "/moved/elsewhere")])


def malformed() -> Reply:
    return Reply(0, b"HTP/1.1 2OO fine\r\nContent-Length: some\r\n", ending=Ending.DROP)


def slow(answer: Reply, seconds: float) -> Reply:
    """The same answer with a body that takes `seconds` to arrive."""
    slowed = answer if answer.body else reply(200, b'{"status": "ok"}', "application/json")
    slowed.pace = seconds
    return slowed


def past_events(statuses: Sequence[str]) -> Reply:
    """The vendor's 200 with one status per event (OpenAPI `EventsMigrationResults`)."""
    accepted = sum(status == "ACCEPTED" for status in statuses)
    body = orjson.dumps(
        {
            "results": [{"status": status} for status in statuses],
            "successCount": accepted,
            "errorCount": len(statuses) - accepted,
        }
    )
    return reply(200, body, "application/json; charset=utf-8")


def basic_credentials(header: bytes) -> tuple[str, str] | None:
    """User and password of an `Authorization: Basic` header, or None."""
    return _credentials(header.decode("latin-1"))


@remembered(256)
def _credentials(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password.decode()) if colon else None
    except (binascii.Error, ValueError):
        return None
