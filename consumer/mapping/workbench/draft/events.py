"""Drafts the rule of each topic: the event that it becomes, and the fields that fill it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from consumer.mapping.language.types import Array, Text
from consumer.mapping.workbench.draft import targets
from consumer.mapping.workbench.draft.event import (
    Event,
    ProductField,
    id_of,
    missing,
    products,
    proofs_of,
)
from consumer.mapping.workbench.draft.fields import Leaf
from consumer.mapping.workbench.draft.guesses import Guess, Level
from consumer.mapping.workbench.draft.kinds import Kind, Topic, condition
from consumer.mapping.workbench.draft.pieces import Piece, of_guess
from consumer.mapping.workbench.draft.scope import Found, Scope, least
from consumer.mapping.workbench.draft.words import words_of

NOUNS: Mapping[Topic, frozenset[str]] = {
    Topic.PAGE: frozenset({"page", "screen"}),
    Topic.CATEGORY: frozenset({"category"}),
    Topic.PRODUCT: frozenset({"product", "item", "offer"}),
    Topic.SEARCH: frozenset({"search"}),
    Topic.IMPRESSIONS: frozenset({"impression", "recommendation", "block"}),
    Topic.WISHLIST: frozenset({"product", "item", "offer"}),
    Topic.CART: frozenset({"cart", "basket"}),
    Topic.ORDER: frozenset({"order", "purchase", "transaction", "checkout"}),
    Topic.ORDER_CANCELLED: frozenset({"order", "purchase", "transaction"}),
    Topic.ORDER_DELIVERED: frozenset({"order", "purchase", "transaction"}),
    Topic.CUSTOMER: frozenset(),
    Topic.CUSTOM: frozenset({"custom"}),
    Topic.CATALOGUE: frozenset({"catalogue", "catalog", "product", "offer"}),
}
"""The subject of a topic: the names of the parts of a record that belong to it."""

_STEPS = frozenset({"add", "added", "remove", "removed", "delete", "deleted"})
_SHOWN_IN = ("shown", "slot", "entry")
_LINES = ("line", "entry", "element")


def rule(same: Sequence[Kind], scope: Scope, name: str) -> Piece:
    """The rule for kinds of one topic. It is off where the topic's event cannot be filled."""
    first = same[0]
    shown = " or ".join(f"`{kind.name}`" for kind in same[:3]) if len(same) > 1 else ""
    note = f"these are {first.topic}: {shown}" if shown else first.why
    piece = Piece("- name:", name, note, min(kind.level for kind in same), is_word=True)
    if first.topic is Topic.CART and (doubt := _parts_of_cart(same, scope)):
        piece.off, piece.level, piece.note = True, Level.UNSURE, doubt
    event = _MAKERS[first.topic](scope)
    if event.may_lack:
        event.head.children.append(
            Piece("on_missing:", "skip", "where a value is not what it should be", is_word=True)
        )
    asked = [*([condition(same)] if first.field else []), *dict.fromkeys(event.proofs)]
    if asked:
        piece.children.append(Piece("when:", " and ".join(asked), required=True))
    piece.children.append(Piece("send:", required=True, children=[event.head]))
    return piece


def _parts_of_cart(same: Sequence[Kind], scope: Scope) -> str:
    """The reason why the record may hold a part of the cart only; empty where it holds all of it."""
    loop = scope.loop(_LINES)
    if loop is None or {"cart", "basket"} & {*loop.leaf.within(), *loop.leaf.words}:
        return ""
    if same[0].within or not any(_STEPS & set(words_of(kind.name)) for kind in same):
        return ""
    return "Yespo takes the whole cart each time; does the record hold it, or what was added?"


_CONTAINER = re.compile(r"(?:.*_)?r[0-9A-Za-z]+v[0-9A-Za-z]+")


def _event(head: str, name: str) -> Event:
    return Event(Piece(f"- {head}:", name, is_word=True, required=True), [])


def _page(scope: Scope) -> Event:
    event = _event("v2", "pageViewed")
    page = Piece("page:", required=True)
    event.add_to(page, "location:", scope.best(targets.URL), required=True)
    event.head.children.append(page)
    return event


def _category(scope: Scope) -> Event:
    event = _event("both", "category_viewed")
    category = Piece("category:", required=True)
    found = scope.best(targets.CATEGORY_ID) or _last_of_path(scope)
    event.add_to(category, "id:", found, required=True)
    event.head.children.append(category)
    return event


