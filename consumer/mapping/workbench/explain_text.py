"""An explanation as a person reads it: one fact a line, the request as it goes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from consumer.mapping.reasons import NoEvent

Json = dict[str, Any]
_WIDEST = 48
"""Characters of a value; the body shows all of it."""
_LINE = 90


def render(explained: Json) -> str:
    """The text of what `Explainer.explain` found."""
    return "\n".join(_lines(explained))


def _lines(explained: Json) -> Iterator[str]:
    yield f"record   {explained['record']}  {explained['type']}"
    if "mapping" in explained:
        yield f"mapping  {explained['mapping']}  digest {explained['digest']}"
    if explained["masked"]:
        yield "personal data is replaced by stand-ins (--show-personal shows it)"
    yield ""
    yield from _suppress(explained.get("suppress", []))
    yield from _rules(explained.get("rules", []), explained.get("match"))
    if explained.get("who"):
        yield from ("who and when", *_fields(explained["who"]), "")
    for number, event in enumerate(explained.get("events", []), 1):
        yield from _event(number, event)
    for send in explained.get("not_built", []):
        yield from _not_built(send)
    yield _end(explained)
    for one in explained.get("skipped", []):
        what = f"{one['count']} event(s) of {one['account']}/{one['api']}"
        yield f"skipped: {what}: {_reason(one['reason'])}"
    for one in explained.get("left_out", []):
        yield f"left out: {one['field']} ({one['reason']}): it breaks a rule of Yespo"


def _suppress(suppress: Sequence[Json]) -> Iterator[str]:
    for one in suppress:
        if one["holds"]:
            yield f"suppressed: {one['reason']}"
        else:
            yield f"not suppressed ({one['reason']}): {_why(one)}"
    if suppress:
        yield ""


def _rules(rules: Sequence[Json], match: str | None) -> Iterator[str]:
    if not rules:
        return
    yield "rules, the first that holds" if match == "first" else "rules, all that hold"
    width = max(len(rule["name"]) for rule in rules)
    waiting = []
    for rule in rules:
        if rule["state"] == "taken":
            yield f"  YES  {rule['name']}"
        elif rule["state"] == "refused":
            yield f"  no   {rule['name']:<{width}}  {_why(rule)}"
        else:
            waiting.append(rule)
    if waiting:
        yield "  not reached: " + ", ".join(rule["name"] for rule in waiting)
        for rule in waiting:
            if rule["holds"]:
                yield f"    `{rule['name']}` would hold too, if it stood higher"
    yield ""


def _why(verdict: Json) -> str:
    """`kind == "search"` is false: kind is "product_view"  (shop.yaml:68:11)."""
    found = [
        f"{path} is absent" if value is None else f"{path} is {_value(value)}"
        for path, value in verdict["read"].items()
    ]
    word = "cannot be true" if verdict["because"] == "absent" else "is false"
    because = ": " + ", ".join(found) if found else ""
    return f"{verdict['failed']} {word}{because}  ({verdict['at']})"


def _fields(fields: Sequence[Json]) -> Iterator[str]:
    shown = [(one, _value(one["value"])) for one in fields]
    names = max((len(one["field"]) for one, _ in shown), default=0)
    values = max((min(len(value), _WIDEST) for _, value in shown), default=0)
    for one, value in shown:
        reads = [path for path in one["reads"] if path != one["expression"]]
        origin = f"<- {one['expression']}" + (f"  reads {', '.join(reads)}" if reads else "")
        short = value if len(value) <= _WIDEST else value[: _WIDEST - 4] + " ..."
        yield f"  {one['field']:<{names}}  {short:<{values}}  {origin}"


def _event(number: int, event: Json) -> Iterator[str]:
    yield f"event {number}: {event['api']} {event['event']}, by rule `{event['rule']}`"
    yield from _fields(event["fields"])
    if event["sent_until"] is not None:
        yield f"  in time until {event['sent_until']}, then {_LATE[event['when_older']]}"
    if event["conflate"]:
        yield "  left out if the next cart of the same person comes while this one waits (conflate)"
    yield f"  {event['method']} {event['url']}  ({event['bytes']} bytes)"
    yield from (f"  {line}" for line in pretty(event["body"]).splitlines())
    yield ""


def pretty(value: Any, indent: str = "") -> str:
    """Indented JSON; short values stay on their line."""
    flat = orjson.dumps(value).decode()
    if not isinstance(value, dict | list) or len(indent + flat) <= _LINE or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        parts = [inner + pretty(one, inner) for one in value]
        return "[\n" + ",\n".join(parts) + f"\n{indent}]"
    parts = [
        f"{inner}{orjson.dumps(key).decode()}: {pretty(one, inner)}" for key, one in value.items()
    ]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def _not_built(send: Json) -> Iterator[str]:
    yield f"no event: {' and '.join(send['events'])}, by rule `{send['rule']}`"
    yield from _fields(send["fields"])
    if send["missing"]:
        yield f"  {send['missing']} is required and absent"
    yield ""


def _end(explained: Json) -> str:
    events = explained.get("events", [])
    if explained["end"] == "invalid":
        where = f"goes to the dead letters: {explained['reason']} ({explained['detail']})"
        return f"end: {where}"
    if explained["end"] == "filtered":
        reason = explained["reason"]
        return f"end: nothing is sent: {_reason(reason)}"
    return f"end: {len(events)} request(s)"


_LATE = {
    "drop": "not sent any more (when_older: drop)",
    "dead_letter": "a dead letter (when_older: dead_letter)",
    "past_events": "sent as a past event (when_older: past_events)",
}
_REASONS = {
    NoEvent.NO_IDENTIFIER: "nobody is named; v2 needs an identifier, legacy a cookie",
    NoEvent.MISSING: "a required value is absent",
    NoEvent.NO_RULE: "no rule takes it",
    NoEvent.NO_EVENT: "`for` or `if` left none",
    NoEvent.TOMBSTONE: "the record has no value",
}


def _reason(reason: str) -> str:
    """A reason with its meaning; one of a `suppress` says enough by itself."""
    known = reason in frozenset(NoEvent)
    return f"{reason} ({_REASONS[NoEvent(reason)]})" if known else reason


def _value(value: Any) -> str:
    return "absent" if value is None else orjson.dumps(value).decode()
