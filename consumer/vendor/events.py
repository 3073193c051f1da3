"""A documented event that can be built: values of a mapping in, the exact bytes of a request out.

Each value is validated once, on its way into the wire's form; the person is prepared once for all
events of a record.
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
        general: dict[str, Any] = {"eventName": self.name, "siteId": account.site_id}
        left_out: tuple[tuple[str, str], ...] = ()
        if self.general:
            person = self.people.legacy(account, identity)
            left_out = person.left_out
            if occurred_ms is not None:
                check_millis(occurred_ms, "GeneralInfo.datetime")
                general["datetime"] = occurred_ms
            general.update(person.members)
        out = self.convert(values, "" if self.whole else self.body_key)
        if "GeneralInfo" in out:
            general.update(out.pop("GeneralInfo"))
        if self.variant is not None:
            self.variant(account, out)
        document: dict[str, Any] = {"GeneralInfo": general}
        if self.whole:
            document.update(out)
        elif self.body_key:
            document[self.body_key] = out
        return _within(document, left_out)


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
        params: list[dict[str, Any]] = [*person.params]
        as_text = account.v2_values == "text"
        for name, value in out.items():
            nested = as_text and type(value) in _NESTED
            given = orjson.dumps(value).decode() if nested else value
            params.append({"name": name, "value": given})
        document: dict[str, Any] = {
            "eventTypeKey": self.name,
            "keyValue": person.key_value,
            "params": params,
        }
        if self.past:
            document["occurred"] = _minute(occurred_ms)
        return _within(document, person.left_out)


_NESTED = (list, dict)


def check_millis(value: int, path: str) -> None:
    if type(value) is not int or not EARLIEST_MS <= value < LATEST_MS:
        raise ContractViolation(
            path, "millis", "takes epoch milliseconds (not seconds, not microseconds)"
        )


def _minute(occurred_ms: int | None) -> str:
    if occurred_ms is None:
        raise ContractViolation("occurred", "required", "is required: past_events needs a time")
    check_millis(occurred_ms, "occurred")
    return datetime.fromtimestamp(occurred_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


def _within(document: dict[str, Any], left_out: tuple[tuple[str, str], ...]) -> Built:
    body = orjson.dumps(document)
    if len(body) > MAX_BODY:
        raise ContractViolation("", "body_size", f"the event has more than {MAX_BODY} bytes")
    return Built(body, left_out)
