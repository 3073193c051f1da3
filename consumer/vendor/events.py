"""A documented event that can be built: values of a mapping in, the exact bytes of a request out.

Each value is validated once, on its way into the wire's form. What does not depend on the event
(the person, the account's site) is encoded once and joined as bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic_core import SchemaValidator, ValidationError

from consumer.model import Api
from consumer.vendor.identifiers import People
from consumer.vendor.rules import EARLIEST_MS, LATEST_MS, MAX_BODY
from consumer.vendor.spec import (
    AccountContext,
    Built,
    ContractViolation,
    FieldSpec,
    Free,
    Identity,
)
from consumer.vendor.violations import violations

Variant = Callable[[AccountContext, Mapping[str, Any]], None]
"""A check that fields alone cannot say. Raises ContractViolation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What every event says about itself; see `spec.EventSpec`."""

    name: str
    doc: str
    source: str
    fields: tuple[FieldSpec, ...]
    validator: SchemaValidator = field(repr=False)
    people: People = field(repr=False)
    free: Free = Free.NONE
    alternatives: tuple[tuple[str, ...], ...] = ()

    def convert(self, values: Mapping[str, Any], root: str) -> dict[str, Any]:
        try:
            taken: dict[str, Any] = self.validator.validate_python(values)
        except ValidationError as error:
            raise violations(error, root)[0] from None
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyEvent(Description):
    """One event of the tracker: `{"GeneralInfo": {...}, "<body_key>": {...}}`."""

    body_key: str
    general: bool = True
    """Whether GeneralInfo names the time and the person (not for catalogue updates)."""
    whole: bool = False
    """Whether the one field *is* the body (ProductUpdate, an array)."""
    variant: Variant | None = None

    @property
    def api(self) -> Api:
        return "legacy"

    def build(
        self,
        account: AccountContext,
        identity: Identity,
        occurred_ms: int | None,
        values: Mapping[str, Any],
        key_value: str | None = None,
    ) -> Built:
        """See `spec.EventSpec.build`. `key_value` belongs to v2 and is not used."""
        del key_value
        left_out: tuple[tuple[str, str], ...] = ()
        head = b'{"GeneralInfo":{"eventName":"%b","siteId":%b' % (
            self.name.encode(),
            orjson.dumps(account.site_id),
        )
        if self.general:
            person = self.people.legacy(account, identity)
            left_out = person.left_out
            if occurred_ms is not None:
                check_millis(occurred_ms, "GeneralInfo.datetime")
                head += b',"datetime":%d' % occurred_ms
            head += person.members
        out = self.convert(values, "" if self.whole else self.body_key)
        extra = out.pop("GeneralInfo", None)
        if extra:
            head += b"," + orjson.dumps(extra)[1:-1]
        if self.variant is not None:
            self.variant(account, out)
        if not self.body_key:
            return _within(head + b"}}", left_out)
        content = orjson.dumps(out[self.body_key] if self.whole else out)
        body = b'%b},"%b":%b}' % (head, self.body_key.encode(), content)
        return _within(body, left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class V2Event(Description):
    """One Generate event: `{"eventTypeKey": ..., "keyValue": ..., "params": [...]}`."""

    past: bool = False
    """As an item of past_events: with the time, and without starting workflows."""

    @property
    def api(self) -> Api:
        return "past_events" if self.past else "v2"

    def build(
        self,
        account: AccountContext,
        identity: Identity,
        occurred_ms: int | None,
        values: Mapping[str, Any],
        key_value: str | None = None,
    ) -> Built:
        """See `spec.EventSpec.build`. v2 has no time; past_events needs one (minutes, in UTC)."""
        person = self.people.v2(identity, key_value)
        out = self.convert(values, "params")
        as_text = account.v2_values == "text"
        params = [person.params]
        for name, value in out.items():
            encoded = orjson.dumps(value)
            if as_text and type(value) in {list, dict}:
                encoded = orjson.dumps(encoded.decode())
            params.append(b'{"name":%b,"value":%b},' % (orjson.dumps(name), encoded))
        joined = b"".join(params)
        body = b'{"eventTypeKey":%b,"keyValue":%b,"params":[%b]' % (
            orjson.dumps(self.name),
            orjson.dumps(person.key_value),
            joined[:-1],
        )
        if self.past:
            return _within(b'%b,"occurred":"%b"}' % (body, _minute(occurred_ms)), person.left_out)
        return _within(body + b"}", person.left_out)


def check_millis(value: int, path: str) -> None:
    if type(value) is not int or not EARLIEST_MS <= value < LATEST_MS:
        raise ContractViolation(
            path, "millis", "takes epoch milliseconds (not seconds, not microseconds)"
        )


def _minute(occurred_ms: int | None) -> bytes:
    if occurred_ms is None:
        raise ContractViolation("occurred", "required", "is required: past_events needs a time")
    check_millis(occurred_ms, "occurred")
    return datetime.fromtimestamp(occurred_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M").encode()


def _within(body: bytes, left_out: tuple[tuple[str, str], ...]) -> Built:
    if len(body) > MAX_BODY:
        raise ContractViolation("", "body_size", f"the event has more than {MAX_BODY} bytes")
    return Built(body, left_out)
