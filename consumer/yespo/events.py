"""A documented event that can be built: values of a mapping in, the exact bytes of a request out.

Each value is validated once, on its way into the wire's form; the person is prepared once for all
events of a record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic_core import ValidationError

from consumer.model import Api
from consumer.yespo.converter import FAULTS, Converter
from consumer.yespo.identifiers import named_in_legacy, named_in_v2
from consumer.yespo.rules import EARLIEST_MS, LATEST_MS, MAX_BODY
from consumer.yespo.spec import (
    AccountContext,
    Built,
    ContractViolation,
    FieldSpec,
    Free,
    Identity,
    Locators,
)
from consumer.yespo.violations import violations

_FAULTS = (*FAULTS, ContractViolation, orjson.JSONEncodeError)
"""What shows that values are not as they should be: they are looked at exactly then."""

Variant = Callable[[AccountContext, Mapping[str, Any]], None]
"""A check that fields alone cannot say. Raises ContractViolation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What every event says about itself; see `spec.EventSpec`."""

    name: str
    doc: str
    source: str
    fields: tuple[FieldSpec, ...]
    converter: Converter = field(repr=False)
    free: Free = Free.NONE
    alternatives: tuple[tuple[str, ...], ...] = ()

    def exactly(self, values: Mapping[str, Any], root: str) -> dict[str, Any]:
        """What the converter makes of the values. Raises ContractViolation for the first fault."""
        try:
            return self.converter.exactly(values)
        except ValidationError as error:
            raise violations(error, root)[0] from None


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
            person = named_in_legacy(account, identity)
            left_out = person.left_out
            if occurred_ms is not None:
                check_millis(occurred_ms, "GeneralInfo.datetime")
                general["datetime"] = occurred_ms
            general.update(person.members)
        try:
            return self._built(account, general, self.converter.usually(values), left_out)
        except _FAULTS:
            pass
        out = self.exactly(values, "" if self.whole else self.body_key)
        return self._built(account, general, out, left_out)

    def _built(
        self,
        account: AccountContext,
        general: dict[str, Any],
        out: dict[str, Any],
        left_out: tuple[tuple[str, str], ...],
    ) -> Built:
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
        person = named_in_v2(identity, key_value)
        try:
            return self._built(account, person, occurred_ms, self.converter.usually(values))
        except _FAULTS:
            pass
        return self._built(account, person, occurred_ms, self.exactly(values, "params"))

    def _built(
        self,
        account: AccountContext,
        person: Locators,
        occurred_ms: int | None,
        out: dict[str, Any],
    ) -> Built:
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
