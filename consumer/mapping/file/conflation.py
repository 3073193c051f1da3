"""The option `conflate`: of carts that follow one another while they wait, the last one says it all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from consumer.documents.findings import Finding
from consumer.mapping.file.grammar import Options, Send, Word
from consumer.mapping.file.option import Option, word_of
from consumer.yespo.spec import EventSpec, Identity


def _check(send: Send, specs: Sequence[EventSpec], defaults: Options) -> Iterator[Finding]:
    """`conflate` on an event that is no state."""
    del defaults
    word = CONFLATE.of(send.options)
    if word is None or word.text != "true":
        return
    for spec in specs:
        if not spec.traits.whole_state:
            message = (
                f"`conflate` is for carts: `{spec.name}` tells what happened, not a whole state"
            )
            yield Finding(word.place, "conflate", message, "remove it: each such event is sent")


CONFLATE: Final[Option[Word]] = Option(
    "conflate",
    "Of carts of one person that wait one behind the other, send the last alone.",
    {"enum": [True, False, "true", "false"]},
    word_of("false", "true"),
    in_defaults=False,
    fits=lambda traits: traits.whole_state,
    check=_check,
)


def is_conflated(options: Options) -> bool:
    """True if an event of a send with these options gives way to a newer one."""
    word = CONFLATE.of(options)
    return word is not None and word.text == "true"


def state_of(
    name: str, person: Identity, key_value: str | None, when_older: str
) -> tuple[str | None, ...]:
    """The identity of a state: event, person, fate. `order_by` is not enough: the mapping may choose a
    coarser one, and `keyValue` may name another person. Events that fare differently when they grow
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
