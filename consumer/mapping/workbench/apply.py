"""`mapping apply`: what many records become, each as a line of JSON."""

from typing import Any

from consumer.errors import InvalidRecord
from consumer.mapping.workbench.explain import Explainer
from consumer.model import Decoded, Record

_OF_EVENTS = ("api", "account", "event", "rule", "body")
_OF_ENDS = ("reason", "detail", "skipped", "left_out")


def applied(
    explainer: Explainer, record: Record, decoded: Decoded | InvalidRecord
) -> dict[str, Any]:
    """The end of a record and its events: `explain` without the reasons, and so masked as it is."""
    if isinstance(decoded, InvalidRecord):
        return {"end": "invalid", "reason": decoded.reason, "detail": decoded.detail, "events": []}
    found = explainer.explain(record, decoded)
    more = {name: found[name] for name in _OF_ENDS if found.get(name)}
    events = [{name: one[name] for name in _OF_EVENTS} for one in found.get("events", [])]
    return {"end": found["end"], **more, "events": events}
