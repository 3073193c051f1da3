"""Guesses which field says what happened, and which of Yespo's events each of its values is."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from consumer.mapping.language.types import Record, Text, Union, short
from consumer.mapping.workbench.draft.fields import Base, Keys, Leaf, leaves
from consumer.mapping.workbench.draft.guesses import Level
from consumer.mapping.workbench.draft.values import Values, at
from consumer.mapping.workbench.draft.words import words_of


class Topic(StrEnum):
    """A thing that happens in a shop and that Yespo has an event for."""

    PAGE = "page viewed"
    CATEGORY = "category viewed"
    PRODUCT = "product viewed"
    SEARCH = "searched"
    IMPRESSIONS = "recommendations shown"
    WISHLIST = "added to wish list"
    CART = "cart"
    ORDER = "order"
    ORDER_CANCELLED = "order cancelled"
    ORDER_DELIVERED = "order delivered"
    CUSTOMER = "customer data"
    CUSTOM = "event of our own"
    CATALOGUE = "catalogue"


Holds = Callable[[Any], bool]
"""True if a decoded record is of a kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one kind of event: those for which `holds` is true.

    `field` is the path of what says so, `name` its value. `within` are the fields of a record of their
    own, of a union.
    """

    topic: Topic
    field: str
    name: str
    level: Level
    why: str
    holds: Holds
    within: tuple[Leaf, ...] = ()


def condition(same: Sequence[Kind], *, negated: bool = False) -> str:
    """The condition that takes these kinds, all by the same field; empty where all records are meant."""
    first = same[0]
    if not first.field:
        return ""
    if first.within:
        return f"{first.field} is {'not ' if negated else ''}{first.name}"
    if len(same) == 1:
        return f'{first.field} {"!=" if negated else "=="} "{first.name}"'
    listed = ", ".join(f'"{one.name}"' for one in same)
    return f"{first.field} {'not ' if negated else ''}in [{listed}]"


_VIEW = frozenset(
    "view viewed seen open opened visit visited look looked detail shown pageview".split()  # noqa: SIM905
)
_NAMES = {
    *(("event",), ("event", "name"), ("event", "type"), ("type",), ("kind",), ("action",)),
    *(("name",), ("event", "kind"), ("event", "action"), ("activity",), ("activity", "type")),
    *(("action", "type"), ("hit", "type"), ("event", "key"), ("event", "code")),
}
_WORD = re.compile(r"[\w][\w .:/-]{0,59}")
MOST_KINDS = 80
_USUAL: dict[tuple[str, ...], tuple[str, ...]] = {
    ("event", "name"): (
        *("page_view", "view_item", "view_item_list", "search", "view_promotion"),
        *("add_to_wishlist", "view_cart", "purchase", "login", "sign_up"),
    ),
    ("event",): (
        *("Product Viewed", "Product List Viewed", "Products Searched", "Cart Viewed"),
        *("Product Added to Wishlist", "Order Completed", "Order Cancelled"),
    ),
}
"""The names of Google Analytics 4 and of Segment's specification, for lack of records."""


def topic_of(name: str) -> Topic | None:  # noqa: C901  # a line per topic
    """The vendor's event of a kind called so: `cart_add`, `OfferSeen`, `Product Viewed`."""
    words = frozenset(words_of(name.replace("signup", "sign_up")))
    if words & {"failed", "error", "abandoned", "declined", "refund", "refunded", "out", "logout"}:
        return None
    view = bool(words & _VIEW) or words == {"page"}
    if words & {"wish", "wishlist", "favourite", "favorite", "liked", "like"}:
        return None if words & {"remove", "removed", "delete", "view", "viewed"} else Topic.WISHLIST
    if words & {"cart", "basket"}:
        return Topic.CART
    changed = bool(words & {"update", "updated", "change", "changed", "import", "imported"})
    if changed and words & {"product", "catalog", "catalogue", "offer", "stock", "price", "item"}:
        return Topic.CATALOGUE
    if words & {"order", "purchase", "purchased", "transaction", "bought"}:
        return _of_order(words, changed=changed)
    if words & {"search", "searched"}:
        return Topic.SEARCH
    if words & {"impression", "recommendation", "recom", "promotion", "block"}:
        return None if words & {"click", "clicked", "select", "selected"} else Topic.IMPRESSIONS
    if "list" in words and not words & {"item", "product"}:
        return Topic.IMPRESSIONS if view else None
    if view and words & {"category", "list", "section", "plp", "collection"}:
        return Topic.CATEGORY
    if view and words & {"product", "item", "offer", "good", "sku", "pdp", "article"}:
        return Topic.PRODUCT
    if view and words & {"page", "screen", "pageview"}:
        return Topic.PAGE
    if words & {"login", "identify", "identified", "registration", "registered", "register"}:
        return Topic.CUSTOMER
    if words & {"sign", "signed", "logged"} and words & {"in", "up"}:
        return Topic.CUSTOMER
    return Topic.CUSTOM if words in ({"custom"}, {"custom", "event"}) else None


