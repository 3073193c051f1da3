"""Visitors of a made-up shop: an endless, seeded stream of records for `avro/shop_click.avsc`.

They behave: a session browses before it buys, a cart is consistent with its versions, some sign in
half-way (their identity appears from then on), customers come back with their cookie. The mix comes
from a shuffled deck of kinds, so every kind occurs in any stretch of 300 records.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from consumer.sandbox.crowd import CUSTOMERS, Crowd, Visitor
from consumer.sandbox.shop_world import (
    CATEGORIES,
    CUSTOM_EVENTS,
    FRONTS,
    SEARCHES,
    Front,
    Item,
    Person,
    catalogue,
    guid,
)

Click = dict[str, Any]

# Occurrences of each kind in a hundred records.
MIX = {
    "page_view": 11,
    "category_view": 9,
    "product_view": 28,
    "search": 8,
    "impressions": 12,
    "wishlist_add": 4,
    "cart_add": 11,
    "cart_change": 3,
    "cart_remove": 3,
    "cart_clear": 1,
    "order": 4,
    "sign_up": 1,
    "sign_in": 1,
    "custom": 2,
    "product_update": 2,
}
CATALOGUE_KEY = "catalogue"

# The kind that has to happen before another can, if no visitor in the shop is ready for it.
_ENABLED_BY = {
    "wishlist_add": "product_view",
    "cart_add": "product_view",
    "cart_change": "cart_add",
    "cart_remove": "cart_add",
    "cart_clear": "cart_add",
    "order": "cart_add",
}


def key_of(record: Click) -> str:
    """The Kafka key: the visitor, so that Kafka keeps one visitor's records in order."""
    visitor_id: str | None = record["visitor_id"]
    return visitor_id or CATALOGUE_KEY


