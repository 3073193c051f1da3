"""Builds documented events: values of a mapping in, the exact bytes of a request out.

Each value is validated once, on its way into the wire's form; the person is prepared once for all
events of a record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from consumer.model import Api
from consumer.yespo.converter import Convert, text_fault
from consumer.yespo.identifiers import named_in_legacy, named_in_v2
from consumer.yespo.rules import EARLIEST_MS, LATEST_MS, MAX_BODY
from consumer.yespo.spec import (
    PLAIN,
    AccountContext,
    Built,
    ContractViolation,
    FieldSpec,
    Free,
    Identity,
    Traits,
)
from consumer.yespo.violations import breaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The parts of a declaration that both APIs have; see `spec.EventSpec`."""

    name: str
    doc: str
    source: str
    fields: tuple[FieldSpec, ...]
    convert: Convert = field(repr=False)
    traits: Traits = PLAIN
    free: Free = Free.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyEvent(Description):
    """One event of the tracker: `{"GeneralInfo": {...}, "<body_key>": {...}}`."""

    body_key: str
    whole: bool = False
    """The one field *is* the body (ProductUpdate, an array)."""

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
        if self.traits.names_person:
            person = named_in_legacy(account, identity)
            left_out = person.left_out
            if occurred_ms is not None:
                check_millis(occurred_ms, "GeneralInfo.datetime")
                general["datetime"] = occurred_ms
            general.update(person.members)
        out = self.convert(values)
        if "GeneralInfo" in out:
            general.update(out.pop("GeneralInfo"))
        if self.traits.alternatives:
            self._check_alternatives(account, out)
        document: dict[str, Any] = {"GeneralInfo": general}
        if self.whole:
            document.update(out)
        elif self.body_key:
            document[self.body_key] = out
        try:
            return Built(_encoded(document), left_out)
        except _FAULTS as fault:
            raise _named(fault, values, "" if self.whole else self.body_key) from None

    def _check_alternatives(self, account: AccountContext, out: Mapping[str, Any]) -> None:
        complete = [one for one in self.traits.alternatives if out.keys() >= set(one.fields)]
        if any(one.dialect in {"", account.dialect} for one in complete):
            return
        usual, *others = (" and ".join(one.fields) for one in self.traits.alternatives)
        path = f"{self.body_key}.{usual}"
        if not complete:
            message = f"is required, unless there is a {' or '.join(others)}"
            raise ContractViolation(path, "alternatives", message)
        setting = f"`dialect: {complete[0].dialect}`"
        message = f"is required beside {others[0]}, except in the account setting {setting}"
        raise ContractViolation(path, "dialect", message)


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
        params: list[dict[str, Any]] = [*person.params]
        document: dict[str, Any] = {
            "eventTypeKey": self.name,
            "keyValue": person.key_value,
            "params": params,
        }
        if self.past:
            document["occurred"] = _minute(occurred_ms)
        as_text = account.v2_values == "text"
        try:
            for name, value in self.convert(values).items():
                nested = as_text and type(value) in _NESTED
                given = orjson.dumps(value).decode() if nested else value
                params.append({"name": name, "value": given})
            return Built(_encoded(document), person.left_out)
        except _FAULTS as fault:
            raise _named(fault, values, "params") from None


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


class _TooLarge(Exception):
    """An encoded body is larger than the vendor takes."""


_FAULTS = (_TooLarge, orjson.JSONEncodeError)


def _encoded(document: dict[str, Any]) -> bytes:
    body = orjson.dumps(document)
    if len(body) > MAX_BODY:
        raise _TooLarge
    return body


def _named(fault: Exception, values: Mapping[str, Any], root: str) -> ContractViolation:
    """The violation behind a fault of encoding: that of one text, else that of the whole."""
    if (text := text_fault(values, root)) is not None:
        return text
    if isinstance(fault, _TooLarge):
        return ContractViolation("", "body_size", f"the event has more than {MAX_BODY} bytes")
    return breaks("string_unicode", root)