def _of_order(words: frozenset[str], *, changed: bool) -> Topic | None:
    if words & {"cancel", "cancelled", "canceled"}:
        return Topic.ORDER_CANCELLED
    if words & {"delivered", "delivery"}:
        return Topic.ORDER_DELIVERED
    others = {"shipped", "paid", "returned", "history", "status", "list", *_VIEW}
    return None if changed or words & others else Topic.ORDER


def kinds(record: Record, fields: Sequence[Leaf], keys: Keys, values: Values) -> list[Kind]:
    """Every kind that one of Yespo's events is known for, by whatever field says so.

    Where no field does, the record's own name may: a topic with one kind of event.
    """
    found = list(_of_unions(fields, keys))
    for texts in _separating(fields, values):
        known = {one.topic for one in found}
        found += [one for one in texts if one.topic not in known]
    if not found and (topic := topic_of(short(record.name))):
        name = short(record.name)
        why = f"every record is a `{name}`"
        within = tuple(leaves(record, keys, Base(names=(name,))))
        found.append(Kind(topic, "", name, Level.SURE, why, lambda _: True, within))
    return found


def _of_unions(fields: Sequence[Leaf], keys: Keys) -> Iterator[Kind]:
    """The records of a union, each a kind."""
    unions = [leaf for leaf in fields if isinstance(leaf.type, Union)]
    if not unions:
        return
    leaf = max(unions, key=lambda one: len(one.type.records) if isinstance(one.type, Union) else 0)
    assert isinstance(leaf.type, Union)
    for record in leaf.type.records:
        topic, name = topic_of(short(record.name)), short(record.name)
        if topic is None:
            continue
        step = f"<{record.name}>"
        base = Base(leaf.path, (*leaf.steps, step), (*leaf.names, name), leaf.guards)
        within = tuple(leaves(record, keys, base))
        why = f"the record is called `{name}`"
        yield Kind(topic, leaf.path, name, Level.SURE, why, _is(base.steps), within)


def _is(steps: Sequence[str]) -> Holds:
    return lambda record: any(True for _ in at(record, steps))


def _separating(fields: Sequence[Leaf], values: Values) -> list[list[Kind]]:
    """By field the kinds that its texts are, the field with the most first."""
    found = []
    for leaf in fields:
        if isinstance(leaf.type, Text) and len(leaf.names) <= 3:
            made = list(_of_texts(leaf, values))
            if len(made) > 1 or (made and leaf.words in _NAMES):
                found.append(made)
    return sorted(found, key=len, reverse=True)[:2]


def _of_texts(leaf: Leaf, values: Values) -> Iterator[Kind]:
    texts, level, why = _texts(leaf, values)
    if len(texts) > MOST_KINDS:
        return
    for text in texts:
        topic = topic_of(text) if _WORD.fullmatch(text) else None
        if topic is not None:
            yield Kind(topic, leaf.path, text, level, f"{why} `{text}`", _has(leaf, text))


def _has(leaf: Leaf, text: str) -> Holds:
    return lambda record: text in at(record, leaf.steps)


def _texts(leaf: Leaf, values: Values) -> tuple[Sequence[str], Level, str]:
    """The texts that a field can be, and how that is known."""
    assert isinstance(leaf.type, Text)
    if leaf.type.symbols is not None:
        return leaf.type.symbols, Level.SURE, "a symbol of the schema says"
    if leaf.words not in _NAMES:
        return (), Level.UNSURE, ""
    if len(values):
        return sorted({str(one) for one in values.of(leaf)}), Level.SURE, "records have the value"
    return _USUAL.get(leaf.words, ()), Level.LIKELY, "a usual name; do your records have"