def _last_of_path(scope: Scope) -> Found | None:
    """A category that is known by its path from the root."""
    for leaf in scope.own_fields:
        is_path = leaf.words in {("path",), ("category", "path"), ("breadcrumb",)}
        if is_path and isinstance(leaf.type, Array) and isinstance(leaf.type.item.type, Text):
            why = "the last part of the path"
            guess = Guess(f"last({leaf.path})", Level.LIKELY, why, leaf.guards, may_lack=True)
            return Found(leaf, guess)
    return None


def _product(scope: Scope, name: str) -> Event:
    event = _event("both", name)
    product = Piece("product:", required=True)
    event.head.children.append(product)
    found = scope.best(targets.PRODUCT_ID)
    near = found.leaf if found else None
    event.add_to(product, "id:", found, required=True)
    event.add_to(product, "price:", scope.best(targets.PRICE, near), required=True)
    event.add_to(product, "currency:", scope.best(targets.CURRENCY, near))
    event.add_to(product, "in_stock:", scope.best(targets.IN_STOCK, near))
    properties = Piece("properties:")
    if event.add_to(properties, "brand:", scope.best(targets.BRAND, near)):
        product.children.append(properties)
    return event


def _search(scope: Scope) -> Event:
    event = _event("both", "searched")
    event.add("query:", scope.best(targets.QUERY), required=True)
    event.add("found:", scope.best(targets.FOUND))
    return event


def _state(scope: Scope) -> Found | None:
    """The identity of a cart's state: its id and version, so that the order can name it again."""
    cart, version = scope.best(targets.CART_ID), scope.best(targets.CART_VERSION)
    if cart is None or version is None:
        return None
    both = cart.guess, version.guess
    expression = f"uuid({cart.guess.expression}, {version.guess.expression})"
    proofs = (*cart.guess.proofs, *version.guess.proofs)
    lacks = any(guess.may_lack for guess in both)
    why = "the cart's own id and version"
    return Found(cart.leaf, Guess(expression, least(*both), why, proofs, lacks))


_EACH_RECORD = "uuid(kafka.topic, kafka.partition, kafka.offset)"


def _cart(scope: Scope) -> Event:
    event = _event("both", "cart_updated")
    state = _state(scope)
    if state is None:
        why = "no id with a version was found: each record is a state of its own"
        made = Piece("state:", _EACH_RECORD, why, Level.LIKELY, required=True)
        event.head.children.append(made)
    else:
        event.add("state:", state, required=True)
    loop = scope.loop(_LINES)
    inner = loop.inner if loop else None
    currency = scope.best(targets.CURRENCY, loop.leaf if loop else None)
    price = inner.best(targets.PRICE, id_of(inner)) if inner else None
    near = price.leaf if price else None
    if currency is None and loop and inner and (of_line := inner.best(targets.CURRENCY, near)):
        expression = f"first([{of_line.guess.expression} for {loop.source}])"
        currency = Found(
            of_line.leaf, Guess(expression, Level.LIKELY, "the currency of the first line")
        )
    event.add("currency:", currency)
    fields = (
        ProductField("id:", targets.PRODUCT_ID, required=True),
        ProductField("quantity:", targets.QUANTITY, required=True),
        ProductField("price:", targets.PRICE, required=True),
        ProductField("discount:", targets.DISCOUNT),
        ProductField("name:", targets.LINE_NAME),
        ProductField("category:", targets.LINE_CATEGORY),
    )
    event.head.children.append(products("products:", event, loop, fields))
    return event


def _impressions(scope: Scope) -> Event:
    event = _event("both", "product_impressions")
    loop = scope.loop(_SHOWN_IN)
    fields = (ProductField("id:", targets.PRODUCT_ID, required=True),)
    if loop and loop.inner and (by := _container(loop.inner)):
        event.proofs += proofs_of(loop)
        head = event.head.children
        head.append(Piece("for:", loop.source, "one event per block", required=True))
        asked = [*loop.opens, *by.proofs]
        if asked:
            head.append(Piece("if:", " and ".join(dict.fromkeys(asked)), required=True))
        head.append(of_guess("by:", by, required=True))
        head.append(Piece("container:", "key", required=True))
        source = f"{loop.variable} in items"
        head.append(products("products:", event, loop, fields, source))
        return event
    container = _container(scope)
    if container is None:
        event.head.children.append(missing("container:"))
    else:
        event.proofs += container.proofs
        event.may_lack |= container.may_lack
        event.head.children.append(of_guess("container:", container, required=True))
    event.head.children.append(products("products:", event, loop, fields))
    return event


