"""Records that no bridge can deliver: what a real topic holds sooner or later.

Each has a name and says at which stage a correct bridge stops it. A tombstone is no fault: the
mapping's `otherwise` decides about it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

Write = Callable[[dict[str, Any]], bytes]
"""Encodes and frames a record, as `broker.AvroWriter` does."""

UNKNOWN_SCHEMA_ID = 999_999
_HEADER = 5
"""Bytes of the framing: magic and schema id."""


@dataclass(frozen=True, slots=True)
class Poison:
    """One bad record. `stage` is where it must end in the dead letters."""

    name: str
    stage: Literal["decode", "mapping"]
    key: bytes
    value: bytes


def poison(record: dict[str, Any], write: Write, rng: Random) -> Iterator[Poison]:
    """Every kind of bad record once, made from `record`, a good record of `shop_click.avsc`.

    Undecodable ones keep the visitor's key, so that they stand between that visitor's good ones.
    """
    key = str(record["visitor_id"]).encode()
    good = write(record)
    yield Poison("empty", "decode", key, b"")
    yield Poison("not-avro", "decode", key, b'{"kind": "page_view"}')
    yield Poison("noise", "decode", key, b"\x01" + rng.randbytes(60))
    yield Poison("only-the-frame", "decode", key, good[:_HEADER])
    yield Poison("truncated", "decode", key, good[: rng.randrange(_HEADER + 1, len(good))])
    yield Poison("trailing-bytes", "decode", key, good + b"\x00\x00")
    unknown = good[:1] + struct.pack(">I", UNKNOWN_SCHEMA_ID) + good[_HEADER:]
    yield Poison("unknown-schema-id", "decode", key, unknown)
    for name, changes in _CONTRACT_BREAKING.items():
        bad = {**record, **_KNOWN_AND_WILLING, **_EMPTY, **changes}
        yield Poison(name, "mapping", key, write(bad))


_PRODUCT: dict[str, Any] = {
    "sku": "100-00",
    "name": "Кухоль",
    "price": 10.0,
    "currency": "UAH",
    "stock": 1,
}
_LINE: dict[str, Any] = {"sku": "100-00", "name": "Кухоль", "quantity": 1, "unit_price": 10.0}
# Somebody for whom events of both APIs are built.
_KNOWN_AND_WILLING: dict[str, Any] = {
    "user": {"id": "C-000001"},
    "consent": {"marketing": True, "updated": None},
}
_EMPTY: dict[str, Any] = {
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

# Each decodes well and breaks one documented rule of the vendor.
_CONTRACT_BREAKING: dict[str, dict[str, Any]] = {
    "blank-product-id": {"kind": "product_view", "product": {**_PRODUCT, "sku": " "}},
    "negative-price": {"kind": "product_view", "product": {**_PRODUCT, "price": -1.0}},
    "price-not-a-number": {"kind": "product_view", "product": {**_PRODUCT, "price": float("nan")}},
    "unknown-currency": {"kind": "product_view", "product": {**_PRODUCT, "currency": "???"}},
    "negative-quantity": {
        "kind": "cart_add",
        "cart": {
            "id": "c-1",
            "version": 1,
            "currency": "UAH",
            "items": [{**_LINE, "quantity": -3}],
        },
    },
    "larger-than-20-kb": {"kind": "search", "search": {"query": "ж" * 12_000, "results": 0}},
    "before-all-time": {"kind": "product_view", "product": _PRODUCT, "event_time": 0},
}
