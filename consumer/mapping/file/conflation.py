"""`conflate`: of carts that follow one another while they wait, the last one says it all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from consumer.documents.findings import Finding
from consumer.mapping.file import grammar
from consumer.yespo.spec import EventSpec, Identity


def check(send: grammar.Send, specs: Sequence[EventSpec]) -> Iterator[Finding]:
    """`conflate` on an event that is no state."""
    word = send.conflate
    if word is None or word.text != "true":
        return
    for spec in specs:
        if not spec.traits.whole_state:
            message = (
                f"`conflate` is for carts: `{spec.name}` tells what happened, not a whole state"
            )
            yield Finding(word.place, "conflate", message, "remove it: each such event is sent")


def state_of(
    name: str, person: Identity, key_value: str | None, when_older: str
) -> tuple[str | None, ...]:
    """Whose state an event tells. `order_by` alone does not say it: the mapping may have chosen a
    coarser one, and `keyValue` may name somebody else. Events that fare differently when they grow
    too old must not stand for one another either."""
    return (
        name,
        key_value,
        when_older,
        person.cookie,
        person.external_customer_id,
        person.contact_id,
        person.push_token,
        person.email,
        person.phone,
    )