def _container(scope: Scope) -> Guess | None:
    """The recommendation block with its variant, as Yespo's recommendation request names them."""
    parts = [
        scope.best(target) for target in (targets.BLOCK, targets.RECOMMENDATION, targets.VARIANT)
    ]
    found = [part.guess for part in parts if part is not None]
    if len(found) == 3:
        block, recommendation, variant = (guess.expression for guess in found)
        proofs = tuple(proof for guess in found for proof in guess.proofs)
        expression = f'f"{{{block}}}_r{{{recommendation}}}v{{{variant}}}"'
        if "[" not in expression:
            why = "block, recommendation and variant"
            return Guess(expression, Level.SURE, why, proofs)
    whole = scope.best(targets.CONTAINER)
    if whole is None:
        return None
    guess = whole.guess
    if scope.all_are(whole.leaf, _CONTAINER):
        why = "its values name block and variant of a recommendation"
        return Guess(guess.expression, Level.SURE, why, guess.proofs, guess.may_lack)
    why = "has to be like 1253_r963v1317: block and variant of the recommendation"
    return Guess(guess.expression, Level.UNSURE, why, guess.proofs, guess.may_lack)


def _order(scope: Scope) -> Event:
    event = _event("legacy", "PurchasedItems")
    event.add("GUID:", _state(scope))
    event.add("OrderNumber:", scope.best(targets.ORDER_NUMBER), required=True)
    fields = (
        ProductField("product_id:", targets.PRODUCT_ID, required=True),
        ProductField("quantity:", targets.QUANTITY, required=True),
        ProductField("unit_price:", targets.PRICE, required=True),
    )
    event.head.children.append(products("Products:", event, scope.loop(_LINES), fields))
    return event


def _order_ended(name: str) -> Callable[[Scope], Event]:
    def make(scope: Scope) -> Event:
        event = _event("v2", name)
        event.add("externalOrderId:", scope.best(targets.ORDER_NUMBER), required=True)
        return event

    return make


def _customer(_: Scope) -> Event:
    return _event("legacy", "CustomerData")


def _custom(scope: Scope) -> Event:
    event = _event("legacy", "CustomEvent")
    event.add("EventName:", scope.best(targets.CUSTOM_NAME), required=True)
    return event


def _catalogue(scope: Scope) -> Event:
    event = _event("legacy", "ProductUpdate")
    fields = (
        ProductField("product_id:", targets.PRODUCT_ID, required=True),
        ProductField("isInStock:", targets.IN_STOCK, required=True),
        ProductField("unit_price:", targets.PRICE),
        ProductField("price_currency_code:", targets.CURRENCY),
        ProductField("tag_oldprice:", targets.OLD_PRICE),
        ProductField("name:", targets.LINE_NAME),
        ProductField("brand:", targets.BRAND),
        ProductField("description:", targets.DESCRIPTION),
        ProductField("url:", targets.LINK),
        ProductField("imgurl:", targets.IMAGE),
        ProductField("category:", targets.LINE_CATEGORY),
        ProductField("category_id:", targets.CATEGORY_IDS),
    )
    loop = scope.loop(("offer", "changed", "entry"))
    event.head.children.append(products("ProductUpdate:", event, loop, fields))
    if loop is not None and isinstance(loop.leaf.type, Array):
        event.proofs.append(f"length({loop.leaf.path}) > 0")
    return event


_MAKERS: Mapping[Topic, Callable[[Scope], Event]] = {
    Topic.PAGE: _page,
    Topic.CATEGORY: _category,
    Topic.PRODUCT: lambda scope: _product(scope, "product_viewed"),
    Topic.SEARCH: _search,
    Topic.IMPRESSIONS: _impressions,
    Topic.WISHLIST: lambda scope: _product(scope, "added_to_wishlist"),
    Topic.CART: _cart,
    Topic.ORDER: _order,
    Topic.ORDER_CANCELLED: _order_ended("orderCancelled"),
    Topic.ORDER_DELIVERED: _order_ended("orderDelivered"),
    Topic.CUSTOMER: _customer,
    Topic.CUSTOM: _custom,
    Topic.CATALOGUE: _catalogue,
}


def groups(found: Sequence[Kind]) -> Iterator[tuple[str, list[Kind]]]:
    """Kinds of one topic together, with the name of their rule; records of a union each alone."""
    for topic in Topic:
        same = [kind for kind in found if kind.topic is topic]
        whole = [kind for kind in same if not kind.within]
        by_field: dict[str, list[Kind]] = {}
        for kind in whole:
            by_field.setdefault(kind.field, []).append(kind)
        lists = [*by_field.values(), *([kind] for kind in same if kind.within)]
        for number, one in enumerate(lists, 1):
            yield (topic.value if number == 1 else f"{topic.value} {number}"), one


def usable(leaf: Leaf) -> bool:
    """False for what a path cannot be written for in a text of a condition."""
    return len(leaf.path) < 200
