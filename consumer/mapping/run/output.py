"""The output of generated code: the events of one record, built and validated one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consumer.errors import InvalidRecord
from consumer.mapping.file.conflation import is_conflated, state_of
from consumer.mapping.file.freshness import freshness
from consumer.mapping.file.grammar import Options
from consumer.mapping.file.send_options import ON_MISSING
from consumer.mapping.language.runtime import text
from consumer.mapping.reasons import Invalid, NoEvent
from consumer.mapping.run.identity_keys import keys
from consumer.model import Endpoint, Event, Record
from consumer.yespo.identifiers import user_agent
from consumer.yespo.rules import EARLIEST_MS, LATEST_MS
from consumer.yespo.spec import (
    AccountContext,
    ContractViolation,
    EventSpec,
    Identity,
    NoIdentifier,
)

_NO_IDENTIFIER = NoEvent.NO_IDENTIFIER.value
_MISSING = NoEvent.MISSING.value


class Missing(Exception):
    """A required value is absent; the argument is the path of its field."""


class Plan:
    """One event that a send builds: everything about it that no record changes."""

    __slots__ = (
        "_accounts",
        "array",
        "array_key",
        "build",
        "conflate",
        "largest_body",
        "legacy",
        "max_age_ms",
        "name",
        "rule",
        "skips_missing",
        "when_older",
    )

    def __init__(
        self,
        spec: EventSpec,
        rule: str,
        accounts: Mapping[str, AccountContext],
        options: Options,
    ) -> None:
        aged = freshness(options, spec)
        on_missing = ON_MISSING.of(options)
        self.build = spec.build
        self.legacy = spec.api == "legacy"
        self.name = spec.name
        self.array = spec.traits.array
        self.array_key = spec.traits.array_key
        self.rule = rule
        self.skips_missing = on_missing is not None and on_missing.text == "skip"
        self.max_age_ms = aged.max_age_ms
        self.when_older = aged.when_older
        self.largest_body = aged.largest_body
        self.conflate = is_conflated(options)
        self._accounts = {
            name: (Endpoint(name, spec.api), context) for name, context in accounts.items()
        }

    def at(self, account: str | None) -> tuple[Endpoint, AccountContext]:
        """The endpoint of this event in that account, and its context. Raises InvalidRecord."""
        found = self._accounts.get(account) if account is not None else None
        if found is None:
            what = "is absent" if account is None else "is not configured for this API"
            detail = f"{self.rule}: {self.name}: account {what}"
            raise InvalidRecord("mapping", Invalid.ACCOUNT.value, detail)
        return found


class Output:
    """The result of one record. Written by generated code, read once by the mapping unit."""

    __slots__ = (
        "_element",
        "_occurred_ms",
        "_order_by",
        "_order_said",
        "_person",
        "_record",
        "_time_ms",
        "_user_agent",
        "events",
        "filtered",
        "left_out",
        "skipped",
    )

    def __init__(self, record: Record) -> None:
        self._record = record
        self.events: list[Event] = []
        self.filtered: str | None = None
        self.skipped: dict[tuple[Endpoint, str], int] = {}
        self.left_out: dict[tuple[str, str], int] = {}
        self._element = 0
        self._time_ms: int | None = None
        self._user_agent: str | None = None

    def who(
        self,
        person: Identity,
        time_ms: int | None,
        agent: str | None,
        order_by: Sequence[str | None] | None,
    ) -> None:
        """Say whose events these are, and when they happened; before the first `rule`."""
        if time_ms is not None and not EARLIEST_MS <= time_ms < LATEST_MS:
            raise InvalidRecord("mapping", Invalid.TIME.value, "time: not between 2000 and 2100")
        self._person = person
        self._time_ms = time_ms
        stamp = self._record.timestamp_ms if time_ms is None else time_ms
        # A producer's clock may be anything, and its unit too.
        self._occurred_ms = stamp if EARLIEST_MS <= stamp < LATEST_MS else -1
        self._user_agent = user_agent(agent)
        found = keys(person) if order_by is None else _distinct(order_by)
        self._order_by = found or _fallback(self._record)
        self._order_said = order_by is not None

    def rule(self) -> None:
        """Another rule begins: its events are counted from 0."""
        self._element = 0

    def add(
        self, plan: Plan, account: str | None, values: Mapping[str, Any], key_value: str | None
    ) -> None:
        """Build one event. Raises InvalidRecord where a value breaks a rule of the contract."""
        endpoint, context = plan.at(account)
        element = self._element
        self._element = element + 1
        try:
            built = plan.build(context, self._person, self._time_ms, values, key_value)
        except NoIdentifier:
            self._skip(endpoint, _NO_IDENTIFIER)
            return
        except ContractViolation as violation:
            detail = f"{plan.rule}: {plan.name}.{violation.path} {violation.rule}"
            raise InvalidRecord("mapping", violation.rule, detail) from None
        for left_out in built.left_out:
            self.left_out[left_out] = self.left_out.get(left_out, 0) + 1
        expires_ms = -1
        if plan.max_age_ms is not None and self._occurred_ms >= 0:
            expires_ms = self._occurred_ms + plan.max_age_ms
        # Fresh it fits: only if it grows too old, it has nowhere to go.
        when_older = plan.when_older if len(built.body) <= plan.largest_body else "dead_letter"
        order_by = self._order_by
        if plan.array and not self._order_said:
            order_by = _distinct([text(one[plan.array_key]) for one in values[plan.array]])
        state = state_of(plan.name, self._person, key_value, when_older) if plan.conflate else None
        self.events.append(
            Event(
                endpoint,
                plan.name,
                plan.rule,
                element,
                built.body,
                order_by,
                self._occurred_ms,
                self._user_agent if plan.legacy else None,
                expires_ms,
                when_older,
                state,
            )
        )

    def missing(self, plan: Plan, account: str | None, what: Missing) -> None:
        """A required value is absent: this event is skipped, or the record is invalid."""
        if not plan.skips_missing:
            detail = f"{plan.rule}: {plan.name}: {what.args[0]} is absent"
            raise InvalidRecord("mapping", Invalid.MISSING.value, detail)
        self._element += 1
        self._skip(plan.at(account)[0], _MISSING)

    def _skip(self, endpoint: Endpoint, reason: str) -> None:
        key = (endpoint, reason)
        self.skipped[key] = self.skipped.get(key, 0) + 1


def _distinct(values: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None and value.strip()))


def _fallback(record: Record) -> tuple[str, ...]:
    """Without a named person: the order of the producer's key, else that of the partition."""
    if record.key is not None:
        return (record.key.hex(),)
    return (str(record.partition),)
