"""The visitors in the shop at the moment: they come, stay for a session, and some come back."""

from random import Random
from typing import Any

from consumer.sandbox.shop_world import DEVICES, FRONTS, Item, Person, guid, people

ACTIVE = 64
CUSTOMERS = 400
RETURNING = 0.35
"""Share of the sessions that a customer with an account begins (with the cookie of last time)."""

_NEEDS_LINES = frozenset(("cart_change", "cart_remove", "cart_clear", "order"))
_NEEDS_PRODUCT = frozenset(("cart_add", "wishlist_add"))


class Visitor:
    """Somebody in the shop, and what they have in front of them."""

    __slots__ = (
        "cart_id",
        "cart_version",
        "category",
        "consent",
        "cookie",
        "device",
        "front",
        "last_ms",
        "left",
        "lines",
        "person",
        "product",
        "seq",
        "session_id",
        "signed_in",
        "url",
        "wishes",
    )

    def __init__(
        self, cookie: str, front: int, person: Person | None, consent: bool | None
    ) -> None:
        self.cookie = cookie
        self.front = front
        self.person = person
        self.consent: dict[str, Any] = {"marketing": consent, "updated": None}
        self.device = DEVICES[0]
        self.seq = 0
        self.last_ms = 0
        self.left = 0
        self.session_id = ""
        self.signed_in = False
        self.url: str | None = None
        self.category: int | None = None
        self.product: Item | None = None
        self.cart_id = ""
        self.cart_version = 0
        self.lines: list[dict[str, Any]] = []
        self.wishes = 0

    def can(self, kind: str) -> bool:
        """True if this kind of record makes sense for them now."""
        if kind in _NEEDS_LINES:
            return bool(self.lines)
        if kind in _NEEDS_PRODUCT:
            return self.product is not None
        if kind == "sign_in":
            return self.person is not None and not self.signed_in
        if kind == "sign_up":
            return self.person is None
        return True


class Crowd:
    """A fixed number of visitors at a time; who leaves makes room for the next."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._away = [
            Visitor(person.cookie, FRONTS.index(person.front), person, person.consent)
            for person in people(rng, CUSTOMERS)
        ]
        self._inside = [self._arrive(rng.random() < RETURNING) for _ in range(ACTIVE)]

    def somebody_who_can(self, kind: str) -> Visitor | None:
        """A visitor for whom this kind makes sense now, if there is one; to sign in or up,
        a fitting visitor comes in where there is none."""
        inside = self._inside
        start = int(self._rng.random() * ACTIVE)
        for place in (*range(start, ACTIVE), *range(start)):
            if inside[place].can(kind):
                return self._stay(place)
        if kind in ("sign_in", "sign_up"):
            self._leave(start, self._arrive(kind == "sign_in", signed_in=False))
            return self._stay(start)
        return None

    def _stay(self, place: int) -> Visitor:
        """The visitor at this place, who has used up one step of the session."""
        visitor = self._inside[place]
        visitor.left -= 1
        if visitor.left <= 0:
            self._leave(place, self._arrive(self._rng.random() < RETURNING))
        return visitor

    def _leave(self, place: int, successor: Visitor) -> None:
        gone = self._inside[place]
        self._inside[place] = successor
        # Those who signed up here do not come back: the crowd stays of constant size.
        if gone.person is not None and gone.person.number <= CUSTOMERS:
            self._away.append(gone)

    def _arrive(self, known: bool, signed_in: bool | None = None) -> Visitor:
        rng = self._rng
        if known:
            visitor = self._away.pop(rng.randrange(len(self._away)))
        else:
            consent = rng.choice((True, True, True, True, False, None))
            front = rng.choices(range(len(FRONTS)), [front.weight for front in FRONTS])[0]
            visitor = Visitor(guid(rng), front, None, consent)
        visitor.signed_in = known and (rng.random() < 0.4 if signed_in is None else signed_in)
        visitor.session_id = f"{rng.getrandbits(64):016x}"
        if not visitor.seq:  # a cookie lives in one browser
            visitor.device = rng.choice(DEVICES)
        visitor.left = rng.randrange(6, 40)
        visitor.url = visitor.product = visitor.category = None
        if not visitor.cart_id:
            visitor.cart_id = guid(rng)
        return visitor