class Visitors:
    """`Visitors(seed, now_ms).records()`: the same seed and the same times give the same records.

    `now_ms` gives epoch milliseconds. `event_time` is an int of epoch milliseconds, which fastavro
    writes as it is; one visitor's times grow strictly. `seq` counts a visitor's records from 1.
    """

    def __init__(self, seed: int, now_ms: Callable[[], int]) -> None:
        self._rng = rng = Random(seed)
        self._now_ms = now_ms
        self._items = catalogue(rng)
        self._by_category = [
            [item for item in self._items if item.category == number]
            for number in range(len(CATEGORIES))
        ]
        self._shown = [{item.sku: _shown(item, front) for item in self._items} for front in FRONTS]
        self._crowd = Crowd(rng)
        self._customers = CUSTOMERS
        self._orders = 0
        self._catalogue_seq = 0
        self._catalogue_ms = 0
        self._acts: dict[str, Callable[[Visitor, Click], None]] = {
            "page_view": self._page_view,
            "category_view": self._category_view,
            "product_view": self._product_view,
            "search": self._search,
            "impressions": self._impressions,
            "wishlist_add": self._wishlist_add,
            "cart_add": self._cart_add,
            "cart_change": self._cart_change,
            "cart_remove": self._cart_remove,
            "cart_clear": self._cart_clear,
            "order": self._order,
            "sign_up": self._sign_up,
            "sign_in": self._sign_in,
            "custom": self._custom,
        }

    def records(self) -> Iterator[Click]:
        """Endless."""
        deck = [kind for kind, share in MIX.items() for _ in range(share)]
        while True:
            self._rng.shuffle(deck)
            for kind in deck:
                yield from self._deal(kind)

    def _deal(self, kind: str) -> Iterator[Click]:
        if kind == "product_update":
            yield self._product_update()
            return
        while (visitor := self._crowd.somebody_who_can(kind)) is None:
            yield from self._deal(_ENABLED_BY[kind])
        record = self._begin(kind, visitor)
        self._acts[kind](visitor, record)
        yield record

    # -- the envelope

    def _begin(self, kind: str, visitor: Visitor) -> Click:
        rng = self._rng
        visitor.seq += 1
        visitor.last_ms = max(visitor.last_ms + 1, self._now_ms() - int(rng.random() * 1500))
        front = FRONTS[visitor.front]
        person = visitor.person
        user = person.user if person is not None and visitor.signed_in else None
        record = _record(kind, guid(rng), visitor.seq, visitor.last_ms, front)
        record["visitor_id"] = visitor.cookie
        record["session_id"] = visitor.session_id
        record["user"] = user
        record["consent"] = visitor.consent
        record["device"] = visitor.device
        return record

    def _at(self, visitor: Visitor, record: Click, path: str, title: str | None) -> None:
        url = f"https://{FRONTS[visitor.front].host}/{path}"
        record["page"] = {"url": url, "title": title, "referrer_url": visitor.url}
        visitor.url = url

    # -- what visitors do

    def _page_view(self, visitor: Visitor, record: Click) -> None:
        path, title = self._rng.choice((("", "Shop"), ("sale", "Розпродаж −50 %"), ("faq", None)))
        self._at(visitor, record, path, title)

    def _category_view(self, visitor: Visitor, record: Click) -> None:
        visitor.category = self._rng.randrange(len(CATEGORIES))
        number, name, path = CATEGORIES[visitor.category]
        self._at(visitor, record, f"c/{number}", name)
        record["category"] = {"id": number, "name": name, "path": list(path)}

    def _product_view(self, visitor: Visitor, record: Click) -> None:
        rng = self._rng
        items = self._items if visitor.category is None else self._by_category[visitor.category]
        visitor.product = item = items[int(rng.random() * len(items))]
        self._at(visitor, record, f"p/{item.sku}", item.name)
        record["product"] = self._product(visitor, item)

    def _search(self, visitor: Visitor, record: Click) -> None:
        rng = self._rng
        query = rng.choice(SEARCHES)
        self._at(visitor, record, "search", None)
        record["search"] = {"query": query, "results": rng.choice((0, 1, 12, 240))}
        visitor.category = None

    def _impressions(self, visitor: Visitor, record: Click) -> None:
        rng = self._rng
        blocks = rng.sample((("1253", 963, 1317), ("1254", 335, 507), ("1254", 335, 508)), 2)
        slots = [
            {
                "sku": self._items[int(rng.random() * len(self._items))].sku,
                "block": block,
                "recom": recom,
                "variant": variant,
                "position": position,
            }
            for block, recom, variant in blocks[: rng.randrange(1, 3)]
            for position in range(1, 4)
        ]
        rng.shuffle(slots)
        self._at(visitor, record, "", "Shop")
        record["impressions"] = slots

    def _wishlist_add(self, visitor: Visitor, record: Click) -> None:
        assert visitor.product is not None
        visitor.wishes += 1
        self._at(visitor, record, f"p/{visitor.product.sku}", visitor.product.name)
        record["product"] = self._product(visitor, visitor.product)
        record["wishlist"] = {"id": f"w-{visitor.cookie[:8]}", "size": visitor.wishes}

    def _cart_add(self, visitor: Visitor, record: Click) -> None:
        item = visitor.product
        assert item is not None
        for line in visitor.lines:
            if line["sku"] == item.sku:
                line["quantity"] += 1
                break
        else:
            visitor.lines.append(self._line(visitor, item, self._rng.choice((1, 1, 1, 2))))
        self._cart(visitor, record)

    def _cart_change(self, visitor: Visitor, record: Click) -> None:
        self._rng.choice(visitor.lines)["quantity"] = self._rng.randrange(1, 6)
        self._cart(visitor, record)

    def _cart_remove(self, visitor: Visitor, record: Click) -> None:
        visitor.lines.pop(self._rng.randrange(len(visitor.lines)))
        self._cart(visitor, record)

    def _cart_clear(self, visitor: Visitor, record: Click) -> None:
        visitor.lines.clear()
        self._cart(visitor, record)

    def _cart(self, visitor: Visitor, record: Click) -> None:
        visitor.cart_version += 1
        self._at(visitor, record, "cart", None)
        record["cart"] = {
            "id": visitor.cart_id,
            "version": visitor.cart_version,
            "currency": FRONTS[visitor.front].currency,
            "items": [line.copy() for line in visitor.lines],
        }

    def _order(self, visitor: Visitor, record: Click) -> None:
        rng = self._rng
        self._orders += 1
        block = None
        cart_id, cart_version, lines = visitor.cart_id, visitor.cart_version, visitor.lines
        if visitor.product is not None and rng.random() < 0.3:
            # One click: the product at hand, past the cart, which stays as it is.
            block = "1253_r963v1317"
            cart_id, cart_version = guid(rng), 1
            lines = [self._line(visitor, visitor.product, 1)]
        else:
            visitor.cart_id, visitor.cart_version, visitor.lines = guid(rng), 0, []
        total = sum(
            line["quantity"] * (line["unit_price"] - (line["discount"] or 0)) for line in lines
        )
        self._at(visitor, record, "thank-you", None)
        record["order"] = {
            "number": f"{self._orders}/2026",
            "cart_id": cart_id,
            "cart_version": cart_version,
            "currency": FRONTS[visitor.front].currency,
            "items": [line.copy() for line in lines],
            "total": round(total, 2),
            "one_click_block": block,
        }

    def _sign_up(self, visitor: Visitor, record: Click) -> None:
        self._customers += 1
        number = self._customers
        front = FRONTS[visitor.front]
        user = {
            "id": f"C-{number:06d}",
            "email": f"new.{number}@{front.host}",
            "phone": None,
            "first_name": self._rng.choice(("Марія", "Jörg", "Žofia", "Ada")),
            "last_name": None,
            "contact_id": None,
            "push_token": None,
        }
        visitor.person = Person(number, user, front, visitor.cookie, None)
        self._sign_in(visitor, record)

    def _sign_in(self, visitor: Visitor, record: Click) -> None:
        assert visitor.person is not None
        visitor.signed_in = True
        record["user"] = visitor.person.user
        self._at(visitor, record, "account", None)

    def _custom(self, visitor: Visitor, record: Click) -> None:
        name = self._rng.choice(CUSTOM_EVENTS)
        self._at(visitor, record, "", "Shop")
        record["custom"] = {"name": name, "attributes": {"place": "header", "lang": "uk"}}

    def _product_update(self) -> Click:
        rng = self._rng
        self._catalogue_seq += 1
        self._catalogue_ms = max(self._catalogue_ms + 1, self._now_ms())
        front = rng.randrange(len(FRONTS))
        record = _record(
            "product_update", guid(rng), self._catalogue_seq, self._catalogue_ms, FRONTS[front]
        )
        changed = rng.sample(self._items, rng.randrange(1, 4))
        record["catalogue"] = [
            {**self._shown[front][item.sku], "stock": rng.choice((0, 3, 40))} for item in changed
        ]
        return record

    # -- products

    def _product(self, visitor: Visitor, item: Item) -> Click:
        shown = self._shown[visitor.front][item.sku].copy()
        shown["stock"] = self._rng.choice((0, 1, 7, 120))
        return shown

    def _line(self, visitor: Visitor, item: Item, quantity: int) -> Click:
        shown = self._shown[visitor.front][item.sku]
        full, now = shown["old_price"] or shown["price"], shown["price"]
        return {
            "sku": item.sku,
            "name": item.name,
            "category": shown["category"],
            "quantity": quantity,
            "unit_price": full,
            "discount": round(full - now, 2) if full != now else None,
        }


def _record(kind: str, event_id: str, seq: int, event_time: int, front: Front) -> Click:
    """A record with its envelope filled and everything else empty."""
    return {
        "event_id": event_id,
        "seq": seq,
        "kind": kind,
        "event_time": event_time,
        "visitor_id": None,
        "session_id": None,
        "user": None,
        "consent": {"marketing": None, "updated": None},
        "site": front.site,
        "device": None,
        "page": None,
        "product": None,
        "category": None,
        "cart": None,
        "order": None,
        "search": None,
        "impressions": [],
        "wishlist": None,
        "catalogue": [],
        "custom": None,
    }


def _shown(item: Item, front: Front) -> Click:
    """The product as this front shows it; `stock` is filled in later."""
    number, _, path = CATEGORIES[item.category]
    full = round(item.base_price * front.rate, 2)
    price = full if item.discount is None else round(full * (1 - item.discount), 2)
    return {
        "sku": item.sku,
        "name": item.name,
        "brand": item.brand,
        "category": " > ".join(path),
        "category_ids": [number],
        "price": price,
        "old_price": full if price != full else None,
        "currency": front.currency,
        "stock": 0,
        "url": f"https://{front.host}/p/{item.sku}",
        "image_url": f"https://{front.host}/img/{item.sku}.jpg",
        "description": None,
        "properties": item.properties,
    }
